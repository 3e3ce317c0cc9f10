// SPDX-License-Identifier: Apache-2.0
// GGUF's blocks of random bits in panels, against readers of single values written from the layouts
// in ggml-common.h.
#include <catch2/catch.hpp>
#include <cmath>

#include "core/error.h"
#include "ops/cpu/packed.h"
#include "weights.h"

using namespace moonlet;
using cpu::Blocks;

namespace {

float half_value(const uint8_t* at) {
    const int bits = at[0] | at[1] << 8, exponent = bits >> 10 & 31, rest = bits & 1023;
    const float v =
        exponent ? std::ldexp(float(1024 + rest), exponent - 25) : std::ldexp(float(rest), -24);
    return bits & 0x8000 ? -v : v;
}

float q8_0(const uint8_t* b, int i) { return half_value(b) * float(int8_t(b[2 + i])); }
float q4_0(const uint8_t* b, int i) {
    return half_value(b) * float((b[2 + i % 16] >> (i < 16 ? 0 : 4) & 15) - 8);
}
float mxfp4(const uint8_t* b, int i) {
    const int code = b[1 + i % 16] >> (i < 16 ? 0 : 4) & 15, e = code >> 1 & 3;
    const float size = e ? std::ldexp(1 + float(code & 1) / 2, e - 1) : float(code & 1) / 2;
    return std::ldexp(code & 8 ? -size : size, b[0] - 127);
}
float q4_k(const uint8_t* b, int i) {
    const int g = i / 32;
    const uint8_t* s = b + 4;
    const int scale = g < 4 ? s[g] & 63 : (s[g + 4] & 15) | (s[g - 4] >> 6) << 4;
    const int minimum = g < 4 ? s[g + 4] & 63 : (s[g + 4] >> 4) | (s[g] >> 6) << 4;
    const int code = b[16 + i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4) & 15;
    const float a = half_value(b) * float(scale) * float(code);
    return a - half_value(b + 2) * float(minimum);
}
float q6_k(const uint8_t* b, int i) {
    const int half = i / 128, in = i % 128, l = in % 32, quarter = in / 32;
    const int low = b[half * 64 + quarter % 2 * 32 + l] >> (quarter / 2 * 4) & 15;
    const int high = b[128 + half * 32 + l] >> (2 * quarter) & 3;
    return half_value(b + 208) * float(int8_t(b[192 + i / 16])) * float((low | high << 4) - 32);
}

struct Type {
    Blocks type;
    int values, bytes;
    float (*value)(const uint8_t*, int);
    std::vector<int> halves;  // where in a block a half stands
};
const Type kTypes[] = {{Blocks::q8_0, 32, 34, q8_0, {0}},
                       {Blocks::q4_0, 32, 18, q4_0, {0}},
                       {Blocks::q4_k, 256, 144, q4_k, {0, 2}},
                       {Blocks::q6_k, 256, 210, q6_k, {208}},
                       {Blocks::mxfp4, 32, 17, mxfp4, {}}};

std::vector<uint8_t> random_blocks(const Type& t, int64_t count, uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<uint8_t> bytes(size_t(count * t.bytes));
    for (auto& b : bytes) b = uint8_t(random());
    for (int64_t i = 0; i < count; ++i) {
        uint8_t* block = bytes.data() + i * t.bytes;
        for (int at : t.halves)
            block[at + 1] = uint8_t((block[at + 1] & 0x83) | (random() % 12) << 2);
        if (t.type == Blocks::mxfp4) block[0] = uint8_t(i % 40 == 7 ? i % 3 : 110 + random() % 20);
    }
    return bytes;
}

}  // namespace

TEST_CASE("blocks of GGUF keep their values bit for bit") {
    for (const Type& t : kTypes)
        for (int64_t blocks : {1, 3, 4})
            for (int64_t out : {1, 16, 37}) {
                const int64_t in = blocks * t.values;
                const auto bytes = random_blocks(t, out * blocks, 5);
                for (const auto& isa : test::isas()) {
                    test::IsaForTest use(isa);
                    const auto w = cpu::pack_blocks(t.type, bytes.data(), out, in);
                    std::vector<float> values(size_t(out * in));
                    w->unpack(0, out, values.data());
                    for (int64_t i = 0; i < out * in; ++i) {
                        const float wanted =
                            t.value(bytes.data() + i / t.values * t.bytes, int(i % t.values));
                        REQUIRE(std::fabs(values[size_t(i)]) == std::fabs(wanted));
                        REQUIRE(values[size_t(i)] == wanted);
                    }
                }
            }
}

TEST_CASE("products with GGUF's blocks") {
    for (const Type& t : kTypes)
        for (int64_t blocks : {1, 5})
            for (int64_t out : {1, 17, 200}) {
                INFO("type " << int(t.type));
                const int64_t in = blocks * t.values;
                auto bytes = random_blocks(t, out * blocks, 6);
                const auto w = cpu::pack_blocks(t.type, bytes.data(), out, in);
                std::vector<float> values(size_t(out * in));
                w->unpack(0, out, values.data());
                test::check_products(*w, values, true);
                test::check_products(*w, values, false);
                test::check_faults(*w, true);
            }
}

TEST_CASE("panels are about as large as the blocks") {
    for (const Type& t : kTypes) {
        const std::vector<uint8_t> bytes(size_t(64 * 1024 / t.values * t.bytes));
        const auto w = cpu::pack_blocks(t.type, bytes.data(), 64, 1024);
        CHECK(double(w->bytes()) < 1.035 * double(bytes.size()));
    }
    CHECK_THROWS_AS(cpu::pack_blocks(Blocks::q4_k, nullptr, 1, 100), Error);
}
