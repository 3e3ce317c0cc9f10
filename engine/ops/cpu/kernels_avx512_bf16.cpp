// SPDX-License-Identifier: Apache-2.0
// The kernels for AVX-512 with VNNI and BF16; engine/CMakeLists.txt gives this file the flags.
#define MOONLET_ISA avx512_bf16

#include "ops/cpu/kernels_body.h"

namespace moonlet::cpu {

extern const Kernels kKernelsAvx512Bf16 = avx512_bf16::table();

}  // namespace moonlet::cpu
