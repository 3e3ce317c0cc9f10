// SPDX-License-Identifier: Apache-2.0
#include "generation/machine.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>

#include "ops/cpu/isa.h"
#include "ops/cpu/pool.h"
#include "ops/cpu/probe.h"

namespace moonlet {

namespace {

double library_rate() {
    using Clock = std::chrono::steady_clock;
    constexpr int64_t n = 1024;
    c10::InferenceMode guard;
    at::Tensor a = at::ones({n, n}, at::kBFloat16), b = a.clone();
    double best = 0;
    for (int i = 0; i < 5; ++i) {
        const auto begin = Clock::now();
        at::linear(a, b);
        const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
        best = std::max(best, double(n) * n * n / seconds);
    }
    return best;
}

}  // namespace

Machine measure_machine() {
    Machine m;
    m.isa = cpu::isa_name(cpu::isa());
    m.threads = cpu::threads();
    m.read = cpu::read_rate();
    m.int8 = cpu::product_rate(cpu::Product::q8);
    m.bf16 = cpu::product_rate(cpu::Product::bf16);
    m.f32 = cpu::product_rate(cpu::Product::f32);
    m.matrices = library_rate();
    return m;
}

}  // namespace moonlet
