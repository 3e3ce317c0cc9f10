// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu/transposed.h"

#include "ops/cpu/step_isa.h"

namespace moonlet::cpu {

void TransposedRows::multiply(const Rows& x, int64_t begin, int64_t end, float* y,
                              int64_t stride) const {
    const StepKernels& kernels = step_kernels();
    const Transposed w{stored_, stride_, begin, end};
    if (type_ == Type::f32) kernels.transposed_f32(w, x, y, stride);
    else if (type_ == Type::f16) kernels.transposed_f16(w, x, y, stride);
    else kernels.transposed_bf16(w, x, y, stride);
}

}  // namespace moonlet::cpu
