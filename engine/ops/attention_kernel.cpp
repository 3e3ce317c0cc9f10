// SPDX-License-Identifier: Apache-2.0
#include "ops/attention_kernel.h"

#include "ops/cpu/isa.h"

namespace moonlet::ops {

const AttentionKernels& attention_kernels() {
#ifdef __x86_64__
    const cpu::Isa isa = cpu::isa();
    if (isa >= cpu::Isa::avx512_bf16) return attention_avx512_bf16();
    if (isa >= cpu::Isa::avx512) return attention_avx512();
    if (isa >= cpu::Isa::avx2) return attention_avx2();
#endif
    return attention_baseline();
}

}  // namespace moonlet::ops
