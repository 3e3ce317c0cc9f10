// SPDX-License-Identifier: Apache-2.0
// The table of kernels of one instruction set: included by one file for each, which names it.
#pragma once

#include "ops/cpu/lanes.h"

namespace moonlet::cpu::MOONLET_ISA {

namespace {

template <int n>
struct Count {
    static constexpr int value = n;
};
// Tiles as large as the registers allow.
#ifdef __AVX512F__
constexpr int kLargeTile = 8;
#else
constexpr int kLargeTile = 4;
#endif

}  // namespace

}  // namespace moonlet::cpu::MOONLET_ISA

#include "ops/cpu/packed_rows.h"
#include "ops/cpu/packed_unpack.h"
#include "ops/cpu/plain_rows.h"
#include "ops/cpu/probe_loops.h"

namespace moonlet::cpu::MOONLET_ISA {

namespace {

void packed_q8(const Panels& p, const Rows& x, int64_t begin, int64_t end, float* y,
               int64_t stride) {
    switch (p.packing) {
        case Packing::int8: q8_rows<Kind<Packing::int8>>(p, x, begin, end, y, stride); break;
        case Packing::int4: q8_rows<Kind<Packing::int4>>(p, x, begin, end, y, stride); break;
        case Packing::mxfp4: q8_rows<Kind<Packing::mxfp4>>(p, x, begin, end, y, stride); break;
        case Packing::q4_k: q8_rows<Kind<Packing::q4_k>>(p, x, begin, end, y, stride); break;
        case Packing::q6_k: q8_rows<Kind<Packing::q6_k>>(p, x, begin, end, y, stride); break;
        case Packing::nf4: q8_rows<Nf4Steps>(p, x, begin, end, y, stride); break;
    }
}

void packed_f32(const Panels& p, const Rows& x, int64_t begin, int64_t end, float* y,
                int64_t stride) {
    switch (p.packing) {
        case Packing::int8: f32_rows<Packing::int8>(p, x, begin, end, y, stride); break;
        case Packing::int4: f32_rows<Packing::int4>(p, x, begin, end, y, stride); break;
        case Packing::nf4: f32_rows<Packing::nf4>(p, x, begin, end, y, stride); break;
        case Packing::mxfp4: f32_rows<Packing::mxfp4>(p, x, begin, end, y, stride); break;
        case Packing::q4_k: f32_rows<Packing::q4_k>(p, x, begin, end, y, stride); break;
        case Packing::q6_k: f32_rows<Packing::q6_k>(p, x, begin, end, y, stride); break;
    }
}

template <class T>
void unpack(const Panels& p, int64_t begin, int64_t end, T* out) {
    switch (p.packing) {
        case Packing::int8: unpack_rows<Packing::int8>(p, begin, end, out); break;
        case Packing::int4: unpack_rows<Packing::int4>(p, begin, end, out); break;
        case Packing::nf4: unpack_rows<Packing::nf4>(p, begin, end, out); break;
        case Packing::mxfp4: unpack_rows<Packing::mxfp4>(p, begin, end, out); break;
        case Packing::q4_k: unpack_rows<Packing::q4_k>(p, begin, end, out); break;
        case Packing::q6_k: unpack_rows<Packing::q6_k>(p, begin, end, out); break;
    }
}

#ifdef __AVX512BF16__
void plain_bf16(PlainType, const void* weight, const Rows& x, int64_t begin, int64_t end, float* y,
                int64_t stride) {
    plain_rows<Pairs>(weight, x, begin, end, y, stride);
}
#else
constexpr Kernels::Plain plain_bf16 = nullptr;
#endif

constexpr Kernels table() {
    return {packed_q8,     packed_f32,   unpack<float>, unpack<uint16_t>,
            plain_f32,     plain_bf16,   read_all,      products_q8,
            products_bf16, products_f32, kSums * 64,    kSums * kBf16Products,
            kSums * 16};
}

}  // namespace

}  // namespace moonlet::cpu::MOONLET_ISA
