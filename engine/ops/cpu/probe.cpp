// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu/probe.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "ops/cpu/kernels.h"
#include "ops/cpu/memory.h"
#include "ops/cpu/multiply.h"
#include "ops/cpu/packed.h"
#include "ops/cpu/pool.h"
#include "ops/cpu/prepare.h"

namespace moonlet::cpu {

namespace {

template <class Work>
double best_seconds(int passes, Work work) {
    using Clock = std::chrono::steady_clock;
    double best = 1e30;
    for (int i = 0; i < passes; ++i) {
        const auto begin = Clock::now();
        work();
        best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count());
    }
    return best;
}

// Cores of the processors there are, counted by the lists of those that share one; 0: not told.
int cores() {
    std::set<std::string> lists;
    for (int i = 0; i < 4096; ++i) {
        std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(i) +
                           "/topology/thread_siblings_list");
        std::string list;
        if (!(file >> list)) break;
        lists.insert(list);
    }
    return int(lists.size());
}

// Seconds of a product like a small model's, from memory in this thread count.
double product_seconds(int count) {
    set_threads(count);
    static const PackedWeights weights = [] {
        PackedWeights w(Packing::int8, 4096, 1024, 32);
        for (int64_t i = 0; i < 256; ++i)
            std::memset(w.panel(i), 0, size_t(w.panels().panel_bytes));
        return w;
    }();
    const std::vector<float> x(1024, 1.0f);
    std::vector<float> y(4096);
    PreparedRows rows;
    rows.resize(RowWeights::Form::q8, 1, 1024);
    rows.set(0, 0, 1024, x.data());
    multiply(weights, rows.rows(), y.data());
    return best_seconds(5, [&] { multiply(weights, rows.rows(), y.data()); });
}

}  // namespace

double read_rate(int64_t bytes, int passes) {
    const int64_t size = std::max<int64_t>(bytes / 4096 * 4096, 4096);
    const Memory memory = large_memory(size_t(size));
    const auto parts = [&](auto work) {
        together([&](Team& team) {
            const Team::Range mine = team.part(size, 4096);
            work(memory.get() + mine.begin, mine.end - mine.begin);
        });
    };
    parts([](uint8_t* at, int64_t n) { std::memset(at, 1, size_t(n)); });
    std::atomic<uint64_t> sum{0};
    const double seconds = best_seconds(passes, [&] {
        parts([&](const uint8_t* at, int64_t n) { sum += kernels().read_all(at, n); });
    });
    return double(size) / seconds;
}

double product_rate(Product product) {
    const Kernels& table = kernels();
    const Kernels::Loop loop = product == Product::q8     ? table.products_q8
                               : product == Product::bf16 ? table.products_bf16
                                                          : table.products_f32;
    const int64_t each = product == Product::q8     ? table.loop_q8
                         : product == Product::bf16 ? table.loop_bf16
                                                    : table.loop_f32;
    constexpr int64_t rounds = 200000;
    const double seconds = best_seconds(5, [&] {
        together([&](Team&) {
            alignas(64) uint8_t in[1024];
            alignas(64) float out[256];
            std::memset(in, 0, sizeof in);
            loop(rounds, in, out);
        });
    });
    return double(rounds * each) * threads() / seconds;
}

int probed_threads() {
    static const int count = [] {
        const int all = processors(), own = cores();
        if (own < 1 || own >= all || isa() == Isa::none) return all;
        const double with_all = product_seconds(all), with_own = product_seconds(own);
        return with_own < with_all * 0.97 ? own : all;
    }();
    return count;
}

}  // namespace moonlet::cpu
