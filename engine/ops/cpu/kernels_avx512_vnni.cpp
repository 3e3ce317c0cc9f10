// SPDX-License-Identifier: Apache-2.0
// The kernels for AVX-512 with VNNI; engine/CMakeLists.txt gives this file the flags.
#define MOONLET_ISA avx512_vnni

#include "ops/cpu/kernels_body.h"

namespace moonlet::cpu {

extern const Kernels kKernelsAvx512Vnni = avx512_vnni::table();

}  // namespace moonlet::cpu
