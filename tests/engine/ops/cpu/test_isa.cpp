// SPDX-License-Identifier: Apache-2.0
// Which instructions may be used, as the two variables say.
#include "ops/cpu/isa.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "core/error.h"
#include "support.h"

using namespace moonlet;

namespace {

// Variables for the length of a test, and the choice made again afterwards.
struct Variables {
    Variables(const char* ours, const char* onednn) {
        put("MOONLET_MAX_CPU_ISA", ours);
        put("ONEDNN_MAX_CPU_ISA", onednn);
    }
    ~Variables() {
        unsetenv("MOONLET_MAX_CPU_ISA");
        unsetenv("ONEDNN_MAX_CPU_ISA");
        cpu::set_isa("");
    }
    static void put(const char* name, const char* value) {
        if (value) setenv(name, value, 1);
        else unsetenv(name);
    }
};

}  // namespace

TEST_CASE("the ISA is the least of what the machine has and the variables allow") {
    const auto least = [](cpu::Isa isa) { return std::min(isa, cpu::widest_isa()); };
    struct Row {
        const char *ours, *onednn;
        cpu::Isa wanted;
    };
    for (const Row& row :
         {Row{nullptr, nullptr, cpu::Isa::amx}, Row{"avx2", nullptr, cpu::Isa::avx2},
          Row{"avx512", nullptr, cpu::Isa::avx512}, Row{nullptr, "AVX2", cpu::Isa::avx2},
          Row{nullptr, "SSE41", cpu::Isa::avx2},
          Row{"avx512_bf16", "AVX512_CORE_VNNI", cpu::Isa::avx512_vnni},
          Row{"avx512", "AVX512_CORE_AMX", cpu::Isa::avx512}, Row{"", "DEFAULT", cpu::Isa::amx}}) {
        Variables set(row.ours, row.onednn);
        cpu::set_isa("");
        CHECK(cpu::isa() == least(row.wanted));
    }
}

TEST_CASE("a wrong name is an error that tells the right ones") {
    Variables set("avx1024", nullptr);
    CHECK_THROWS_WITH(cpu::set_isa(""),
                      Catch::Contains("avx1024") && Catch::Contains("avx512_vnni"));
    unsetenv("MOONLET_MAX_CPU_ISA");
    CHECK_THROWS_AS(cpu::set_isa("sse2"), Error);
}

TEST_CASE("oneDNN gets our limit unless it has one") {
    {
        Variables set("avx2", nullptr);
        cpu::limit_onednn();
        CHECK(std::string(getenv("ONEDNN_MAX_CPU_ISA")) == "AVX2");
    }
    {
        Variables set("avx512_vnni", "AVX2");
        cpu::limit_onednn();
        CHECK(std::string(getenv("ONEDNN_MAX_CPU_ISA")) == "AVX2");
    }
    Variables set(nullptr, nullptr);
    cpu::limit_onednn();
    CHECK(getenv("ONEDNN_MAX_CPU_ISA") == nullptr);
}
