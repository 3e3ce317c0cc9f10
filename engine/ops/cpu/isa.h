// SPDX-License-Identifier: Apache-2.0
// Which vector instructions our kernels may use: what the processor and the system have, narrowed
// by MOONLET_MAX_CPU_ISA (the names below) and by ONEDNN_MAX_CPU_ISA (oneDNN's names). Each one
// includes those before it.
#pragma once

#include <string>

namespace moonlet::cpu {

enum class Isa {
    none,         // no AVX2: none of the kernels here runs
    avx2,         // with FMA and F16C
    avx512,       // F, BW, VL, DQ
    avx512_vnni,  // dot products of int8
    avx512_bf16,  // dot products of bf16
    amx,          // for oneDNN (LibTorch) only: no kernel here uses tiles
};

// In use. Error: MOONLET_MAX_CPU_ISA is none of the names.
Isa isa();
// What this machine could run at most, without the two variables.
Isa widest_isa();
const char* isa_name(Isa isa);  // "avx512_vnni"

// For tests: one this machine has, by name; "" goes back to the widest allowed. Error: not such a
// one.
void set_isa(const std::string& name);

// Hands our limit to oneDNN: sets ONEDNN_MAX_CPU_ISA from MOONLET_MAX_CPU_ISA where the first is
// not set. oneDNN reads it once, at its first primitive: call this where the engine is opened,
// before the first ATen call and before other threads run (it writes the environment).
void limit_onednn();

}  // namespace moonlet::cpu
