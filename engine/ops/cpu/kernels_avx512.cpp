// SPDX-License-Identifier: Apache-2.0
// The kernels for AVX-512 F, BW, VL and DQ; engine/CMakeLists.txt gives this file the flags.
#define MOONLET_ISA avx512

#include "ops/cpu/kernels_body.h"

namespace moonlet::cpu {

extern const Kernels kKernelsAvx512 = avx512::table();

}  // namespace moonlet::cpu
