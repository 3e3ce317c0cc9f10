// SPDX-License-Identifier: Apache-2.0
// What the processor this runs on can do at most, measured where our kernels run: the measure of
// every figure of speed. Decoding reads all weights once a token, so reading bounds it; prefill
// and training are bound by products.
#pragma once

#include <string>

namespace moonlet {

struct Machine {
    std::string isa;  // "avx512_bf16": the instructions in use
    int threads = 1;  // of our kernels
    double read = 0;  // bytes a second that all threads read from memory
    double int8 = 0;  // multiplications with addition a second, operands in registers
    double bf16 = 0;  // likewise, by our own kernels' instructions
    double f32 = 0;
    double matrices = 0;  // likewise, by LibTorch's bf16 product of two 1024 x 1024 matrices: its
                          // oneDNN has instructions that ours have not (AMX)
};

// Takes about half a second. Not while other work runs.
Machine measure_machine();

}  // namespace moonlet
