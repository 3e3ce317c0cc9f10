// SPDX-License-Identifier: Apache-2.0
// GGUF's blocks (ggml-common.h of llama.cpp has the layouts) laid into panels word by word: codes
// and scales keep their bits.
#include <string>

#include "core/error.h"
#include "ops/cpu/panel_fill.h"

namespace moonlet::cpu {

namespace {

struct Type {
    const char* name;
    Packing packing;
    int64_t values, bytes;  // of a block
};
constexpr Type kTypes[] = {
    {"Q8_0", Packing::int8, 32, 34},   {"Q4_0", Packing::int4, 32, 18},
    {"Q4_K", Packing::q4_k, 256, 144}, {"Q6_K", Packing::q6_k, 256, 210},
    {"MXFP4", Packing::mxfp4, 32, 17},
};

typedef uint32_t Words __attribute__((vector_size(16)));

Words words_of(const uint8_t* at) {
    Words words;
    std::memcpy(&words, at, sizeof words);
    return words;
}
// 32 bytes with a code in their low or high halves: 16 bytes with both halves of the group.
Words joined(const uint8_t* at, bool high) {
    const Words a = words_of(at), b = words_of(at + 16);
    constexpr uint32_t low = 0x0f0f0f0f;
    return high ? (a >> 4 & low) | (b & ~low) : (a & low) | (b << 4 & ~low);
}
void put_words(uint8_t* codes, int64_t row, const Words& words) {
    for (int q = 0; q < 4; ++q) put_word(codes, q, row, words[q]);
}

// One block of row `row` into its panel. `zero` is given for the rows past the last one.
void q8_0(const Panels& p, uint8_t* panel, int64_t row, int64_t block, const uint8_t* in) {
    const GroupAt at = group_at(p, panel, block);
    std::memcpy(at.header + 32 * at.in_block + 2 * row, in, 2);
    for (int q = 0; q < 8; ++q) put_word(at.codes, q, row, word_of(in + 2 + 4 * q) ^ 0x80808080);
}

void q4_0(const Panels& p, uint8_t* panel, int64_t row, int64_t block, const uint8_t* in) {
    const GroupAt at = group_at(p, panel, block);
    std::memcpy(at.header + 32 * at.in_block + 2 * row, in, 2);
    for (int q = 0; q < 4; ++q) put_word(at.codes, q, row, word_of(in + 2 + 4 * q));
}

void mxfp4(const Panels& p, uint8_t* panel, int64_t row, int64_t block, const uint8_t* in) {
    const GroupAt at = group_at(p, panel, block);
    at.header[16 * at.in_block + row] = in[0];
    for (int q = 0; q < 4; ++q) put_word(at.codes, q, row, word_of(in + 1 + 4 * q));
}

// Two groups share 32 bytes there; here one group's halves share 16.
void q4_k(const Panels& p, uint8_t* panel, int64_t row, int64_t block, const uint8_t* in) {
    const GroupAt first = group_at(p, panel, 8 * block);
    std::memcpy(first.header + 2 * row, in, 2);
    std::memcpy(first.header + 32 + 2 * row, in + 2, 2);
    const uint8_t* packed = in + 4;  // scales and minima of six bits
    uint8_t *scales = first.header + 64 + row, *minima = first.header + 192 + row;
    for (int g = 0; g < 4; ++g) {
        scales[16 * g] = packed[g] & 63;
        minima[16 * g] = packed[4 + g] & 63;
        scales[16 * (4 + g)] = uint8_t((packed[8 + g] & 15) | (packed[g] >> 6) << 4);
        minima[16 * (4 + g)] = uint8_t(packed[8 + g] >> 4 | (packed[4 + g] >> 6) << 4);
    }
    for (int g = 0; g < 8; ++g) {
        put_words(first.codes + g * p.code_bytes, row, joined(in + 16 + g / 2 * 32, g % 2));
    }
}

void q6_k(const Panels& p, uint8_t* panel, int64_t row, int64_t block, const uint8_t* in) {
    const GroupAt first = group_at(p, panel, 8 * block);
    std::memcpy(first.header + 2 * row, in + 208, 2);
    for (int i = 0; i < 16; ++i) first.header[32 + 16 * i + row] = in[192 + i];
    for (int g = 0; g < 8; ++g) {
        const int half = g / 4, quarter = g % 4;
        const uint8_t *low = in + 64 * half + quarter % 2 * 32, *high = in + 128 + 32 * half;
        uint8_t* codes = first.codes + g * p.code_bytes;
        put_words(codes, row, joined(low, quarter >= 2));
        for (int plane = 0; plane < 2; ++plane) {
            const Words two = words_of(high + 16 * plane) >> 2 * quarter & 0x03030303;
            put_word(codes, 4 + plane, row, two[0] | two[1] << 2 | two[2] << 4 | two[3] << 6);
        }
    }
}

using Lay = void (*)(const Panels&, uint8_t*, int64_t, int64_t, const uint8_t*);
constexpr Lay kLays[] = {q8_0, q4_0, q4_k, q6_k, mxfp4};

}  // namespace

std::unique_ptr<PackedWeights> pack_blocks(Blocks type, const void* blocks, int64_t rows,
                                           int64_t width, const Between& between) {
    const Type& t = kTypes[int(type)];
    if (width % t.values)
        throw Error(std::to_string(width) + " columns of " + t.name,
                    "a multiple of " + std::to_string(t.values));
    auto weights = std::make_unique<PackedWeights>(t.packing, rows, width, 32);
    const Panels& p = weights->panels();
    const auto* in = static_cast<const uint8_t*>(blocks);
    const int64_t count = width / t.values;
    const Lay lay = kLays[int(type)];
    fill_panels(*weights, between, [&](int64_t index) {
        uint8_t* panel = weights->panel(index);
        const int64_t row = index * kPanelRows, n = std::min(kPanelRows, rows - row);
        if (n < kPanelRows) std::memset(panel, 0, size_t(p.panel_bytes));
        else clear_headers(p, panel);
        for (int64_t b = 0; b < count; ++b)
            for (int64_t r = 0; r < n; ++r)
                lay(p, panel, r, b, in + ((row + r) * count + b) * t.bytes);
    });
    return weights;
}

}  // namespace moonlet::cpu
