// SPDX-License-Identifier: Apache-2.0
// A gated MLP in a decode step as one native call: down(act(gate(x)) * up(x)) for few rows, the
// inputs of gate and up brought into their form once. It rounds to the dtype where linear.h and
// activation.h do, its plain twins.
#pragma once

#include "ops/activation.h"
#include "ops/linear.h"

namespace moonlet::ops {

// Whether there is native code for it.
bool has_gate(Activation act);

// To be asked for where few_rows() says so of x and has_gate() of act.
at::Tensor mlp_step(const at::Tensor& x, const cpu::RowWeights& gate, const cpu::RowWeights& up,
                    const cpu::RowWeights& down, Activation act);

// down(act(gate(x)) * up(x)): by mlp_step where it can be asked for and all three give their rows,
// else one after the other. Differentiable.
at::Tensor gated_mlp(const at::Tensor& x, const Linear& gate, const Linear& up, const Linear& down,
                     Activation act);

// act(gate) * up as mlp_step computes it, for few rows whose products are not native (an adapter
// lies over one): the same numbers either way, bit for bit. Only where has_gate().
at::Tensor gate_step(Activation act, const at::Tensor& gate, const at::Tensor& up);

}  // namespace moonlet::ops
