// SPDX-License-Identifier: Apache-2.0
// What the gguf_quant*.cpp files share: one function per type and direction over whole blocks, and
// unaligned little-endian reads. Only those files include it; gguf_quant.cpp holds the table.
#pragma once

#include <cstdint>
#include <cstring>

#include "formats/half.h"

namespace moonlet::ggml {

// Turns `blocks` blocks at `in` into blocks * block_size floats, or the other way. Quantisers get
// finite values only and return the index of the first block whose scale no half can hold, or -1.
using Dequantizer = void (*)(const uint8_t* in, int64_t blocks, float* out);
using Quantizer = int64_t (*)(const float* in, int64_t blocks, uint8_t* out);

template <class T>
inline T load(const uint8_t* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}
template <class T>
inline void store(uint8_t* at, T value) {
    std::memcpy(at, &value, sizeof value);
}
inline float load_half(const uint8_t* at) { return half_to_float(load<uint16_t>(at)); }

// gguf_quant_legacy.cpp: blocks of 32 with one scale
void q8_0_to_float(const uint8_t* in, int64_t blocks, float* out);
int64_t float_to_q8_0(const float* in, int64_t blocks, uint8_t* out);

}  // namespace moonlet::ggml
