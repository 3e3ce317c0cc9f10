// SPDX-License-Identifier: Apache-2.0
// Activations in the form that weights read, against loops over single values.
#include "ops/cpu/prepare.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "support.h"

using namespace moonlet;
using Form = cpu::RowWeights::Form;

namespace {

void check_group(const float* x, int64_t n, const int8_t* codes, const cpu::Q8Group& group) {
    float most = 0;
    for (int64_t i = 0; i < n; ++i) most = std::max(most, std::fabs(x[i]));
    int32_t sum = 0, first = 0;
    for (int64_t i = 0; i < 32; ++i) {
        const float wanted = i < n && most > 0 ? std::nearbyintf(x[i] * (127 / most)) : 0;
        REQUIRE(float(codes[i]) == wanted);
        sum += codes[i];
        if (i < 16) first += codes[i];
    }
    REQUIRE(group.scale == most / 127);
    REQUIRE(group.sum == group.scale * float(sum));
    REQUIRE(group.first == -128 * first);
    REQUIRE(group.start == -128 * sum);
}

}  // namespace

TEST_CASE("activations rounded to int8 in groups of 32, on every ISA") {
    for (int64_t width : {1, 15, 32, 33, 100, 1000})
        for (int64_t count : {1, 3}) {
            const auto values = test::normal(size_t(count * width), 1, 3);
            const auto bf16 = test::to_bf16(values);
            std::vector<float> rounded;
            for (uint16_t b : bf16) rounded.push_back(test::bf16_value(b));
            for (const auto& isa : test::isas()) {
                test::IsaForTest use(isa);
                cpu::PreparedRows a, b;
                const cpu::Rows &from_f32 = a.prepare(Form::q8, values.data(), count, width),
                                &from_bf16 = b.prepare(Form::q8, bf16.data(), count, width);
                const int64_t groups = cpu::q8_groups_of(width);
                for (int64_t row = 0; row < count; ++row)
                    for (int64_t g = 0; g < groups; ++g) {
                        const int64_t at = row * width + g * 32, to = row * groups + g;
                        const int64_t n = std::min<int64_t>(32, width - g * 32);
                        check_group(values.data() + at, n, from_f32.q8 + to * 32,
                                    from_f32.q8_groups[to]);
                        check_group(rounded.data() + at, n, from_bf16.q8 + to * 32,
                                    from_bf16.q8_groups[to]);
                    }
            }
        }
}

TEST_CASE("what is not finite makes its group's scale no number; tiny and zero groups are zero") {
    constexpr float inf = std::numeric_limits<float>::infinity();
    for (const auto& isa : test::isas()) {
        test::IsaForTest use(isa);
        for (float bad : {inf, -inf, std::numeric_limits<float>::quiet_NaN()})
            for (int64_t at : {0, 31, 40}) {
                auto x = test::normal(64, 2);
                x[size_t(at)] = bad;
                cpu::PreparedRows buffer;
                const cpu::Rows& rows = buffer.prepare(Form::q8, x.data(), 1, 64);
                for (int64_t g = 0; g < 2; ++g)
                    CHECK(std::isnan(rows.q8_groups[g].scale) == (at / 32 == g));
            }
        for (float tiny : {0.0f, -0.0f, 1e-38f, 1e-44f, -1e-31f}) {
            std::vector<float> x(32, tiny);
            cpu::PreparedRows buffer;
            const cpu::Rows& rows = buffer.prepare(Form::q8, x.data(), 1, 32);
            CHECK(rows.q8_groups[0].scale == 0);
            for (int i = 0; i < 32; ++i) CHECK(rows.q8[i] == 0);
        }
        std::vector<float> large(32, 3e38f);
        cpu::PreparedRows buffer;
        CHECK(buffer.prepare(Form::q8, large.data(), 1, 32).q8[5] == 127);
    }
}

TEST_CASE("bf16 and f32: widened, rounded, or left where they are") {
    const auto values = test::normal(300, 3);
    const auto bf16 = test::to_bf16(values);
    for (const auto& isa : test::isas()) {
        test::IsaForTest use(isa);
        cpu::PreparedRows buffer;
        CHECK(buffer.prepare(Form::f32, values.data(), 3, 100).f32 == values.data());
        CHECK(buffer.prepare(Form::bf16, bf16.data(), 3, 100).bf16 == bf16.data());
        const cpu::Rows& wide = buffer.prepare(Form::f32, bf16.data(), 3, 100);
        for (size_t i = 0; i < 300; ++i) REQUIRE(wide.f32[i] == test::bf16_value(bf16[i]));
        const cpu::Rows& narrow = buffer.prepare(Form::bf16, values.data(), 3, 100);
        for (size_t i = 0; i < 300; ++i) REQUIRE(narrow.bf16[i] == bf16[i]);
    }
}
