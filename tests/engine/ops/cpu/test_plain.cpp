// SPDX-License-Identifier: Apache-2.0
// Weights as a file has them, against loops over single values.
#include "ops/cpu/plain.h"

#include <catch2/catch.hpp>

#include "weights.h"

using namespace moonlet;
using cpu::PlainType;

TEST_CASE("products with weights of f32, f16 and bf16 where they lie") {
    for (int64_t in : {1, 15, 33, 100, 1000})
        for (int64_t out : {1, 15, 17, 1000}) {
            const auto f32 = test::normal(size_t(in * out), 3);
            const auto bf16 = test::to_bf16(f32);
            std::vector<float> of_bf16, of_f16;
            std::vector<uint16_t> f16;
            for (size_t i = 0; i < f32.size(); ++i) {
                of_bf16.push_back(test::bf16_value(bf16[i]));
                const int code = int(f32[i] * 256);  // whole numbers that a half holds
                f16.push_back(uint16_t(code < 0 ? 0x8000 : 0));
                int size = std::abs(code), exponent = 15 + 10;
                if (size) {
                    while (size < 1024) size *= 2, --exponent;
                    while (size >= 2048) size /= 2, ++exponent;
                    f16.back() = uint16_t(f16.back() | exponent << 10 | (size & 1023));
                }
                of_f16.push_back(float(code < 0 ? -1 : 1) *
                                 (size ? std::ldexp(float(size), exponent - 25) : 0));
            }
            for (bool is_bf16 : {true, false}) {
                test::check_products(cpu::PlainRows(PlainType::f32, f32.data(), out, in), f32,
                                     is_bf16);
                test::check_products(cpu::PlainRows(PlainType::f16, f16.data(), out, in), of_f16,
                                     is_bf16);
                test::check_products(cpu::PlainRows(PlainType::bf16, bf16.data(), out, in), of_bf16,
                                     is_bf16);
            }
        }
}

TEST_CASE("what is not finite stays so with plain weights") {
    const auto f32 = test::normal(100 * 17, 4);
    const auto bf16 = test::to_bf16(f32);
    for (bool is_bf16 : {true, false}) {
        test::check_faults(cpu::PlainRows(PlainType::f32, f32.data(), 17, 100), is_bf16);
        test::check_faults(cpu::PlainRows(PlainType::bf16, bf16.data(), 17, 100), is_bf16);
    }
}
