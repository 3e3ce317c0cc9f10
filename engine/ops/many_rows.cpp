// SPDX-License-Identifier: Apache-2.0
#include "ops/many_rows.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>
#include <string_view>

#include "ops/again.h"
#include "ops/cpu/isa.h"
#include "ops/grad.h"

namespace moonlet::ops {

namespace {

constexpr int64_t kLeastRows = 16;
constexpr int64_t kLeastProducts = 1 << 22;  // below, preparing oneDNN's call costs as much

using OneDnnLinear = at::Tensor(const at::Tensor&, const at::Tensor&,
                                const std::optional<at::Tensor>&, std::string_view,
                                c10::List<std::optional<at::Scalar>>,
                                std::optional<std::string_view>);

// oneDNN's product of f32 tensors as LibTorch registers it; none: built without.
const std::optional<c10::TypedOperatorHandle<OneDnnLinear>>& onednn_linear() {
    static const auto handle = []() -> std::optional<c10::TypedOperatorHandle<OneDnnLinear>> {
        const auto found =
            c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
        if (!found || !found->hasKernelForDispatchKey(c10::DispatchKey::CPU)) return std::nullopt;
        return found->typed<OneDnnLinear>();
    }();
    return handle;
}

bool intel() {
#ifdef __x86_64__
    static const bool is = __builtin_cpu_is("intel");
    return is;
#else
    return true;
#endif
}

bool by_onednn(const at::Tensor& a, const at::Tensor& b) {
    return cpu::isa() >= cpu::Isa::avx512 && !intel() && a.is_cpu() && b.is_cpu() &&
           a.scalar_type() == at::kFloat && b.scalar_type() == at::kFloat && a.dim() == 2 &&
           a.size(0) >= kLeastRows && a.size(0) * a.size(1) * b.size(0) >= kLeastProducts &&
           onednn_linear();
}

at::Tensor rows_of(const at::Tensor& x) { return x.reshape({-1, x.size(-1)}); }

struct LinearNode : torch::autograd::Function<LinearNode> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                              const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
        const bool of_weight = weight.requires_grad();
        context->save_for_backward({of_weight ? KeptInput::keep(context, x) : at::Tensor(),
                                    x.requires_grad() ? weight : at::Tensor()});
        if (bias) context->saved_data["bias"] = true;
        std::vector<int64_t> shape = x.sizes().vec();
        shape.back() = weight.size(0);
        return times_transposed(rows_of(x), weight, bias.value_or(at::Tensor())).view(shape);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const at::Tensor dy = rows_of(gradients[0]);
        at::Tensor dx, dweight, dbias;
        if (context->needs_input_grad(0)) {
            std::vector<int64_t> shape = gradients[0].sizes().vec();
            shape.back() = saved[1].size(1);
            dx = times_transposed(dy, saved[1].t()).view(shape);
        }
        if (context->needs_input_grad(1))
            dweight = at::mm(dy.t(), rows_of(KeptInput::take(context, saved[0])));
        // Only tensors that were there are counted as inputs.
        if (context->saved_data.count("bias") && context->needs_input_grad(2)) dbias = dy.sum(0);
        return {dx, dweight, dbias};
    }
};

}  // namespace

at::Tensor times_transposed(const at::Tensor& a, const at::Tensor& b, const at::Tensor& bias) {
    if (!by_onednn(a, b)) return at::linear(a, b, bias);
    return onednn_linear()->call(a, b, bias.defined() ? std::optional(bias) : std::nullopt, "none",
                                 c10::List<std::optional<at::Scalar>>(), "");
}

at::Tensor many_rows_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    const bool ours = x.is_cpu() && weight.is_cpu() && weight.dim() == 2 && x.numel() > 0 &&
                      x.size(-1) == weight.size(1) && x.scalar_type() == weight.scalar_type() &&
                      (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
    if (!ours) return at::linear(x, weight, bias);
    if (records_gradient(x, weight, bias))
        return LinearNode::apply(x, weight, bias.defined() ? std::optional(bias) : std::nullopt);
    if (x.scalar_type() != at::kFloat) return at::linear(x, weight, bias);
    std::vector<int64_t> shape = x.sizes().vec();
    shape.back() = weight.size(0);
    return times_transposed(rows_of(x), weight, bias).view(shape);
}

}  // namespace moonlet::ops
