// SPDX-License-Identifier: Apache-2.0
// What a kind of weight must hold, whatever it is: its products equal a loop over single values in
// double precision, and each number is the same with other rows beside it, by other parts, from
// other threads (and on another ISA, where activations are int8).
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "ops/cpu/multiply.h"
#include "ops/cpu/pool.h"
#include "ops/cpu/prepare.h"
#include "support.h"

namespace moonlet::test {

struct Bf16Or32 {  // activations in both types, the same values
    std::vector<float> f32;
    std::vector<uint16_t> bf16;
    Bf16Or32(int64_t count, int64_t width) : f32(normal(size_t(count * width), 7)) {
        bf16 = to_bf16(f32);
        for (size_t i = 0; i < f32.size(); ++i) f32[i] = bf16_value(bf16[i]);
    }
    const cpu::Rows& prepare(cpu::PreparedRows& buffer, const cpu::RowWeights& w, bool is_bf16,
                             int64_t first, int64_t count) const {
        const int64_t at = first * w.in_features();
        return is_bf16 ? buffer.prepare(w.form(true), bf16.data() + at, count, w.in_features())
                       : buffer.prepare(w.form(false), f32.data() + at, count, w.in_features());
    }
};

// The values that the prepared rows stand for.
inline std::vector<double> values_of(const cpu::Rows& x) {
    std::vector<double> out(size_t(x.count * x.width));
    const int64_t groups = cpu::q8_groups_of(x.width);
    for (int64_t m = 0; m < x.count; ++m)
        for (int64_t k = 0; k < x.width; ++k) {
            double& v = out[size_t(m * x.width + k)];
            if (x.q8)
                v = double(x.q8[m * groups * 32 + k]) *
                    double(x.q8_groups[m * groups + k / 32].scale);
            else if (x.bf16) v = double(bf16_value(x.bf16[m * x.width + k]));
            else v = double(x.f32[m * x.width + k]);
        }
    return out;
}

// `dense` is what the weights stand for, [out, in].
inline void check_products(const cpu::RowWeights& w, const std::vector<float>& dense,
                           bool is_bf16) {
    const int64_t out = w.out_features(), in = w.in_features(), most = 100;
    const Bf16Or32 x(most, in);
    std::vector<double> wanted, size;  // for all rows, made once
    cpu::Rows first{};
    std::vector<float> of_first_q8;
    for (const std::string& isa : isas()) {
        IsaForTest use(isa);
        cpu::PreparedRows buffer;
        const cpu::Rows& rows = x.prepare(buffer, w, is_bf16, 0, most);
        if (wanted.empty()) {
            const std::vector<double> values = values_of(rows);
            for (int64_t m = 0; m < most; ++m)
                for (int64_t n = 0; n < out; ++n) {
                    double sum = 0, absolute = 0;
                    for (int64_t k = 0; k < in; ++k) {
                        const double p =
                            values[size_t(m * in + k)] * double(dense[size_t(n * in + k)]);
                        sum += p;
                        absolute += std::fabs(p);
                    }
                    wanted.push_back(sum);
                    size.push_back(absolute);
                }
        }
        std::vector<float> y(size_t(most * out));
        cpu::multiply(w, rows, y.data());
        double worst = 0;
        for (size_t i = 0; i < y.size(); ++i)
            worst = std::max(worst, std::fabs(double(y[i]) - wanted[i]) / (size[i] + 1e-30));
        INFO(isa << ": " << out << " x " << in << (is_bf16 ? " bf16" : " f32"));
        CHECK(worst < 2e-6);
        if (rows.q8) {
            if (of_first_q8.empty()) of_first_q8 = y;
            CHECK(same_bits(y, of_first_q8));
        }
        // Fewer rows, from different first ones.
        int64_t from = 0;
        for (int64_t count : {1, 2, 3, 7, 8, 9, 16, 17}) {
            from = (from + 5) % (most - count);
            cpu::PreparedRows few;
            const cpu::Rows& some = x.prepare(few, w, is_bf16, from, count);
            std::vector<float> got(size_t(count * out));
            cpu::set_threads(count % 2 ? 1 : 0);
            cpu::multiply(w, some, got.data());
            cpu::set_threads(0);
            CHECK(std::memcmp(got.data(), y.data() + from * out, got.size() * 4) == 0);
        }
        // Parts of the outputs, with a stride of their own.
        std::vector<float> part(size_t(3 * (out + 5)));
        cpu::PreparedRows few;
        const cpu::Rows& some = x.prepare(few, w, is_bf16, 0, 3);
        for (int64_t begin = 0; begin < out; begin += 48) {
            const int64_t end = std::min(out, begin + 48);
            w.multiply(some, begin, end, part.data(), out + 5);
            for (int64_t m = 0; m < 3; ++m)
                CHECK(std::memcmp(part.data() + m * (out + 5), y.data() + m * out + begin,
                                  size_t(end - begin) * 4) == 0);
        }
    }
}

// A value that is not finite reaches every result of its row and none of another.
inline void check_faults(const cpu::RowWeights& w, bool is_bf16) {
    const int64_t in = w.in_features(), out = w.out_features();
    for (float bad : {INFINITY, -INFINITY, NAN}) {
        Bf16Or32 x(3, in);
        const size_t at = size_t(in + in / 2);
        x.f32[at] = bad;
        x.bf16[at] = uint16_t(std::bit_cast<uint32_t>(bad) >> 16);
        for (const std::string& isa : isas()) {
            IsaForTest use(isa);
            cpu::PreparedRows buffer;
            std::vector<float> y(size_t(3 * out));
            cpu::multiply(w, x.prepare(buffer, w, is_bf16, 0, 3), y.data());
            for (int64_t n = 0; n < out; ++n) {
                CHECK(std::isfinite(y[size_t(n)]));
                CHECK(!std::isfinite(y[size_t(out + n)]));
                CHECK(std::isfinite(y[size_t(2 * out + n)]));
            }
        }
    }
}

}  // namespace moonlet::test
