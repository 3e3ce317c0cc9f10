// SPDX-License-Identifier: Apache-2.0
// What the tests of the CPU kernels share: every ISA of the machine in turn, numbers, bf16.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "ops/cpu/isa.h"

namespace moonlet::test {

// The ISAs that have kernels of their own and that this machine has.
inline std::vector<std::string> isas() {
    std::vector<std::string> list;
    for (const char* name : {"avx2", "avx512", "avx512_vnni", "avx512_bf16"})
        for (cpu::Isa isa = cpu::Isa::avx2; isa <= cpu::widest_isa(); isa = cpu::Isa(int(isa) + 1))
            if (name == std::string(cpu::isa_name(isa))) list.push_back(name);
    return list;
}

struct IsaForTest {  // for the length of a scope
    explicit IsaForTest(const std::string& name) { cpu::set_isa(name); }
    ~IsaForTest() { cpu::set_isa(""); }
};

inline float bf16_value(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }
inline uint16_t bf16_bits(float value) {  // finite ones
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

inline std::vector<float> normal(size_t count, uint32_t seed, float scale = 1) {
    std::mt19937 random(seed);
    std::normal_distribution<float> values(0, scale);
    std::vector<float> out(count);
    for (float& v : out) v = values(random);
    return out;
}
inline std::vector<uint16_t> to_bf16(const std::vector<float>& values) {
    std::vector<uint16_t> out(values.size());
    for (size_t i = 0; i < values.size(); ++i) out[i] = bf16_bits(values[i]);
    return out;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

}  // namespace moonlet::test
