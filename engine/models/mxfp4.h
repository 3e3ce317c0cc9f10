// SPDX-License-Identifier: Apache-2.0
// MXFP4 (OCP Microscaling, 2023) as Hugging Face checkpoints of gpt-oss store it: instead of a
// tensor `name` there are `name`_blocks, bytes of two 4-bit floats each (the low half first), and
// `name`_scales, one power of two for 32 of them. Opened as bf16, which holds each value exactly.
#pragma once

#include <ATen/ATen.h>

#include "formats/safetensors.h"

namespace moonlet {

// blocks u8 [E, rows, groups, 16], scales u8 [E, rows, groups] -> bf16 [E, groups * 32, rows]: the
// tensor as transformers has it, a transposed view of rows that lie together. On all cores;
// interruptible. Error: other shapes or types; `name` names the tensor.
at::Tensor mxfp4_tensor(const TensorView& blocks, const TensorView& scales,
                        const std::string& name);

}  // namespace moonlet
