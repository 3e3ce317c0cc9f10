// SPDX-License-Identifier: Apache-2.0
// Blocks of 32 values with one scale, the oldest kinds. The arithmetic is gguf-py's, operation for
// operation in float: the results are equal bit for bit. (The compiler must not contract a product
// and a sum into one rounding: see -ffp-contract in engine/CMakeLists.txt.)
#include <algorithm>
#include <cmath>

#include "formats/gguf_blocks.h"

namespace moonlet::ggml {

void q8_0_to_float(const uint8_t* in, int64_t blocks, float* out) {
    for (int64_t b = 0; b < blocks; ++b, in += 34, out += 32) {
        const float d = load_half(in);
        for (int i = 0; i < 32; ++i) out[i] = float(int8_t(in[2 + i])) * d;
    }
}

int64_t float_to_q8_0(const float* in, int64_t blocks, uint8_t* out) {
    for (int64_t b = 0; b < blocks; ++b, in += 32, out += 34) {
        float most = 0;
        for (int i = 0; i < 32; ++i) most = std::max(most, std::fabs(in[i]));
        const float d = most / 127, inverse = d == 0 ? 0 : 1 / d;
        const uint16_t scale = float_to_half(d);
        if ((scale & 0x7fff) == 0x7c00) return b;
        store(out, scale);
        for (int i = 0; i < 32; ++i) {  // half away from zero
            const float x = in[i] * inverse, a = std::fabs(x), whole = std::floor(a);
            const float rounded = whole + std::floor(2 * (a - whole));
            out[2 + i] = uint8_t(int8_t(x < 0 ? -rounded : rounded));
        }
    }
    return -1;
}

}  // namespace moonlet::ggml
