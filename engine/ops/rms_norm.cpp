// SPDX-License-Identifier: Apache-2.0
// On the CPU in f32 and bf16 one kernel serves both speeds: recorded calls keep x and compute the
// rest again on the way back.
#include "ops/rms_norm.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <mutex>

#include "ops/again.h"
#include "ops/cuda_plugin.h"
#include "ops/grad.h"
#include "ops/rms_norm_kernel.h"

namespace moonlet::ops {

namespace {

constexpr int64_t kGrain = 16384;  // values a thread takes at least: below, waking it costs more

NormRows rows_kind(NormWeight kind) {
    if (kind == NormWeight::rounded) return NormRows::rounded;
    return kind == NormWeight::wide ? NormRows::wide : NormRows::one_plus;
}

constexpr int64_t kSumRows = 16;  // of a weight's gradient in f32, before they are added in f64

// Calls work(first row, number of rows) on the threads.
template <class Work>
void share_out(int64_t rows, int64_t n, Work work) {
    at::parallel_for(0, rows, std::max<int64_t>(1, kGrain / std::max<int64_t>(1, n)),
                     [&](int64_t begin, int64_t end) { work(begin, end - begin); });
}

template <class T>
at::Tensor on_cpu(const at::Tensor& x, const at::Tensor& weight, double eps, NormWeight kind) {
    at::Tensor source = x.contiguous(), scale = weight.contiguous();
    at::Tensor y = at::empty_like(source, at::MemoryFormat::Contiguous);
    const T* from = static_cast<const T*>(source.const_data_ptr());
    const T* w = static_cast<const T*>(scale.const_data_ptr());
    T* to = static_cast<T*>(y.data_ptr());
    const int64_t n = x.size(-1);
    share_out(x.numel() / n, n, [&](int64_t begin, int64_t count) {
        rms_norm_rows(from + begin * n, w, to + begin * n, count, n, float(eps), rows_kind(kind));
    });
    return y;
}

struct Gradients {
    at::Tensor x, weight;
};

template <class T>
Gradients back_on_cpu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& dy,
                      double eps, NormWeight kind, bool of_weight) {
    at::Tensor source = x.contiguous(), scale = weight.contiguous(), given = dy.contiguous();
    at::Tensor dx = at::empty_like(source, at::MemoryFormat::Contiguous), sum;
    const int64_t n = x.size(-1);
    if (of_weight) sum = at::zeros({n}, x.options().dtype(at::kDouble));
    const T* from = static_cast<const T*>(source.const_data_ptr());
    const T* w = static_cast<const T*>(scale.const_data_ptr());
    const T* g = static_cast<const T*>(given.const_data_ptr());
    T* to = static_cast<T*>(dx.data_ptr());
    // A sum for each thread, added in their order: the same bits whenever as many compute.
    std::vector<at::Tensor> parts(size_t(at::get_num_threads()));
    share_out(x.numel() / n, n, [&](int64_t begin, int64_t count) {
        auto rows = [&](int64_t first, int64_t some, float* part) {
            rms_norm_backward_rows(from + first * n, w, g + first * n, to + first * n, part, some,
                                   n, float(eps), rows_kind(kind));
        };
        if (!of_weight) return rows(begin, count, nullptr);
        at::Tensor& mine = parts[size_t(at::get_thread_num())];
        if (!mine.defined()) mine = at::zeros_like(sum);
        double* total = mine.data_ptr<double>();
        std::vector<float> part(static_cast<size_t>(n));
        for (int64_t first = begin; first < begin + count; first += kSumRows) {
            std::fill(part.begin(), part.end(), 0.0f);
            rows(first, std::min(kSumRows, begin + count - first), part.data());
            for (int64_t i = 0; i < n; ++i) total[i] += double(part[size_t(i)]);
        }
    });
    for (const at::Tensor& part : parts)
        if (part.defined()) sum.add_(part);
    return {dx.view(x.sizes()), of_weight ? sum.to(weight.scalar_type()) : at::Tensor()};
}

bool has_kernel(const at::Tensor& x, const at::Tensor& weight) {
    return x.is_cpu() && weight.is_cpu() && x.scalar_type() == weight.scalar_type() &&
           (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) && x.numel() > 0;
}

at::Tensor fused(const at::Tensor& x, const at::Tensor& weight, double eps, NormWeight kind) {
    return x.scalar_type() == at::kFloat ? on_cpu<float>(x, weight, eps, kind)
                                         : on_cpu<uint16_t>(x, weight, eps, kind);
}

constexpr const char* kMade = "made again";

struct RmsNormNode : torch::autograd::Function<RmsNormNode> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                              const at::Tensor& weight, double eps, int64_t kind) {
        context->save_for_backward({x, weight});
        context->saved_data["eps"] = eps;
        context->saved_data["kind"] = kind;
        return fused(x, weight, eps, NormWeight(kind));
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &weight = saved[1];
        const double eps = context->saved_data["eps"].toDouble();
        const auto kind = NormWeight(context->saved_data["kind"].toInt());
        const bool of_weight = context->needs_input_grad(1);
        context->saved_data.erase(kMade);
        Gradients g = x.scalar_type() == at::kFloat
                          ? back_on_cpu<float>(x, weight, gradients[0], eps, kind, of_weight)
                          : back_on_cpu<uint16_t>(x, weight, gradients[0], eps, kind, of_weight);
        return {g.x, g.weight, {}, {}};
    }
};

}  // namespace

// Kept until the node's own backward pass: several products read one norm.
bool rms_norm_again(torch::autograd::Node& node, at::Tensor* y) {
    auto* ours = dynamic_cast<torch::autograd::CppNode<RmsNormNode>*>(&node);
    if (!ours || !y) return ours != nullptr;
    auto& data = ours->ctx_.saved_data;
    if (auto made = data.find(kMade); made != data.end()) {
        *y = made->second.toTensor();
        return true;
    }
    const auto saved = ours->ctx_.get_saved_variables();
    *y = fused(saved[0], saved[1], data["eps"].toDouble(), NormWeight(data["kind"].toInt()));
    data[kMade] = *y;
    return true;
}

at::Tensor rms_norm_plain(const at::Tensor& x, const at::Tensor& weight, double eps,
                          NormWeight kind) {
    const at::ScalarType type = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    at::Tensor wide = x.to(type);
    at::Tensor even = wide * at::rsqrt(wide.pow(2).mean(-1, true) + eps);
    if (kind == NormWeight::rounded) return weight * even.to(x.scalar_type());
    at::Tensor scale = weight.to(type);
    return (even * (kind == NormWeight::one_plus ? 1 + scale : scale)).to(x.scalar_type());
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, NormWeight kind) {
    const bool recording = records_gradient(x, weight);
    if (has_kernel(x, weight))
        return recording ? RmsNormNode::apply(x, weight, eps, int64_t(kind))
                         : fused(x, weight, eps, kind);
    if (!recording && kind == NormWeight::rounded && x.is_cuda() && weight.is_cuda() &&
        x.scalar_type() == weight.scalar_type() && x.numel() > 0 && cuda_kernels().rms_norm) {
        at::Tensor y;
        if (cuda_kernels().rms_norm(x, weight, eps, y)) return y;
    }
    return rms_norm_plain(x, weight, eps, kind);
}

}  // namespace moonlet::ops
