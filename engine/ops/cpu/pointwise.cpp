// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu/pointwise.h"

#include "core/error.h"
#include "ops/cpu/isa.h"
#include "ops/cpu/step_isa.h"

namespace moonlet::cpu {

const StepKernels& step_kernels() {
    const Isa in_use = isa();
    if (in_use < Isa::avx2)
        throw Error("a processor without AVX2", "AVX2", "these kernels do not run there");
    return in_use >= Isa::avx512 ? step_avx512 : step_avx2;
}

void add_bias(const float* x, const float* bias, int64_t n, float* y) {
    step_kernels().bias_f32(x, bias, n, y);
}

void add_bias(const float* x, const float* bias, int64_t n, uint16_t* y) {
    step_kernels().bias_bf16(x, bias, n, y);
}

void widen(const uint16_t* x, int64_t n, float* y) { step_kernels().widen(x, n, y); }

void narrow(const float* x, int64_t n, uint16_t* y) { step_kernels().bias_bf16(x, nullptr, n, y); }

void turn(float* x, const Turn& by, bool rounds) {
    if (by.cos) step_kernels().turn(x, by, rounds);
}

void gated(Gate gate, const float* a, const float* a_bias, const float* b, const float* b_bias,
           int64_t n, float* y) {
    step_kernels().gated_f32(gate, a, a_bias, b, b_bias, n, y);
}

void gated(Gate gate, const float* a, const float* a_bias, const float* b, const float* b_bias,
           int64_t n, uint16_t* y) {
    step_kernels().gated_bf16(gate, a, a_bias, b, b_bias, n, y);
}

}  // namespace moonlet::cpu
