// SPDX-License-Identifier: Apache-2.0
// The kernels for AVX2, FMA and F16C; engine/CMakeLists.txt gives this file the flags.
#define MOONLET_ISA avx2

#include "ops/cpu/kernels_body.h"

namespace moonlet::cpu {

extern const Kernels kKernelsAvx2 = avx2::table();

}  // namespace moonlet::cpu
