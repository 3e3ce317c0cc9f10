// SPDX-License-Identifier: Apache-2.0
// The types of numbers that the CUDA kernels read and write; sums are always f32. No ATen here,
// because that would cost every .cu file 24 s of compiling.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace moonlet::ops::cuda {

enum class Element { f32, bf16, f16 };

}  // namespace moonlet::ops::cuda
