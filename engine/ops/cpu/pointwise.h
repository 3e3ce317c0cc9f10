// SPDX-License-Identifier: Apache-2.0
// What stands between the products of a decode step, on rows of f32 or bf16: biases, rotation,
// gated activations. bf16 is rounded wherever the ops on tensors round it, so that both ways give
// the same numbers; exponentials differ from LibTorch's by a unit in the last place of f32. Knows
// no tensors and starts no threads.
#pragma once

#include <cstdint>

namespace moonlet::cpu {

// y = x + bias [n], rounded to y's type; bias: nullptr, none. bf16 is passed as its 16 bits.
void add_bias(const float* x, const float* bias, int64_t n, float* y);
void add_bias(const float* x, const float* bias, int64_t n, uint16_t* y);

void widen(const uint16_t* x, int64_t n, float* y);
void narrow(const float* x, int64_t n, uint16_t* y);  // to nearest, ties to even

// How the first `dim` components of a head turn, in halves: component i with i + dim / 2.
struct Turn {
    const void *cos = nullptr, *sin = nullptr;  // [dim] of this position; cos nullptr: not at all
    int64_t dim = 0;
    bool angles_are_bf16 = false;
};
// In place. rounds: x stands for bf16 and is rounded to it, after each operation where the angles
// are bf16 too, else once.
void turn(float* x, const Turn& by, bool rounds);

enum class Gate { silu, gelu, gelu_tanh, gelu_quick, relu, relu_squared, tanh };
// y = gate(a + a_bias) * (b + b_bias), [n]; biases may be nullptr.
void gated(Gate gate, const float* a, const float* a_bias, const float* b, const float* b_bias,
           int64_t n, float* y);
void gated(Gate gate, const float* a, const float* a_bias, const float* b, const float* b_bias,
           int64_t n, uint16_t* y);

}  // namespace moonlet::cpu
