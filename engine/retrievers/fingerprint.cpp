// SPDX-License-Identifier: Apache-2.0
// Eight bytes at a time through the finaliser of SplitMix64 (Steele, Lea, Flood 2014), chained in
// four lanes so that it runs at the speed of memory.
#include "retrievers/fingerprint.h"

#include <ATen/ATen.h>

#include <cstdio>
#include <cstring>

namespace moonlet {

namespace {

uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

uint64_t hash(const char* data, size_t size, uint64_t seed) {
    uint64_t lanes[4] = {seed, seed + 1, seed + 2, seed + 3};
    size_t at = 0;
    for (; at + 32 <= size; at += 32) {
        uint64_t words[4];
        std::memcpy(words, data + at, 32);
        for (int i = 0; i < 4; ++i)
            lanes[i] = (lanes[i] ^ words[i]) * 0x9E3779B97F4A7C15ull, lanes[i] ^= lanes[i] >> 29;
    }
    uint64_t result = mix(size);
    for (uint64_t lane : lanes) result = mix(result ^ lane);
    for (; at < size; at += 8) {
        uint64_t word = 0;
        std::memcpy(&word, data + at, std::min<size_t>(8, size - at));
        result = mix(result ^ word);
    }
    return result;
}

}  // namespace

std::string fingerprint(Model& model, std::string_view more) {
    uint64_t all = hash(more.data(), more.size(), 0);
    for (const auto& entry : model.parameters().entries()) {
        std::string what = entry.name + " " + at::toString(entry.tensor.scalar_type());
        for (int64_t size : entry.tensor.sizes()) what += " " + std::to_string(size);
        all = mix(all ^ hash(what.data(), what.size(), 1));
        at::Tensor bytes = model.parameters().dense(entry).detach().to(at::kCPU).contiguous();
        all = mix(all ^ hash(static_cast<const char*>(bytes.data_ptr()), bytes.nbytes(), 2));
    }
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(all));
    return text;
}

}  // namespace moonlet
