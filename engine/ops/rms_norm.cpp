// SPDX-License-Identifier: Apache-2.0
#include "ops/rms_norm.h"

#include <ATen/Parallel.h>

#include "ops/cuda_plugin.h"
#include "ops/grad.h"
#include "ops/rms_norm_kernel.h"

namespace moonlet::ops {

namespace {

constexpr int64_t kGrain = 16384;  // values a thread takes at least: below, waking it costs more

template <class T>
at::Tensor on_cpu(const at::Tensor& x, const at::Tensor& weight, double eps) {
    at::Tensor source = x.contiguous(), scale = weight.contiguous();
    at::Tensor y = at::empty_like(source, at::MemoryFormat::Contiguous);
    const T* from = static_cast<const T*>(source.const_data_ptr());
    const T* w = static_cast<const T*>(scale.const_data_ptr());
    T* to = static_cast<T*>(y.data_ptr());
    int64_t n = x.size(-1), rows = n ? x.numel() / n : 0;
    at::parallel_for(0, rows, std::max<int64_t>(1, kGrain / std::max<int64_t>(1, n)),
                     [&](int64_t begin, int64_t end) {
                         rms_norm_rows(from + begin * n, w, to + begin * n, end - begin, n,
                                       float(eps));
                     });
    return y;
}

}  // namespace

at::Tensor rms_norm_plain(const at::Tensor& x, const at::Tensor& weight, double eps,
                          NormWeight kind) {
    at::Tensor wide = x.to(at::kFloat);
    at::Tensor even = wide * at::rsqrt(wide.pow(2).mean(-1, true) + eps);
    if (kind == NormWeight::rounded) return weight * even.to(x.scalar_type());
    at::Tensor scale = weight.to(at::kFloat);
    return (even * (kind == NormWeight::one_plus ? 1 + scale : scale)).to(x.scalar_type());
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, NormWeight kind) {
    bool same_kind = x.scalar_type() == weight.scalar_type() && x.device() == weight.device();
    if (records_gradient(x, weight) || !same_kind || x.numel() == 0)
        return rms_norm_plain(x, weight, eps, kind);
    if (kind != NormWeight::rounded) {
        if (!x.is_cpu() || x.scalar_type() == at::kDouble)
            return rms_norm_plain(x, weight, eps, kind);
        at::Tensor scale = weight.to(at::kFloat);
        if (kind == NormWeight::one_plus) scale = scale + 1;
        return on_cpu<float>(x.to(at::kFloat), scale, eps).to(x.scalar_type());
    }
    if (x.is_cpu() && x.scalar_type() == at::kFloat) return on_cpu<float>(x, weight, eps);
    if (x.is_cpu() && x.scalar_type() == at::kBFloat16) return on_cpu<uint16_t>(x, weight, eps);
    if (x.is_cuda() && cuda_kernels().rms_norm) {
        at::Tensor y;
        if (cuda_kernels().rms_norm(x, weight, eps, y)) return y;
    }
    return rms_norm_plain(x, weight, eps, kind);
}

}  // namespace moonlet::ops
