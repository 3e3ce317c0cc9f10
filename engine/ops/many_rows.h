// SPDX-License-Identifier: Apache-2.0
// x W^T + b for more rows than few_rows.h takes, recorded or not. LibTorch multiplies; on the CPU
// the backward pass is our own node, for what it keeps of x (again.h) and for the library: f32
// products go through oneDNN where MKL takes its AVX2 kernels though the processor has AVX-512
// (processors that are not Intel's), 10 to 130 per cent faster there (measured).
#pragma once

#include <ATen/ATen.h>

namespace moonlet::ops {

// x [.., in], weight [out, in] with any strides, bias [out] or undefined -> [.., out].
at::Tensor many_rows_linear(const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias = {});

// a b^T + bias of matrices, not recorded.
at::Tensor times_transposed(const at::Tensor& a, const at::Tensor& b, const at::Tensor& bias = {});

}  // namespace moonlet::ops
