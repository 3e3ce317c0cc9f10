// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu/isa.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <vector>

#include "core/error.h"

namespace moonlet::cpu {

namespace {

constexpr const char* kNames[] = {"none", "avx2", "avx512", "avx512_vnni", "avx512_bf16", "amx"};
// The nearest name of oneDNN's that allows no more.
constexpr const char* kOnednn[] = {
    "AVX2", "AVX2", "AVX512_CORE", "AVX512_CORE_VNNI", "AVX512_CORE_BF16", "DEFAULT"};

// oneDNN's own names (its page "CPU Dispatcher Control"), and what each leaves to us. Case counts
// there too.
struct Onednn {
    const char* name;
    Isa limit;
};
constexpr Onednn kOnednnLimits[] = {
    {"SSE41", Isa::avx2},  // AVX2 is our floor
    {"AVX", Isa::avx2},
    {"AVX2", Isa::avx2},
    {"AVX2_VNNI", Isa::avx2},
    {"AVX2_VNNI_2", Isa::avx2},
    {"AVX512_CORE", Isa::avx512},
    {"AVX512_CORE_VNNI", Isa::avx512_vnni},
    {"AVX512_CORE_BF16", Isa::avx512_bf16},
    {"AVX512_CORE_FP16", Isa::avx512_bf16},
    {"AVX10_1_512", Isa::avx512_bf16},
};

Isa measured() {
#ifdef __x86_64__
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return Isa::none;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq"))
        return Isa::avx2;
    if (!__builtin_cpu_supports("avx512vnni")) return Isa::avx512;
    if (!__builtin_cpu_supports("avx512bf16")) return Isa::avx512_vnni;
    unsigned a = 7, b = 0, c = 0, d = 0;
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    const bool tiles = (d >> 24 & 1) && (d >> 22 & 1);  // AMX-TILE, AMX-BF16
    if (!tiles) return Isa::avx512_bf16;
    // The processor has them; XCR0 bits 17 and 18 say that the system keeps their state.
    __asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    return (a >> 17 & 3) == 3 ? Isa::amx : Isa::avx512_bf16;
#else
    return Isa::none;
#endif
}

const char* variable(const char* name) {
    const char* value = std::getenv(name);
    return value && *value ? value : nullptr;
}

std::string names() {
    std::string all;
    for (size_t i = 1; i < std::size(kNames); ++i) all += std::string(i > 1 ? " " : "") + kNames[i];
    return all;
}

// The level of one of our names; -1: none of them.
int level(const std::string& name) {
    for (size_t i = 0; i < std::size(kNames); ++i)
        if (name == kNames[i]) return int(i);
    return -1;
}

Isa allowed() {
    Isa most = widest_isa();
    if (const char* ours = variable("MOONLET_MAX_CPU_ISA")) {
        const int limit = level(ours);
        if (limit < 0)
            throw Error("MOONLET_MAX_CPU_ISA is \"" + std::string(ours) + "\"",
                        "one of " + names());
        most = std::min(most, Isa(limit));
    }
    if (const char* onednn = variable("ONEDNN_MAX_CPU_ISA"))
        for (const Onednn& row : kOnednnLimits)
            if (std::string(onednn) == row.name) most = std::min(most, row.limit);
    return most;
}

std::atomic<int> chosen{-1};

}  // namespace

Isa widest_isa() {
    static const Isa widest = measured();
    return widest;
}

Isa isa() {
    int now = chosen.load(std::memory_order_relaxed);
    if (now < 0) chosen.store(now = int(allowed()), std::memory_order_relaxed);
    return Isa(now);
}

const char* isa_name(Isa isa) { return kNames[int(isa)]; }

void set_isa(const std::string& name) {
    if (name.empty()) {
        chosen.store(int(allowed()), std::memory_order_relaxed);
        return;
    }
    const int wanted = level(name);
    if (wanted < 0 || wanted > int(widest_isa()))
        throw Error("the instruction set \"" + name + "\"",
                    "one that this machine has, avx2 to " + std::string(kNames[int(widest_isa())]));
    chosen.store(wanted, std::memory_order_relaxed);
}

void limit_onednn() {
    const char* ours = variable("MOONLET_MAX_CPU_ISA");
    if (!ours || variable("ONEDNN_MAX_CPU_ISA")) return;
    const int limit = level(ours);
    if (limit > 0) setenv("ONEDNN_MAX_CPU_ISA", kOnednn[limit], 1);
}

}  // namespace moonlet::cpu
