// SPDX-License-Identifier: Apache-2.0
// AdamW's kernels against LibTorch's fused kernel in f64, on each instruction set of the machine,
// and the masters of bf16 parameters in two parts against masters in one.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "core/error.h"
#include "ops/adamw_kernel.h"
#include "ops/cpu/isa.h"

using namespace moonlet;

namespace {

constexpr double kLr = 3e-3, kDecay = 0.1, kScale = 0.7;

ops::AdamWStep numbered(int number) {
    ops::AdamWStep s{};
    s.scale = float(kScale), s.kept = float(1 - kLr * kDecay);
    s.first = float(1 - 0.9), s.second = float(1 - 0.999), s.beta2 = 0.999f;
    s.step_size = float(kLr / (1 - std::pow(0.9, number)));
    s.root_scale = float(1 / std::sqrt(1 - std::pow(0.999, number)));
    s.eps = 1e-8f;
    return s;
}

template <class T>
T* data(const at::Tensor& x) {
    return static_cast<T*>(x.data_ptr());
}

void on_each_isa(const std::function<void()>& body) {
    for (const char* isa : {"none", "avx2", "avx512"}) {
        try {
            cpu::set_isa(isa);
        } catch (const Error&) {
            continue;  // not this machine's
        }
        INFO(isa);
        body();
    }
    cpu::set_isa("");
}

// What LibTorch makes of it in f64.
struct Wanted {
    at::Tensor parameter, mean, square;
    explicit Wanted(const at::Tensor& p)
        : parameter(p.to(at::kDouble, false, true)),
          mean(at::zeros_like(parameter)),
          square(at::zeros_like(parameter)) {}
    void step(const at::Tensor& gradient, int number) {
        at::_fused_adamw_({parameter}, {gradient.to(at::kDouble) * kScale}, {mean}, {square}, {},
                          {at::full({}, double(number), at::kFloat)}, kLr, 0.9, 0.999, kDecay, 1e-8,
                          false, false);
    }
};

double apart(const at::Tensor& ours, const at::Tensor& wanted) {
    return ((ours.to(at::kDouble) - wanted).abs().max() / wanted.abs().max()).item<double>();
}

}  // namespace

TEST_CASE("AdamW of f32 parameters") {
    at::manual_seed(51);
    for (int64_t n : {1, 15, 16, 37, 5000}) {
        const at::Tensor start = at::randn({n});
        std::vector<at::Tensor> gradients;
        for (int i = 0; i < 5; ++i) gradients.push_back(at::randn({n}) * std::pow(10.0, -i));
        Wanted wanted(start);
        for (int i = 0; i < 5; ++i) wanted.step(gradients[size_t(i)], i + 1);
        at::Tensor first;
        on_each_isa([&] {
            at::Tensor p = start.clone(), mean = at::zeros({n}), square = at::zeros({n});
            for (int i = 0; i < 5; ++i)
                ops::adamw_rows(data<float>(p), data<float>(mean), data<float>(square),
                                data<const float>(gradients[size_t(i)]), n, numbered(i + 1));
            CHECK(apart(p, wanted.parameter) < 1e-6);
            CHECK(apart(mean, wanted.mean) < 1e-6);
            CHECK(apart(square, wanted.square) < 1e-6);
            if (first.defined()) CHECK(at::equal(p, first));
            first = p;
        });
    }
}

TEST_CASE("AdamW of bf16 parameters, their masters in two parts") {
    at::manual_seed(52);
    const int64_t n = 4011;
    const at::Tensor start = at::randn({n}).to(at::kBFloat16);
    on_each_isa([&] {
        for (bool narrow : {false, true}) {
            INFO((narrow ? "bf16" : "f32") << " gradients");
            at::Tensor p = start.clone(), rest = at::zeros({n}, at::kShort);
            at::Tensor mean = at::zeros({n}), square = at::zeros({n});
            Wanted wanted(start);
            for (int i = 1; i <= 30; ++i) {
                const at::Tensor g = at::randn({n}).to(narrow ? at::kBFloat16 : at::kFloat);
                wanted.step(g, i);
                if (narrow)
                    ops::adamw_rows(data<uint16_t>(p), data<int16_t>(rest), data<float>(mean),
                                    data<float>(square), data<const uint16_t>(g), n, numbered(i));
                else
                    ops::adamw_rows(data<uint16_t>(p), data<int16_t>(rest), data<float>(mean),
                                    data<float>(square), data<const float>(g), n, numbered(i));
            }
            at::Tensor master = at::empty({n});
            ops::join_master(data<uint16_t>(p), data<int16_t>(rest), data<float>(master), n);
            CHECK(apart(master, wanted.parameter) < 3e-6);
            CHECK(at::equal(p, master.to(at::kBFloat16)));
        }
    });
}

TEST_CASE("a master in two parts is the same master") {
    at::manual_seed(53);
    const int64_t n = 70001;
    at::Tensor master = at::randn({n}) * at::pow(10.0, at::randint(-30, 30, {n}).to(at::kFloat));
    float* m = data<float>(master);
    // Halfway between two bf16 numbers, above an even and above an odd one; powers of two; zeros.
    const uint32_t edges[] = {0x3F808000, 0x3F818000, 0xBF808000, 0xBF818000, 0x3F800000,
                              0x3F7FFFFF, 0x00000000, 0x80000000, 0x3F807FFF, 0x3F808001};
    std::memcpy(m, edges, sizeof edges);
    at::Tensor p = at::empty({n}, at::kBFloat16), rest = at::empty({n}, at::kShort);
    at::Tensor again = at::empty({n}), twice = at::empty({n});
    on_each_isa([&] {
        ops::split_master(m, data<uint16_t>(p), data<int16_t>(rest), n);
        CHECK(at::equal(p, master.to(at::kBFloat16)));
        ops::join_master(data<uint16_t>(p), data<int16_t>(rest), data<float>(again), n);
        uint32_t bits[10];
        std::memcpy(bits, again.data_ptr(), sizeof bits);
        CHECK(bits[0] == 0x3F807FFF);  // a unit lower, as the header says
        CHECK(bits[2] == 0xBF807FFF);
        for (int i : {1, 3, 4, 5, 6, 7, 8, 9}) CHECK(bits[i] == edges[i]);
        const at::Tensor ints = again.view(at::kInt), wanted = master.view(at::kInt);
        const at::Tensor other = ints != wanted;
        const at::Tensor tie = at::bitwise_and(wanted, 0x1FFFF) == 0x8000;
        CHECK(at::equal(other, tie));
        // What was split once stays as it is: a checkpoint holds the joined master.
        ops::split_master(data<float>(again), data<uint16_t>(p), data<int16_t>(rest), n);
        CHECK(at::equal(p, master.to(at::kBFloat16)));
        ops::join_master(data<uint16_t>(p), data<int16_t>(rest), data<float>(twice), n);
        CHECK(at::equal(again, twice));
    });
}

TEST_CASE("sums of squares") {
    at::manual_seed(54);
    on_each_isa([&] {
        for (int64_t n : {1, 16, 19, 4096}) {
            const at::Tensor x = at::randn({n}), y = x.to(at::kBFloat16);
            auto wanted = [](const at::Tensor& t) {
                return t.to(at::kDouble).square().sum().item<double>();
            };
            CHECK(ops::squares(data<const float>(x), n) == Approx(wanted(x)).epsilon(1e-6));
            CHECK(ops::squares(data<const uint16_t>(y), n) == Approx(wanted(y)).epsilon(1e-6));
        }
    });
}
