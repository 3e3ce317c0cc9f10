// SPDX-License-Identifier: Apache-2.0
#include "models/mxfp4.h"

#include <ATen/Parallel.h>

#include <array>
#include <cmath>

#include "core/error.h"
#include "core/interrupt.h"

namespace moonlet {

namespace {

constexpr int kGroup = 32;  // values that share a scale
constexpr int kBytes = kGroup / 2;
constexpr int kBias = 127;  // of the scales' exponents

// Sign, two bits of exponent, one of mantissa.
constexpr std::array<float, 16> kValues = {0,    0.5f,  1,  1.5f,  2,  3,  4,  6,
                                           -0.f, -0.5f, -1, -1.5f, -2, -3, -4, -6};

using Row = std::array<uint16_t, 16>;

uint16_t bf16_bits(float value) { return c10::BFloat16(value).x; }

// What the 16 codes stand for under each scale, as bf16.
const std::vector<Row>& table() {
    static const std::vector<Row> rows = [] {
        std::vector<Row> all(256);
        for (int scale = 0; scale < 256; ++scale)
            for (size_t code = 0; code < kValues.size(); ++code)
                all[size_t(scale)][code] = bf16_bits(std::ldexp(kValues[code], scale - kBias));
        return all;
    }();
    return rows;
}

}  // namespace

at::Tensor mxfp4_tensor(const TensorView& blocks, const TensorView& scales,
                        const std::string& name) {
    const std::vector<int64_t>&b = blocks.shape, &s = scales.shape;
    if (blocks.dtype != Dtype::U8 || scales.dtype != Dtype::U8 || b.size() != 4 || s.size() != 3 ||
        b[3] != kBytes || b[0] != s[0] || b[1] != s[1] || b[2] != s[2])
        throw Error("MXFP4 tensor " + quote(name, 120) + " in another form",
                    "u8 _blocks [experts, rows, groups, 16] and _scales [experts, rows, groups]");
    at::Tensor values = at::empty({b[0], b[1], b[2] * kGroup}, at::kBFloat16);
    const auto* from = reinterpret_cast<const uint8_t*>(blocks.data);
    const auto* scale = reinterpret_cast<const uint8_t*>(scales.data);
    auto* to = static_cast<uint16_t*>(values.data_ptr());
    const std::vector<Row>& rows = table();
    const int64_t groups = b[1] * b[2];
    for (int64_t expert = 0; expert < b[0]; ++expert) {
        interrupt::check();
        at::parallel_for(expert * groups, (expert + 1) * groups, 1 << 12,
                         [&](int64_t begin, int64_t end) {
                             for (int64_t g = begin; g < end; ++g) {
                                 const Row& row = rows[scale[g]];
                                 for (int i = 0; i < kBytes; ++i) {
                                     const uint8_t pair = from[g * kBytes + i];
                                     to[g * kGroup + 2 * i] = row[pair & 15];
                                     to[g * kGroup + 2 * i + 1] = row[pair >> 4];
                                 }
                             }
                         });
    }
    return values.transpose(1, 2);
}

}  // namespace moonlet
