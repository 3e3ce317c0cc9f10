// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu/plain.h"

namespace moonlet::cpu {

RowWeights::Form PlainRows::form(bool x_is_bf16) const {
    return x_is_bf16 && type_ == PlainType::bf16 && kernels().plain_bf16 ? Form::bf16 : Form::f32;
}

void PlainRows::multiply(const Rows& x, int64_t begin, int64_t end, float* y,
                         int64_t stride) const {
    const Kernels& table = kernels();
    const char* first =
        static_cast<const char*>(weight_) + begin * width_ * (type_ == PlainType::f32 ? 4 : 2);
    (x.bf16 ? table.plain_bf16 : table.plain_f32)(type_, first, x, 0, end - begin, y, stride);
}

}  // namespace moonlet::cpu
