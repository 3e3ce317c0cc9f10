// SPDX-License-Identifier: Apache-2.0
// The kernels of one instruction set as a table of functions, and how packed weights lie in memory.
// Everything here is plain data: the files compiled for an instruction set include it.
//
// A panel holds 16 output rows, all of their columns, in groups of 32 columns. The lane of a vector
// is the row; a group's codes are 8 quads, a quad being 4 columns of each row:
//   8 bits  64 bytes a quad: [16 rows][4 columns]
//   4 bits  quads q and q + 4 share 64 bytes: the low half of a byte is q's, the high half q + 4's
//   6 bits  as 4 bits, then two planes of 64 bytes with the upper two bits: plane q / 4, shifted by
//           2 * (q % 4)
// Before every block_groups groups stands a header with their scales, in multiples of 64 bytes; the
// last block ends after the groups that there are. Columns past the width hold codes of zero or
// anything, since activations are zero there; rows past the last one are zero.
#pragma once

#include <cstdint>

#include "ops/cpu/rows.h"

namespace moonlet::cpu {

constexpr int64_t kPanelRows = 16;

// value = ...; `s` is f16 unless said otherwise, times the panel's unit (a power of two).
enum class Packing : int {
    int8,   // s * (code - 128)
    int4,   // s * (code - 8)
    nf4,    // s * book[code], QLoRA's 16 quantiles of the normal distribution
    mxfp4,  // 2^(e - 127) * fp4[code], e a byte for 32 columns; header [4 groups][16]
    q4_k,   // d * scale * code - m * minimum: header d[16] m[16] f16, scales and minima
            // [8 groups][16] bytes
    q6_k,   // d * scale * (code - 32), scales for 16 columns: header d[16] f16, [16][16] int8
};

struct Panels {
    Packing packing;
    int64_t rows, width;
    int64_t groups;        // of 32 columns
    int64_t block_groups;  // under one header
    int64_t header_bytes;
    int64_t code_bytes;  // of a group
    int64_t panel_bytes;
    int scale_shift;  // int8, int4, nf4: 1 << scale_shift groups share a scale
    const uint8_t* data;
    const float* units;  // one a panel
};

enum class PlainType : int { f32, f16, bf16 };

struct Kernels {
    // y as RowWeights::multiply has it, for rows [begin, end) of the weights.
    using Packed = void (*)(const Panels&, const Rows&, int64_t begin, int64_t end, float* y,
                            int64_t stride);
    Packed packed_q8;  // nf4 with its book in whole steps of 1/112: see packed.h
    Packed packed_f32;
    // Rows [begin, end) as they stand for, [end - begin, width]; begin a multiple of 16.
    void (*unpack_f32)(const Panels&, int64_t begin, int64_t end, float* out);
    void (*unpack_bf16)(const Panels&, int64_t begin, int64_t end, uint16_t* out);
    using Plain = void (*)(PlainType, const void* weight, const Rows&, int64_t begin, int64_t end,
                           float* y, int64_t stride);
    Plain plain_f32;   // activations f32
    Plain plain_bf16;  // activations and weights bf16; nullptr: no instruction for it
    // For probe.h. The loops do rounds * loop_products[..] products on what `in` holds (1 KB), and
    // leave 1 KB in `out`.
    uint64_t (*read_all)(const uint8_t* at, int64_t bytes);
    using Loop = void (*)(int64_t rounds, const uint8_t* in, float* out);
    Loop products_q8, products_bf16, products_f32;
    int64_t loop_q8, loop_bf16, loop_f32;  // products of a round
};

// Those of the ISA in use. Error: this processor has no AVX2.
const Kernels& kernels();

extern const Kernels kKernelsAvx2, kKernelsAvx512, kKernelsAvx512Vnni, kKernelsAvx512Bf16;

}  // namespace moonlet::cpu
