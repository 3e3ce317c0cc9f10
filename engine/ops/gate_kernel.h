// SPDX-License-Identifier: Apache-2.0
// The CPU kernels of SwiGLU's gate, silu(gate) * up, forth and back, see lanes.h. No tensors, no
// threads.
#pragma once

#include <cstdint>

namespace moonlet::ops {

// y may be gate or up. silu(gate) is rounded to the type, then the product. bf16 is passed as its
// 16 bits.
void silu_gate(const float* gate, const float* up, float* y, int64_t n);
void silu_gate(const uint16_t* gate, const uint16_t* up, uint16_t* y, int64_t n);

// From the gradient dy of y, in f32, rounded once; dgate and dup may be any of what is read.
void silu_gate_backward(const float* gate, const float* up, const float* dy, float* dgate,
                        float* dup, int64_t n);
void silu_gate_backward(const uint16_t* gate, const uint16_t* up, const uint16_t* dy,
                        uint16_t* dgate, uint16_t* dup, int64_t n);

}  // namespace moonlet::ops
