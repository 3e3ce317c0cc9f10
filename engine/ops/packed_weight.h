// SPDX-License-Identifier: Apache-2.0
// Quantised weights as a kind of Linear: the numbers stay in panels of a few bits (ops/cpu/) and
// every product reads them there. Without autograd the kernels of ops/cpu/ compute; with it the
// weight itself gets no gradient, only x does, through the dense rows made block by block. How x is
// rounded on the way: ops/cpu/rows.h; with f32 activations it is not. CPU only.
#pragma once

#include <memory>
#include <string>

#include "ops/cpu/packed.h"
#include "ops/linear.h"

namespace moonlet {

// From a dense weight [out, in] (f32 or bf16 on the CPU), by rounding: `packing` int8, int4 or nf4,
// `group` columns of a row share a scale. bias [out] or undefined. `dtype`: what dense_weight() is
// given in. `between` is called now and then while it works (ops/cpu/packed.h).
std::shared_ptr<LinearWeight> quantised_weight(const at::Tensor& dense, cpu::Packing packing,
                                               int64_t group, const at::Tensor& bias,
                                               at::ScalarType dtype, const cpu::Between& between);
// From rows of a GGUF's blocks, u8 [out, bytes of a row], without rounding again.
std::shared_ptr<LinearWeight> blocks_weight(const at::Tensor& rows, cpu::Blocks type, int64_t in,
                                            const at::Tensor& bias, at::ScalarType dtype,
                                            const cpu::Between& between);

}  // namespace moonlet
