// SPDX-License-Identifier: Apache-2.0
// Weights stored [in, out] against sums in f64, on every ISA; a row's bits whatever stands beside
// it and however the columns are shared out.
#include <catch2/catch.hpp>
#include <cmath>

#include "ops/cpu/transposed.h"
#include "support.h"

using namespace moonlet;
using namespace moonlet::test;

TEST_CASE("weights stored the other way round: products, rows and parts") {
    using Type = cpu::TransposedRows::Type;
    for (Type type : {Type::f32, Type::bf16, Type::f16})
        for (auto [in, out] : {std::pair<int64_t, int64_t>{1, 1}, {7, 19}, {64, 48}, {130, 1100}}) {
            const std::vector<float> values = normal(size_t(in * out), 1), xs = normal(3 * in, 2);
            std::vector<uint16_t> halves = to_bf16(values);
            std::vector<float> weight(values.size());
            for (size_t i = 0; i < values.size(); ++i)
                weight[i] = type == Type::f32 ? values[i] : bf16_value(halves[i]);
            if (type == Type::f16)  // powers of two, which f16 has exactly
                for (size_t i = 0; i < values.size(); ++i) {
                    const int power = int(i % 5);
                    weight[i] = std::ldexp(1.0f, power - 2);
                    halves[i] = uint16_t((15 + power - 2) << 10);
                }
            const void* stored =
                type == Type::f32 ? static_cast<const void*>(weight.data()) : halves.data();
            cpu::TransposedRows rows(type, stored, in, out, out);
            cpu::Rows x;
            x.count = 3, x.width = in, x.f32 = xs.data();
            std::vector<float> first;
            for (const std::string& isa : isas()) {
                IsaForTest use(isa);
                INFO(isa << " " << int(type) << " " << in << " x " << out);
                std::vector<float> y(size_t(3 * out));
                rows.multiply(x, 0, out, y.data(), out);
                for (int64_t row = 0; row < 3; ++row)
                    for (int64_t n = 0; n < out; ++n) {
                        double sum = 0, size = 0;
                        for (int64_t k = 0; k < in; ++k) {
                            const double product =
                                double(xs[size_t(row * in + k)]) * weight[size_t(k * out + n)];
                            sum += product, size += std::abs(product);
                        }
                        REQUIRE(std::abs(y[size_t(row * out + n)] - sum) <= 1e-6 * size);
                    }
                if (first.empty()) first = y;
                CHECK(same_bits(y, first));
                for (int64_t row = 0; row < 3; ++row) {  // alone, in two parts
                    cpu::Rows one = x;
                    one.count = 1, one.f32 = xs.data() + row * in;
                    std::vector<float> alone(static_cast<size_t>(out));
                    const int64_t cut = std::min<int64_t>(out, 16);
                    rows.multiply(one, 0, cut, alone.data(), out);
                    if (cut < out) rows.multiply(one, cut, out, alone.data() + cut, out);
                    CHECK(std::equal(alone.begin(), alone.end(), y.begin() + row * out));
                }
            }
        }
}
