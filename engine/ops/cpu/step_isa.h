// SPDX-License-Identifier: Apache-2.0
// The kernels of attend.h, pointwise.h and transposed.h as they are compiled for each instruction
// set.
#pragma once

#include "ops/cpu/attend.h"
#include "ops/cpu/pointwise.h"
#include "ops/cpu/rows.h"

namespace moonlet::cpu {

// Columns [begin, end) of a matrix [in, out] whose rows are `stride` numbers apart.
struct Transposed {
    const void* stored;
    int64_t stride, begin, end;
};

struct StepKernels {
    void (*span)(const AttendSpan&, const AttendOptions&, float* scratch);
    void (*join)(float* parts, int64_t count, int64_t width, const float* sink, float* out);
    void (*pack)(const float* x, int64_t width, int type, void* to, float* scale);
    float (*int8)(const float* x, int64_t width, int8_t* codes);
    void (*bias_f32)(const float*, const float*, int64_t, float*);
    void (*bias_bf16)(const float*, const float*, int64_t, uint16_t*);
    void (*widen)(const uint16_t*, int64_t, float*);
    void (*turn)(float*, const Turn&, bool);
    void (*gated_f32)(Gate, const float*, const float*, const float*, const float*, int64_t,
                      float*);
    void (*gated_bf16)(Gate, const float*, const float*, const float*, const float*, int64_t,
                       uint16_t*);
    void (*transposed_f32)(const Transposed&, const Rows&, float*, int64_t);
    void (*transposed_f16)(const Transposed&, const Rows&, float*, int64_t);
    void (*transposed_bf16)(const Transposed&, const Rows&, float*, int64_t);
};

extern const StepKernels step_avx2, step_avx512;
// Those of the instruction set in use (isa.h). Error: it has no AVX2.
const StepKernels& step_kernels();

}  // namespace moonlet::cpu
