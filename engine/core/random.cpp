// SPDX-License-Identifier: Apache-2.0
#include "core/random.h"

#include <cmath>
#include <mutex>
#include <random>

namespace moonlet {

namespace {
uint64_t rotl(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

constexpr uint64_t kSeedMask = (uint64_t(1) << 53) - 1;

uint64_t system_number() {
    std::random_device device;
    return ((uint64_t(device()) << 32) ^ device()) & kSeedMask;
}

struct Stream {
    std::mutex mutex;
    Draws draws;
    Random random;
    explicit Stream(uint64_t start) : draws{start, 0}, random(start) {}
    void begin(uint64_t start) {
        draws = {start, 0};
        random = Random(start);
    }
};

Stream& stream() {
    static Stream the_stream(system_number());
    return the_stream;
}

}  // namespace

uint64_t draw_seed() {
    Stream& s = stream();
    std::lock_guard lock(s.mutex);
    ++s.draws.count;
    return s.random.next() & kSeedMask;
}

void fix_draws(uint64_t start) {
    Stream& s = stream();
    std::lock_guard lock(s.mutex);
    s.begin(start);
}

Draws take_draws() {
    Stream& s = stream();
    std::lock_guard lock(s.mutex);
    Draws result = s.draws;
    if (result.count > 0) s.begin(system_number());
    return result;
}
// SplitMix64 spreads any seed, also 0, over the whole state.
Random::Random(uint64_t seed) {
    for (uint64_t& word : s_) {
        uint64_t z = (seed += 0x9E3779B97F4A7C15ull);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        word = z ^ (z >> 31);
    }
}

uint64_t Random::next() {
    uint64_t result = rotl(s_[1] * 5, 7) * 9, t = s_[1] << 17;
    s_[2] ^= s_[0];
    s_[3] ^= s_[1];
    s_[1] ^= s_[2];
    s_[0] ^= s_[3];
    s_[2] ^= t;
    s_[3] = rotl(s_[3], 45);
    return result;
}

double Random::uniform() { return double(next() >> 11) * 0x1.0p-53; }

// Values above the largest multiple of bound are thrown away, so that every residue is equally
// likely.
uint64_t Random::below(uint64_t bound) {
    uint64_t limit = UINT64_MAX - UINT64_MAX % bound, value;
    do value = next();
    while (value >= limit);
    return value % bound;
}

double Random::normal() {
    double u = 1.0 - uniform(), v = uniform();  // u in (0, 1]
    return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * M_PI * v);
}

std::vector<size_t> Random::permutation(size_t n) {
    std::vector<size_t> order(n);
    for (size_t i = 0; i < n; ++i) order[i] = i;
    for (size_t i = n; i > 1; --i) std::swap(order[i - 1], order[below(i)]);
    return order;
}

}  // namespace moonlet
