// SPDX-License-Identifier: Apache-2.0
// A gated MLP in a decode step as one native call: down(act(gate(x)) * up(x)) for few rows, the
// inputs of gate and up brought into their form once. It rounds to the dtype where linear.h and
// activation.h do, its plain twins.
#pragma once

#include "ops/activation.h"

namespace moonlet {
namespace cpu {
class RowWeights;
}

namespace ops {

// Whether there is native code for it.
bool has_gate(Activation act);

// To be asked for where few_rows() says so of x and has_gate() of act.
at::Tensor mlp_step(const at::Tensor& x, const cpu::RowWeights& gate, const cpu::RowWeights& up,
                    const cpu::RowWeights& down, Activation act);

}  // namespace ops
}  // namespace moonlet
