// SPDX-License-Identifier: Apache-2.0
// Random numbers that can be had again: a small counter-free generator (SplitMix64 seeding
// xoshiro256**, Blackman & Vigna 2018) whose whole state is four words, so checkpoints can hold it.
// The same seed gives the same numbers on every machine; no global state.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace moonlet {

// A seed drawn from the system, below 2^53 so that a Lua number holds it exactly.
uint64_t draw_seed();

class Random {
  public:
    explicit Random(uint64_t seed);
    uint64_t next();                       // 64 uniform bits
    double uniform();                      // [0, 1), 53 bits
    uint64_t below(uint64_t bound);        // [0, bound), unbiased; bound > 0
    double normal();                       // mean 0, variance 1 (Box-Muller, no cached half)
    std::vector<size_t> permutation(size_t n);  // Fisher-Yates of 0..n-1

    std::array<uint64_t, 4> state() const { return s_; }
    void set_state(const std::array<uint64_t, 4>& s) { s_ = s; }

  private:
    std::array<uint64_t, 4> s_;
};

}  // namespace moonlet
