// SPDX-License-Identifier: Apache-2.0
// Random numbers that can be had again: a small counter-free generator (SplitMix64 seeding
// xoshiro256**, Blackman & Vigna 2018) whose whole state is four words, so checkpoints can hold it.
// The same seed gives the same numbers on every machine. The one thing shared is the stream that
// seeds are drawn from where none was given: it can be fixed, so that a session can be had again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace moonlet {

// The next seed of the process's stream, below 2^53 so that a Lua number holds it exactly. The
// stream begins at a number from the system. Any thread may draw.
uint64_t draw_seed();
// Begins the stream anew: the same `start` gives the same draws in the same order.
void fix_draws(uint64_t start);
// Where the stream began and how many seeds were drawn since; after at least one draw it begins
// anew at a number from the system, so that each call accounts for its own draws.
struct Draws {
    uint64_t start, count;
};
Draws take_draws();

class Random {
  public:
    explicit Random(uint64_t seed);
    uint64_t next();                            // 64 uniform bits
    double uniform();                           // [0, 1), 53 bits
    uint64_t below(uint64_t bound);             // [0, bound), unbiased; bound > 0
    double normal();                            // mean 0, variance 1 (Box-Muller, no cached half)
    std::vector<size_t> permutation(size_t n);  // Fisher-Yates of 0..n-1

    std::array<uint64_t, 4> state() const { return s_; }
    void set_state(const std::array<uint64_t, 4>& s) { s_ = s; }

  private:
    std::array<uint64_t, 4> s_;
};

}  // namespace moonlet
