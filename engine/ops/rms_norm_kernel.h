// SPDX-License-Identifier: Apache-2.0
// The CPU kernel of rms_norm on raw rows, in the widest vectors of the machine it runs on (AVX-512,
// AVX2 or what the compiler's baseline has), chosen once. No tensors, no threads: rms_norm.cpp
// shares the rows out.
#pragma once

#include <cstdint>

namespace moonlet::ops {

// `rows` contiguous rows of n; y may be x. bf16 is passed as its 16 bits.
void rms_norm_rows(const float* x, const float* weight, float* y, int64_t rows, int64_t n,
                   float eps);
void rms_norm_rows(const uint16_t* x, const uint16_t* weight, uint16_t* y, int64_t rows, int64_t n,
                   float eps);

// For tests: the instruction sets this machine can run of {"baseline", "avx2", "avx512"}; forcing
// nullptr goes back to the widest. Error (false): not one it can run.
bool rms_norm_force_isa(const char* isa);

}  // namespace moonlet::ops
