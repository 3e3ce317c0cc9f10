// SPDX-License-Identifier: Apache-2.0
#include "ops/decode_mlp.h"

#include <optional>
#include <utility>

#include "ops/cpu/pointwise.h"
#include "ops/decode_parts.h"
#include "ops/few_rows.h"

namespace moonlet::ops {

namespace {

std::optional<cpu::Gate> gate_of(Activation act) {
    static const std::pair<Activation, cpu::Gate> table[] = {
        {silu, cpu::Gate::silu},           {gelu, cpu::Gate::gelu},
        {gelu_tanh, cpu::Gate::gelu_tanh}, {gelu_quick, cpu::Gate::gelu_quick},
        {relu, cpu::Gate::relu},           {relu_squared, cpu::Gate::relu_squared},
        {at::tanh, cpu::Gate::tanh},
    };
    for (const auto& [function, gate] : table)
        if (function == act) return gate;
    return {};
}

template <class T>
at::Tensor step(const at::Tensor& given, const cpu::RowWeights& gate, const cpu::RowWeights& up,
                const cpu::RowWeights& down, cpu::Gate act) {
    const at::Tensor x = given.contiguous();
    const int64_t width = x.size(-1), rows = x.numel() / width;
    const int64_t inner = gate.out_features(), out = down.out_features();
    std::vector<int64_t> shape = x.sizes().vec();
    shape.back() = out;
    at::Tensor result = at::empty(shape, x.options());
    T* y = static_cast<T*>(result.data_ptr());
    Scratch& scratch = Scratch::of_this_thread();
    scratch.clear();
    float* sums = scratch.take<float>(rows * std::max(2 * inner, out));
    T* between = scratch.take<T>(rows * inner);
    InputRows &input = InputRows::of_this_thread(0), &next = InputRows::of_this_thread(1);
    constexpr bool kBf16 = sizeof(T) == 2;
    input.begin({&gate, &up}, x.const_data_ptr(), kBf16, rows, width);
    next.begin({&down}, between, kBf16, rows, inner);
    const Product last{&down, sums, out};

    Turns gates, downs;
    cpu::together(
        [&](cpu::Team& team) {
            if (input.converts()) {
                input.fill(team);
                team.barrier();
            }
            // The same columns of both, so that whoever has them can go on with them.
            gates.take(team, (inner + 15) / 16, [&](int64_t from, int64_t to) {
                const int64_t begin = from * 16, end = std::min(inner, to * 16);
                float *a = sums + begin, *b = a + inner;
                gate.multiply(input.rows(gate), begin, end, a, 2 * inner);
                up.multiply(input.rows(up), begin, end, b, 2 * inner);
                auto at = [&](const float* bias) { return bias ? bias + begin : nullptr; };
                for (int64_t row = 0; row < rows; ++row)
                    cpu::gated(act, a + row * 2 * inner, at(gate.bias()), b + row * 2 * inner,
                               at(up.bias()), end - begin, between + row * inner + begin);
            });
            team.barrier();
            if (next.converts()) {
                next.fill(team);
                team.barrier();
            }
            multiply(team, downs, next, &last, 1, [&](size_t, int64_t begin, int64_t end) {
                const float* bias = down.bias();
                for (int64_t row = 0; row < rows; ++row)
                    cpu::add_bias(sums + row * out + begin, bias ? bias + begin : nullptr,
                                  end - begin, y + row * out + begin);
            });
        },
        worth(rows * inner * (2 * width + out)));
    return result;
}

}  // namespace

bool has_gate(Activation act) { return gate_of(act).has_value(); }

at::Tensor mlp_step(const at::Tensor& x, const cpu::RowWeights& gate, const cpu::RowWeights& up,
                    const cpu::RowWeights& down, Activation act) {
    return x.scalar_type() == at::kFloat ? step<float>(x, gate, up, down, *gate_of(act))
                                         : step<uint16_t>(x, gate, up, down, *gate_of(act));
}

at::Tensor gated_mlp(const at::Tensor& x, const Linear& gate, const Linear& up, const Linear& down,
                     Activation act) {
    if (few_rows(x) && has_gate(act)) {
        const cpu::RowWeights *g = gate.weight()->row_kernel(), *u = up.weight()->row_kernel(),
                              *d = down.weight()->row_kernel();
        if (g && u && d) return mlp_step(x, *g, *u, *d, act);
    }
    return down(gated(act, gate(x), up(x)));
}

at::Tensor gate_step(Activation act, const at::Tensor& gate, const at::Tensor& up) {
    const at::Tensor a = gate.contiguous(), b = up.contiguous();
    at::Tensor result = at::empty(a.sizes(), a.options());
    const int64_t n = a.numel();
    if (a.scalar_type() == at::kFloat) {
        cpu::gated(*gate_of(act), a.const_data_ptr<float>(), nullptr, b.const_data_ptr<float>(),
                   nullptr, n, result.data_ptr<float>());
        return result;
    }
    const at::Tensor wide_a = a.to(at::kFloat), wide_b = b.to(at::kFloat);
    cpu::gated(*gate_of(act), wide_a.const_data_ptr<float>(), nullptr,
               wide_b.const_data_ptr<float>(), nullptr, n,
               static_cast<uint16_t*>(result.data_ptr()));
    return result;
}

}  // namespace moonlet::ops
