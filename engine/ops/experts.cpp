// SPDX-License-Identifier: Apache-2.0
#include "ops/experts.h"

#include <vector>

#include "core/error.h"
#include "ops/grad.h"
#include "ops/observer.h"

namespace moonlet::ops {

Routes route(const at::Tensor& logits, const RouteOptions& o) {
    if (o.top_k < 1 || o.top_k > logits.size(-1))
        throw Error(std::to_string(o.top_k) + " experts of a token",
                    "1 to " + std::to_string(logits.size(-1)));
    at::Tensor values, found;
    if (o.softmax_first) {
        std::tie(values, found) = at::topk(at::softmax(logits, -1, at::kFloat), o.top_k);
        if (o.normalize) values = values / values.sum(-1, true);
        if (!o.keep_wide) values = values.to(logits.scalar_type());
    } else {
        std::tie(values, found) = at::topk(logits, o.top_k);
        values = at::softmax(values, -1);
    }
    if (Observer* observer = Observer::current()) observer->route(found, values);
    return {found, values};
}

at::Tensor experts(const at::Tensor& x, const Routes& routes, int64_t count, const Expert& expert) {
    const int64_t k = routes.experts.size(1);
    at::Tensor slots, rows, back, sizes;  // where things go is no matter of gradients
    {
        at::NoGradGuard no_grad;
        at::Tensor numbers;
        std::tie(numbers, slots) = routes.experts.sort(1);
        at::Tensor flat = numbers.flatten(), order = at::argsort(flat, /*stable=*/true, 0, false);
        rows = order.div(k, "floor");
        back = at::argsort(order);
        sizes = at::bincount(flat, {}, count).cpu();
    }
    at::Tensor grouped = x.index_select(0, rows);
    std::vector<at::Tensor> parts;
    const int64_t* size = sizes.const_data_ptr<int64_t>();
    for (int64_t i = 0, begin = 0; i < count; begin += size[i++])
        if (size[i] > 0) parts.push_back(expert(i, grouped.narrow(0, begin, size[i])));
    at::Tensor found = at::cat(parts).index_select(0, back).view({x.size(0), k, -1});
    at::Tensor weights = routes.weights.gather(1, slots).unsqueeze(-1), sum;
    for (int64_t j = 0; j < k; ++j) {
        at::Tensor part = (found.select(1, j) * weights.select(1, j)).to(x.scalar_type());
        sum = sum.defined() ? sum + part : part;
    }
    return sum;
}

at::Tensor experts_plain(const at::Tensor& x, const Routes& routes, int64_t count,
                         const Expert& expert) {
    at::Tensor weights = at::zeros({x.size(0), count}, routes.weights.options())
                             .scatter(1, routes.experts, routes.weights);
    at::Tensor sum = at::zeros_like(x);
    for (int64_t i = 0; i < count; ++i)
        sum = sum + (expert(i, x) * weights.narrow(1, i, 1)).to(x.scalar_type());
    return sum;
}

at::Tensor clamped_swiglu(const at::Tensor& x, double alpha, double limit) {
    at::Tensor pairs = x.unflatten(-1, {-1, 2});
    at::Tensor gate = pairs.select(-1, 0).clamp_max(limit);
    at::Tensor up = pairs.select(-1, 1).clamp(-limit, limit);
    return (up + 1) * (gate * at::sigmoid(gate * alpha));
}

}  // namespace moonlet::ops
