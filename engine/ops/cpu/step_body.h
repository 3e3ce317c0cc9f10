// SPDX-License-Identifier: Apache-2.0
// All the bodies in whatever step_lanes.h stands for where it is included, and their table, under
// the name that MOONLET_STEP is.
#include "ops/cpu/attend_body.h"
#include "ops/cpu/pointwise_body.h"
#include "ops/cpu/transposed_body.h"

namespace moonlet::cpu {

const StepKernels MOONLET_STEP = {
    span_body,
    join_body,
    pack_body,
    int8_body,
    add_bias_body<float>,
    add_bias_body<uint16_t>,
    widen_body,
    turn_body,
    gated_body<float>,
    gated_body<uint16_t>,
    transposed_body<ReadF32>,
    transposed_body<ReadF16>,
    transposed_body<ReadBf16>,
};

}  // namespace moonlet::cpu
