// SPDX-License-Identifier: Apache-2.0
// The CUDA kernel of silu(gate) * up on raw device pointers.
#pragma once

#include "ops/cuda/element.h"

namespace moonlet::ops::cuda {

// y = silu(gate) * up over `count` values each; silu is rounded before the product, as the plain
// twin rounds it. y may be gate. Asynchronous on `stream`; returns the launch's error.
cudaError_t swiglu(const void* gate, const void* up, void* y, int64_t count, Element element,
                   cudaStream_t stream);

}  // namespace moonlet::ops::cuda
