// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu/kernels.h"

#include "core/error.h"
#include "ops/cpu/isa.h"

namespace moonlet::cpu {

const Kernels& kernels() {
    switch (isa()) {
        case Isa::none: break;
        case Isa::avx2: return kKernelsAvx2;
        case Isa::avx512: return kKernelsAvx512;
        case Isa::avx512_vnni: return kKernelsAvx512Vnni;
        case Isa::avx512_bf16:
        case Isa::amx: return kKernelsAvx512Bf16;
    }
    throw Error("this processor has no AVX2", "AVX2 or more for native kernels");
}

}  // namespace moonlet::cpu
