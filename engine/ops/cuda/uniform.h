// SPDX-License-Identifier: Apache-2.0
// Random numbers without a state: the same for the kernel and for its twin on the CPU. No CUDA
// header here.
#pragma once

#include <cstdint>

#ifdef __CUDACC__
#define MOONLET_BOTH __host__ __device__
#else
#define MOONLET_BOTH
#endif

namespace moonlet::ops::cuda {

// One uniform number in (0, 1) of (seed, step, id): SplitMix64's finaliser (Steele et al. 2014)
// over their mix.
MOONLET_BOTH inline float uniform_of(uint64_t seed, uint64_t step, uint64_t id) {
    uint64_t z = seed + 0x9E3779B97F4A7C15ull * (step + 1) + 0xD1B54A32D192ED03ull * (id + 1);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    z ^= z >> 31;
    return (float(z >> 41) + 0.5f) * (1.0f / 8388608.0f);  // 24 bits: exact
}

}  // namespace moonlet::ops::cuda
