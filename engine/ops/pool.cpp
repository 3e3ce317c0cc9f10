// SPDX-License-Identifier: Apache-2.0
#include "ops/pool.h"

#include <limits>

namespace moonlet::ops {

at::Tensor pool(const at::Tensor& states, const at::Tensor& mask, const std::string& kind) {
    at::Tensor x = states.to(at::kFloat), seen = mask.unsqueeze(-1).to(at::kFloat);  // [B, T, 1]
    if (kind == "cls") return x.select(1, 0) * seen.select(1, 0);
    if (kind == "max") {
        at::Tensor low = at::full({}, -std::numeric_limits<float>::infinity(), x.options());
        at::Tensor top = at::where(mask.unsqueeze(-1), x, low).amax(1);
        return at::where(mask.any(1, true), top, at::zeros({}, x.options()));
    }
    if (kind == "lasttoken") {
        at::Tensor last = (mask.sum(1) - 1).clamp_min(0);  // [B]
        at::Tensor rows = at::arange(x.size(0), last.options());
        return x.index({rows, last}) * mask.any(1, true).to(at::kFloat);
    }
    return (x * seen).sum(1) / seen.sum(1).clamp_min(1);
}

}  // namespace moonlet::ops
