// SPDX-License-Identifier: Apache-2.0
// A product with a weight beside which a low-rank one stands: y = base(x) + scale * x A^T B^T, as
// LoRA (Hu et al. 2021) adds it. A and B are f32; what they add is computed in f32 and y is rounded
// to its type once, so that B = 0 gives the base's bits. The backward pass forms no gradient of the
// base's weight.
#pragma once

#include <ATen/ATen.h>

namespace moonlet::ops {

struct LowRank {
    at::Tensor a, b;  // [rank, in], [out, rank]
    double scale = 1;
};

// Whether the two below serve these: on the CPU, x in f32 or bf16, A and B in f32.
bool has_low_rank_kernel(const at::Tensor& x, const LowRank& part);

// y [.., out] + scale * x A^T B^T for x [.., in], in y's type, which is x's. y's memory may be
// taken for the result. Differentiable by x, y, A and B.
at::Tensor add_low_rank(at::Tensor y, const at::Tensor& x, const LowRank& part);

// The same for y = x weight^T + bias with a weight [out, in] that does not train: one node.
at::Tensor linear_low_rank(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                           const LowRank& part);

// The plain twin of add_low_rank, for every dtype and device.
at::Tensor add_low_rank_plain(const at::Tensor& y, const at::Tensor& x, const LowRank& part);

}  // namespace moonlet::ops
