// SPDX-License-Identifier: Apache-2.0
// Packed weights against loops over what they stand for, and what they stand for against the
// weights they were rounded from.
#include "ops/cpu/packed.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "weights.h"

using namespace moonlet;
using cpu::Packing;

namespace {

struct Case {
    Packing packing;
    int64_t group;
};
const Case kCases[] = {{Packing::int8, 32},  {Packing::int8, 64}, {Packing::int8, 128},
                       {Packing::int8, 0},   {Packing::int4, 32}, {Packing::int4, 64},
                       {Packing::int4, 128}, {Packing::int4, 0},  {Packing::nf4, 32},
                       {Packing::nf4, 64},   {Packing::nf4, 128}};

std::vector<float> unpacked(const cpu::PackedWeights& w) {
    std::vector<float> out(size_t(w.out_features() * w.in_features()));
    w.unpack(0, w.out_features(), out.data());
    return out;
}

// The error of weights relative to their size, both as roots of mean squares.
double error(const std::vector<float>& a, const std::vector<float>& b) {
    double off = 0, size = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        off += std::pow(double(a[i]) - double(b[i]), 2);
        size += std::pow(double(b[i]), 2);
    }
    return std::sqrt(off / size);
}

// The largest value of each group of columns, [out, groups].
std::vector<float> largest(const std::vector<float>& values, int64_t in, int64_t group) {
    std::vector<float> all;
    for (size_t row = 0; row * size_t(in) < values.size(); ++row)
        for (int64_t k = 0; k < in; k += group) {
            const float* from = values.data() + int64_t(row) * in + k;
            float most = 0;
            for (int64_t i = 0; i < std::min(group, in - k); ++i)
                most = std::max(most, std::fabs(from[i]));
            all.push_back(most);
        }
    return all;
}

// What int8 activations are multiplied with: nf4's book in steps of 1/112 (packed.h).
std::vector<float> for_int8(std::vector<float> values, const Case& c, int64_t in) {
    if (c.packing != Packing::nf4) return values;
    const std::vector<float> most = largest(values, in, c.group);
    const int64_t groups = (in + c.group - 1) / c.group;
    for (int64_t i = 0; i < int64_t(values.size()); ++i) {
        const double s = double(most[size_t(i / in * groups + i % in / c.group)]);
        if (s > 0)
            values[size_t(i)] = float(std::round(double(values[size_t(i)]) / s * 112) / 112 * s);
    }
    return values;
}

}  // namespace

TEST_CASE("products with packed weights equal those with what they stand for") {
    for (const Case& c : kCases)
        for (int64_t in : {33, 100, 1000})
            for (int64_t out : {1, 15, 17, 1000}) {
                if (out == 1000 && in == 1000 && c.group == 64) continue;  // for the time it takes
                INFO("packing " << int(c.packing) << " group " << c.group);
                const auto dense = test::normal(size_t(in * out), 3, 0.02f);
                const auto w = cpu::pack(c.packing, dense.data(), out, in, c.group);
                const auto values = unpacked(*w);
                test::check_products(*w, for_int8(values, c, in), true);
                if (in < 1000) test::check_products(*w, values, false);
            }
}

TEST_CASE("nf4 with int8 activations stays near the values it stands for") {
    const int64_t out = 200, in = 1000, group = 64, rows = 9;
    const auto dense = test::normal(size_t(in * out), 13, 0.02f);
    const auto w = cpu::pack(Packing::nf4, dense.data(), out, in, group);
    const auto values = unpacked(*w), most = largest(values, in, group);
    const test::Bf16Or32 x(rows, in);
    cpu::PreparedRows buffer;
    const cpu::Rows& prepared = x.prepare(buffer, *w, true, 0, rows);
    REQUIRE(prepared.q8);
    const std::vector<double> given = test::values_of(prepared);
    std::vector<float> y(size_t(rows * out));
    cpu::multiply(*w, prepared, y.data());
    double off = 0, size = 0;
    for (int64_t m = 0; m < rows; ++m)
        for (int64_t n = 0; n < out; ++n) {
            double sum = 0, bound = 0;
            for (int64_t k = 0; k < in; ++k) {
                const double v = given[size_t(m * in + k)];
                sum += v * double(values[size_t(n * in + k)]);
                bound += 0.0039 * std::fabs(v) * double(most[size_t(n * 16 + k / group)]);
            }
            const double d = std::fabs(double(y[size_t(m * out + n)]) - sum);
            CHECK(d <= bound);
            off += d * d;
            size += sum * sum;
        }
    CHECK(std::sqrt(off / size) < 0.006);
}

TEST_CASE("what is not finite in activations is not finite in products") {
    for (const Case& c : kCases) {
        const auto dense = test::normal(100 * 17, 4, 0.02f);
        const auto w = cpu::pack(c.packing, dense.data(), 17, 100, c.group);
        test::check_faults(*w, true);
        test::check_faults(*w, false);
    }
}

TEST_CASE("rounding stays within the step of each kind, the same codes on every ISA") {
    const int64_t out = 64, in = 1000;
    const auto dense = test::normal(size_t(out * in), 5, 0.02f);
    struct Bound {
        Packing packing;
        int64_t group;
        double most;
    };
    // int8: steps of most / 127, about 2.3 sigma for 32: 2.3 / 127 / sqrt(12) = 0.0052.
    for (const Bound& b : {Bound{Packing::int8, 32, 0.006}, Bound{Packing::int8, 0, 0.009},
                           Bound{Packing::int4, 32, 0.085}, Bound{Packing::int4, 128, 0.11},
                           Bound{Packing::nf4, 64, 0.096}}) {
        std::vector<float> first;
        for (const auto& isa : test::isas()) {
            test::IsaForTest use(isa);
            const auto w = cpu::pack(b.packing, dense.data(), out, in, b.group);
            const auto values = unpacked(*w);
            if (first.empty()) first = values;
            CHECK(test::same_bits(values, first));
        }
        const double off = error(first, dense);
        INFO("packing " << int(b.packing) << " group " << b.group << ": " << off);
        CHECK(off < b.most);
        CHECK(off > b.most / 3);
    }
}

TEST_CASE("int8 is within half a step of every value") {
    const auto dense = test::normal(100 * 20, 6, 3);
    const auto w = cpu::pack(Packing::int8, dense.data(), 20, 100, 32);
    const auto values = unpacked(*w);
    for (size_t row = 0; row < 20; ++row)
        for (size_t g = 0; g < 4; ++g) {
            float most = 0;
            const size_t end = std::min<size_t>(100, g * 32 + 32);
            for (size_t k = g * 32; k < end; ++k)
                most = std::max(most, std::fabs(dense[row * 100 + k]));
            for (size_t k = g * 32; k < end; ++k)  // the half's rounding moves 127 steps by 1/2048
                CHECK(std::fabs(values[row * 100 + k] - dense[row * 100 + k]) <=
                      most / 127 * (0.5f + 127.0f / 2048));
        }
}

TEST_CASE("weights of any size keep their relative error; zeros stay, faults stay faults") {
    const auto dense = test::normal(64 * 32, 7);
    for (Packing packing : {Packing::int8, Packing::int4, Packing::nf4}) {
        const auto normal = cpu::pack(packing, dense.data(), 32, 64, 32);
        const double usual = error(unpacked(*normal), dense);
        for (float size : {1e-30f, 1e-8f, 1e8f, 1e30f}) {
            std::vector<float> scaled;
            for (float v : dense) scaled.push_back(v * size);
            const auto w = cpu::pack(packing, scaled.data(), 32, 64, 32);
            CHECK(error(unpacked(*w), scaled) < usual * 1.02);
        }
        std::vector<float> some = dense;
        for (size_t i = 0; i < 32; ++i) some[i] = 0;  // a group of zeros
        some[64 + 5] = INFINITY;                      // row 1, group 0
        some[128 + 40] = NAN;                         // row 2, group 1
        const auto w = cpu::pack(packing, some.data(), 32, 64, 32);
        const auto values = unpacked(*w);
        for (size_t i = 0; i < 32; ++i) CHECK(values[i] == 0);
        for (size_t row = 0; row < 32; ++row)
            for (size_t k = 0; k < 64; ++k)
                CHECK(std::isnan(values[row * 64 + k]) ==
                      ((row == 1 && k < 32) || (row == 2 && k >= 32)));
        const test::Bf16Or32 x(1, 64);
        for (bool is_bf16 : {true, false}) {
            cpu::PreparedRows buffer;
            std::vector<float> y(32);
            cpu::multiply(*w, x.prepare(buffer, *w, is_bf16, 0, 1), y.data());
            for (size_t n = 0; n < 32; ++n) CHECK(std::isnan(y[n]) == (n == 1 || n == 2));
        }
    }
}

TEST_CASE("bf16 and f32 weights of the same values pack to the same") {
    const auto bf16 = test::to_bf16(test::normal(100 * 33, 8));
    std::vector<float> f32;
    for (uint16_t b : bf16) f32.push_back(test::bf16_value(b));
    for (const Case& c : kCases) {
        const auto a = cpu::pack(c.packing, bf16.data(), 33, 100, c.group);
        const auto b = cpu::pack(c.packing, f32.data(), 33, 100, c.group);
        CHECK(test::same_bits(unpacked(*a), unpacked(*b)));
    }
}

TEST_CASE("any range of rows is written out, in f32 and bf16") {
    const auto dense = test::normal(40 * 50, 9);
    for (const auto& isa : test::isas()) {
        test::IsaForTest use(isa);
        const auto w = cpu::pack(Packing::int4, dense.data(), 40, 50, 32);
        const auto all = unpacked(*w);
        for (int64_t begin : {0, 1, 15, 16, 17, 39})
            for (int64_t end : {1, 16, 18, 33, 40}) {
                if (end <= begin) continue;
                const size_t count = size_t((end - begin) * 50);
                std::vector<float> f32(count);
                std::vector<uint16_t> bf16(count);
                w->unpack(begin, end, f32.data());
                w->unpack(begin, end, bf16.data());
                for (size_t i = 0; i < count; ++i) {
                    REQUIRE(f32[i] == all[size_t(begin * 50) + i]);
                    REQUIRE(bf16[i] == test::bf16_bits(f32[i]));
                }
            }
    }
}

TEST_CASE("bias and bf16 results") {
    const auto dense = test::normal(100 * 35, 10);
    const auto w = cpu::pack(Packing::int8, dense.data(), 35, 100, 32);
    const test::Bf16Or32 x(5, 100);
    cpu::PreparedRows buffer;
    const cpu::Rows& rows = x.prepare(buffer, *w, true, 0, 5);
    std::vector<float> without(5 * 35), with(5 * 35);
    std::vector<uint16_t> rounded(5 * 35);
    cpu::multiply(*w, rows, without.data());
    const auto bias = test::normal(35, 11);
    w->set_bias(bias);
    cpu::multiply(*w, rows, with.data());
    cpu::multiply(*w, rows, rounded.data());
    for (size_t i = 0; i < with.size(); ++i) {
        CHECK(with[i] == without[i] + bias[i % 35]);
        CHECK(rounded[i] == test::bf16_bits(with[i]));
    }
}

TEST_CASE("packing can be ended from between its steps") {
    const auto dense = test::normal(1000 * 64, 12);
    int calls = 0;
    CHECK_THROWS_AS(cpu::pack(Packing::int8, dense.data(), 1000, 64, 32,
                              [&] {
                                  if (++calls == 2) throw Interrupted{};
                              }),
                    Interrupted);
    CHECK_THROWS_AS(cpu::pack(Packing::int8, dense.data(), 10, 64, 48), Error);
    CHECK_THROWS_AS(cpu::pack(Packing::q4_k, dense.data(), 10, 64, 32), Error);
}
