// SPDX-License-Identifier: Apache-2.0
// To Q4_K and Q6_K: the scales of least squared error. Three steps, each measured with the numbers
// that will be read back: (1) each group alone, from several widths of the grid, the best one
// improved by turns of "nearest codes" and "least squares"; (2) the block's halves, with each
// group's small scale taken from the neighbours of its ideal one; (3) the halves by least squares
// over the whole block, as long as it helps. Four values at a time in plain vectors, so that the
// result does not depend on the machine.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "formats/gguf_blocks.h"

namespace moonlet::ggml {

namespace {

using Four = float __attribute__((vector_size(16)));

inline Four four(const float* at) {
    Four v;
    std::memcpy(&v, at, sizeof v);
    return v;
}
inline Four clamped(Four x, float low, float high) {
    const Four l = Four{} + low, h = Four{} + high;
    x = x < l ? l : x;
    return x > h ? h : x;
}
// To the nearest whole number, of numbers below 2^22.
inline Four nearest(Four x) {
    constexpr float shift = 12582912;
    return (x + shift) - shift;
}
inline float total(Four x) { return (x[0] + x[1]) + (x[2] + x[3]); }

int nearest_below(float x, int low, int high) {
    return int(std::nearbyint(std::clamp(x, float(low), float(high))));
}

// Beyond what either type can hold (65504 * 128 * 32), and far from overflow of its squares.
bool too_large(const float* x) {
    return std::any_of(x, x + 256, [](float v) { return std::fabs(v) > 1e9f; });
}

bool usable(uint16_t half) { return (half & 0x7c00) != 0x7c00; }

// Packs scales and minima of 8 groups: the reverse of unpack_scales.
void pack_scales(const uint8_t* scales, const uint8_t* minima, uint8_t* packed) {
    for (int i = 0; i < 4; ++i) {
        packed[i] = uint8_t(scales[i] | scales[4 + i] >> 4 << 6);
        packed[4 + i] = uint8_t(minima[i] | minima[4 + i] >> 4 << 6);
        packed[8 + i] = uint8_t((scales[4 + i] & 15) | (minima[4 + i] & 15) << 4);
    }
}

namespace q4 {

constexpr int kGroups = 8, kValues = 32, kMost = 15, kScales = 63;

// x ~ scale * code - minimum; `mean_code` and `mean` are those of the group at the best codes.
struct Fit {
    float scale = 0, minimum = 0, mean_code = 0, mean = 0;
};

// Codes of `y` (values above `low`) at 1 / step = `inverse`, then the line through them of least
// error; false: all codes are equal. `error` is over y.
bool solve(const float* y, float low, float inverse, float shift, Fit& fit, float& error) {
    Four code_sum{}, square_sum{}, product_sum{}, y_sum{}, y_square{};
    for (int i = 0; i < kValues; i += 4) {
        const Four v = four(y + i), q = nearest(clamped(v * inverse + shift, 0, kMost));
        code_sum += q;
        square_sum += q * q;
        product_sum += q * v;
        y_sum += v;
        y_square += v * v;
    }
    const float q = total(code_sum), qq = total(square_sum), qy = total(product_sum),
                s = total(y_sum), n = kValues;
    const float determinant = n * qq - q * q;
    if (!(qq > 0)) return false;
    float scale = (n * qy - s * q) / determinant, offset = (s - scale * q) / n;
    if (!(determinant > 0) ||
        offset + low > 0) {  // a minimum is never above zero: the line through -low
        offset = -low;
        scale = (qy - offset * q) / qq;
    }
    error = total(y_square) - 2 * (scale * qy + offset * s) + scale * scale * qq +
            2 * scale * offset * q + n * offset * offset;
    fit = {scale, -(offset + low), q / n, s / n + low};
    return scale > 0;
}

Fit fit_group(const float* x) {
    constexpr int kWidths = 21;
    const float least = *std::min_element(x, x + kValues), most = *std::max_element(x, x + kValues);
    const float low = std::min(least, 0.0f), range = most - low;
    Fit best;
    best.minimum = -low;
    best.mean = low;
    if (!(range > 0) || !std::isfinite(range) || !std::isfinite(16 / range)) return best;
    float y[kValues];
    for (int i = 0; i < kValues; ++i) y[i] = x[i] - low;
    float best_error = std::numeric_limits<float>::infinity(), error;
    Fit fit;
    for (int width = 0; width < kWidths; ++width) {
        const float inverse = (float(kMost) - 1 + 0.1f * float(width)) / range;
        if (!solve(y, low, inverse, 0, fit, error) || !(error < best_error)) continue;
        best = fit;
        best_error = error;
    }
    for (int turn = 0; turn < 4 && best.scale > 0; ++turn) {
        const float inverse = 1 / best.scale;
        if (!std::isfinite(inverse)) break;
        if (!solve(y, low, inverse, (best.minimum + low) * inverse, fit, error)) break;
        if (!(error < best_error)) break;
        best = fit;
        best_error = error;
    }
    return best;
}

// Squared error of a group as it will be read; the codes go to `codes` if that is not null.
float group_error(const float* x, float scale, float minimum, uint8_t* codes) {
    const float inverse = scale > 0 ? 1 / scale : 0, use = std::isfinite(inverse) ? inverse : 0;
    Four sum{};
    for (int i = 0; i < kValues; i += 4) {
        const Four v = four(x + i), q = nearest(clamped((v + minimum) * use, 0, kMost));
        const Four difference = (q * scale - minimum) - v;
        sum += difference * difference;
        if (codes)
            for (int k = 0; k < 4; ++k) codes[i + k] = uint8_t(q[k]);
    }
    return total(sum);
}

struct Block {
    uint16_t d = 0, dm = 0;
    std::array<uint8_t, kGroups> scales{}, minima{};
    double error = std::numeric_limits<double>::infinity();
};

// The best small scales for these halves.
void choose(const float* x, const std::array<Fit, kGroups>& fits, Block& block) {
    const float d = half_to_float(block.d), dm = half_to_float(block.dm);
    block.error = 0;
    for (int g = 0; g < kGroups; ++g) {
        const Fit& fit = fits[size_t(g)];
        const int middle = d > 0 ? nearest_below(fit.scale / d, 0, kScales) : 0;
        float best = std::numeric_limits<float>::infinity();
        for (int s = std::max(0, middle - 1); s <= std::min(kScales, middle + 1); ++s) {
            const float scale = d * float(s), ideal = scale * fit.mean_code - fit.mean;
            const int under =
                dm > 0 ? int(std::floor(std::clamp(ideal / dm, 0.0f, float(kScales)))) : 0;
            for (int m = under; m <= std::min(kScales, under + (dm > 0 ? 1 : 0)); ++m) {
                const float error = group_error(x + kValues * g, scale, dm * float(m), nullptr);
                if (!(error < best)) continue;
                best = error;
                block.scales[size_t(g)] = uint8_t(s);
                block.minima[size_t(g)] = uint8_t(m);
            }
        }
        block.error += double(best);
    }
}

// The halves of least error for the codes that `block` leads to.
bool refit(const float* x, const Block& block, Block& next) {
    double ss = 0, sm = 0, mm = 0, sx = 0, mx = 0;
    const float d = half_to_float(block.d), dm = half_to_float(block.dm);
    for (int g = 0; g < kGroups; ++g) {
        const float* at = x + kValues * g;
        const int s = block.scales[size_t(g)], m = block.minima[size_t(g)];
        uint8_t codes[kValues];
        group_error(at, d * float(s), dm * float(m), codes);
        double q = 0, qq = 0, qx = 0, sum = 0;
        for (int i = 0; i < kValues; ++i) {
            q += codes[i];
            qq += codes[i] * codes[i];
            qx += double(at[i]) * codes[i];
            sum += double(at[i]);
        }
        ss += qq * s * s;
        sm += q * s * m;
        mm += double(kValues) * m * m;
        sx += qx * s;
        mx += sum * m;
    }
    const double determinant = ss * mm - sm * sm;
    double scale, minimum;
    if (mm == 0 || determinant <= 1e-9 * ss * mm) {
        if (ss == 0) return false;
        minimum = double(dm);
        scale = (sx + minimum * sm) / ss;
    } else {
        scale = (sx * mm - mx * sm) / determinant;
        minimum = (sx * sm - mx * ss) / determinant;
    }
    if (!(scale > 0) || !(minimum >= 0)) return false;
    next.d = float_to_half(float(scale));
    next.dm = float_to_half(float(minimum));
    return usable(next.d) && usable(next.dm) && (next.d != block.d || next.dm != block.dm);
}

}  // namespace q4

namespace q6 {

constexpr int kGroups = 16, kValues = 16, kLow = -32, kHigh = 31;

// Codes at 1 / step = `inverse` and the scale of least error for them; what it explains of the
// squares, to be made large.
float solve(const float* x, float inverse, float& scale) {
    Four squares{}, products{};
    for (int i = 0; i < kValues; i += 4) {
        const Four v = four(x + i), q = nearest(clamped(v * inverse, kLow, kHigh));
        squares += q * q;
        products += q * v;
    }
    const float qq = total(squares), qx = total(products);
    if (!(qq > 0)) return -1;
    scale = qx / qq;
    return qx * scale;
}

float fit_group(const float* x) {
    float most = 0;
    for (int i = 0; i < kValues; ++i)
        if (std::fabs(x[i]) > std::fabs(most)) most = x[i];
    if (most == 0 || !std::isfinite(36 / most)) return 0;
    float best_scale = 0, scale = 0;
    float best = solve(x, kLow / most, best_scale);  // the way that is exact where all are equal
    for (int sign = -1; sign <= 1; sign += 2)
        for (int width = -9; width <= 9; ++width) {
            const float steps = sign < 0 ? 32 : 31;
            const float explained =
                solve(x, float(sign) * (steps + 0.1f * float(width)) / most, scale);
            if (!(explained > best * 1.0000005f)) continue;  // by more than rounding
            best = explained;
            best_scale = scale;
        }
    for (int turn = 0; turn < 4; ++turn) {
        if (best_scale == 0 || !std::isfinite(1 / best_scale)) break;
        const float explained = solve(x, 1 / best_scale, scale);
        if (!(explained > best)) break;
        best = explained;
        best_scale = scale;
    }
    return best_scale;
}

float group_error(const float* x, float scale, int8_t* codes) {
    const float inverse = scale != 0 ? 1 / scale : 0, use = std::isfinite(inverse) ? inverse : 0;
    Four sum{};
    for (int i = 0; i < kValues; i += 4) {
        const Four v = four(x + i), q = nearest(clamped(v * use, kLow, kHigh));
        const Four difference = q * scale - v;
        sum += difference * difference;
        if (codes)
            for (int k = 0; k < 4; ++k) codes[i + k] = int8_t(q[k]);
    }
    return total(sum);
}

struct Block {
    uint16_t d = 0;
    std::array<int8_t, kGroups> scales{};
    double error = std::numeric_limits<double>::infinity();
};

void choose(const float* x, const std::array<float, kGroups>& fits, Block& block) {
    const float d = half_to_float(block.d);
    block.error = 0;
    for (int g = 0; g < kGroups; ++g) {
        const int middle = d != 0 ? nearest_below(fits[size_t(g)] / d, -128, 127) : 0;
        float best = std::numeric_limits<float>::infinity();
        for (int s = std::max(-128, middle - 1); s <= std::min(127, middle + 1); ++s) {
            const float error = group_error(x + kValues * g, d * float(s), nullptr);
            if (!(error < best)) continue;
            best = error;
            block.scales[size_t(g)] = int8_t(s);
        }
        block.error += double(best);
    }
}

bool refit(const float* x, const Block& block, Block& next) {
    double squares = 0, products = 0;
    const float d = half_to_float(block.d);
    for (int g = 0; g < kGroups; ++g) {
        const float* at = x + kValues * g;
        const int s = block.scales[size_t(g)];
        int8_t codes[kValues];
        group_error(at, d * float(s), codes);
        for (int i = 0; i < kValues; ++i) {
            const double q = double(codes[i]) * s;
            squares += q * q;
            products += q * double(at[i]);
        }
    }
    if (squares == 0) return false;
    next.d = float_to_half(float(products / squares));
    return usable(next.d) && next.d != block.d;
}

}  // namespace q6

// Step 3, from what step 2 found.
template <class Block, class Fits>
void improve(const float* x, const Fits& fits, Block& best,
             void (*choose)(const float*, const Fits&, Block&),
             bool (*refit)(const float*, const Block&, Block&)) {
    Block next = best;
    for (int turn = 0; turn < 3 && refit(x, best, next); ++turn) {
        choose(x, fits, next);
        if (!(next.error < best.error)) return;
        best = next;
    }
}

}  // namespace

int64_t float_to_q4_k(const float* in, int64_t blocks, uint8_t* out) {
    for (int64_t b = 0; b < blocks; ++b, in += 256, out += 144) {
        if (too_large(in)) return b;
        std::array<q4::Fit, q4::kGroups> fits;
        float scale = 0, minimum = 0;
        for (int g = 0; g < q4::kGroups; ++g) {
            const q4::Fit& fit = fits[size_t(g)] = q4::fit_group(in + q4::kValues * g);
            scale = std::max(scale, fit.scale);
            minimum = std::max(minimum, fit.minimum);
        }
        q4::Block block;
        for (int steps : {63, 60, 56}) {
            q4::Block next;
            next.d = float_to_half(scale / float(steps));
            next.dm = float_to_half(minimum / q4::kScales);
            if (!usable(next.d) || !usable(next.dm)) return b;
            q4::choose(in, fits, next);
            if (next.error < block.error) block = next;
        }
        improve(in, fits, block, q4::choose, q4::refit);
        store(out, block.d);
        store(out + 2, block.dm);
        pack_scales(block.scales.data(), block.minima.data(), out + 4);
        uint8_t codes[256];
        for (int g = 0; g < q4::kGroups; ++g)
            q4::group_error(in + 32 * g, half_to_float(block.d) * float(block.scales[size_t(g)]),
                            half_to_float(block.dm) * float(block.minima[size_t(g)]),
                            codes + 32 * g);
        for (int i = 0; i < 128; ++i) {
            const uint8_t* at = codes + i / 32 * 64 + i % 32;
            out[16 + i] = uint8_t(at[0] | at[32] << 4);
        }
    }
    return -1;
}

int64_t float_to_q6_k(const float* in, int64_t blocks, uint8_t* out) {
    for (int64_t b = 0; b < blocks; ++b, in += 256, out += 210) {
        if (too_large(in)) return b;
        std::array<float, q6::kGroups> fits;
        float most = 0;
        for (int g = 0; g < q6::kGroups; ++g) {
            const float fit = fits[size_t(g)] = q6::fit_group(in + q6::kValues * g);
            if (std::fabs(fit) > std::fabs(most)) most = fit;
        }
        q6::Block block;
        for (int steps : {-128, 127, -120, 113}) {
            q6::Block next;
            next.d = float_to_half(most / float(steps));
            if (!usable(next.d)) return b;
            q6::choose(in, fits, next);
            if (next.error < block.error) block = next;
        }
        improve(in, fits, block, q6::choose, q6::refit);
        int8_t codes[256];
        for (int g = 0; g < q6::kGroups; ++g)
            q6::group_error(in + 16 * g, half_to_float(block.d) * float(block.scales[size_t(g)]),
                            codes + 16 * g);
        std::memset(out, 0, 192);
        for (int i = 0; i < 256; ++i) {
            const int half = i / 128, quarter = i % 128 / 32, code = codes[i] + 32;
            out[64 * half + quarter % 2 * 32 + i % 32] |= uint8_t((code & 15) << quarter / 2 * 4);
            out[128 + 32 * half + i % 32] |= uint8_t(code >> 4 << 2 * quarter);
        }
        std::memcpy(out + 192, block.scales.data(), 16);
        store(out + 208, block.d);
    }
    return -1;
}

}  // namespace moonlet::ggml
