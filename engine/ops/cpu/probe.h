// SPDX-License-Identifier: Apache-2.0
// What this machine gives, measured: how fast memory is read and how fast dot products run. Every
// figure of speed is told as a share of these, from the same process. Also the choice of the number
// of threads where nobody set it.
#pragma once

#include <cstdint>

#include "ops/cpu/isa.h"

namespace moonlet::cpu {

// Bytes a second that the pool's threads read together from `bytes` of memory (far more than the
// caches), best of `passes`.
double read_rate(int64_t bytes = int64_t(1) << 28, int passes = 5);

// Multiplications with addition a second, all the pool's threads together, operands in registers:
// of int8 (q8), bf16 or f32, with the best instruction that the ISA in use has for it.
enum class Product { q8, bf16, f32 };
double product_rate(Product product);

// All processors, or one thread a core where two share it and that does a product of this room's
// kind faster. Takes a few milliseconds where there is a choice, once in a process.
int probed_threads();

}  // namespace moonlet::cpu
