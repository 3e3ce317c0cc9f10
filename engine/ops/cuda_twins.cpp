// SPDX-License-Identifier: Apache-2.0
#include "ops/cuda_twins.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ops/cuda/uniform.h"
#include "ops/rms_norm.h"

namespace moonlet::ops {

namespace {

// x [T, heads, D] at positions [T]; cos and sin are rounded to x's type, products are not.
at::Tensor turned(const at::Tensor& x, const at::Tensor& positions, const at::Tensor& inv_freq,
                  double magnitude) {
    const int64_t half = inv_freq.numel(), rest = x.size(-1) - 2 * half;
    at::Tensor angles = (positions.to(at::kFloat).unsqueeze(-1) * inv_freq).unsqueeze(1);
    auto rounded = [&](const at::Tensor& t) {
        return (t * float(magnitude)).to(x.scalar_type()).to(at::kFloat);
    };
    at::Tensor cosine = rounded(angles.cos()), sine = rounded(angles.sin());
    at::Tensor a = x.narrow(-1, 0, half).to(at::kFloat),
               b = x.narrow(-1, half, half).to(at::kFloat);
    at::Tensor first = (a * cosine - b * sine).to(x.scalar_type());
    at::Tensor second = (b * cosine + a * sine).to(x.scalar_type());
    return at::cat({first, second, x.narrow(-1, 2 * half, rest)}, -1);
}

}  // namespace

std::pair<at::Tensor, at::Tensor> add_rms_norm_plain(const at::Tensor& x,
                                                     const at::Tensor& residual,
                                                     const at::Tensor& weight, double eps) {
    at::Tensor sum = x + residual;
    return {sum, rms_norm_plain(sum, weight, eps, NormWeight::rounded)};
}

void rope_store_plain(at::Tensor& q, const at::Tensor& k, const at::Tensor& v, at::Tensor& keys,
                      at::Tensor& values, const at::Tensor& inv_freq, const at::Tensor& lengths,
                      double magnitude) {
    const int64_t count = q.size(1), capacity = keys.size(2);
    for (int64_t b = 0; b < q.size(0); ++b) {
        const int64_t begin = lengths[b].item<int64_t>();
        at::Tensor positions = at::arange(begin, begin + count, q.options().dtype(at::kLong));
        q[b].copy_(turned(q[b], positions, inv_freq, magnitude));
        const int64_t room = std::clamp<int64_t>(capacity - begin, 0, count);
        if (room == 0) continue;
        at::Tensor turned_keys = turned(k[b], positions, inv_freq, magnitude);
        keys[b].narrow(1, begin, room).copy_(turned_keys.narrow(0, 0, room).transpose(0, 1));
        values[b].narrow(1, begin, room).copy_(v[b].narrow(0, 0, room).transpose(0, 1));
    }
}

at::Tensor gemv_weight(const at::Tensor& codes, const at::Tensor& scales) {
    at::Tensor numbers = codes.to(at::kFloat);
    if (codes.scalar_type() == at::kByte) {
        at::Tensor low = codes.bitwise_and(15), high = codes.bitwise_right_shift(4);
        numbers = at::stack({low, high}, -1).flatten(1).to(at::kFloat) - 8;
    }
    const int64_t n = numbers.size(0), groups = scales.size(1);
    return (numbers.view({n, groups, -1}) * scales.to(at::kFloat).unsqueeze(-1)).view({n, -1});
}

at::Tensor gemv_plain(const at::Tensor& x, const at::Tensor& codes, const at::Tensor& scales,
                      const at::Tensor& bias) {
    at::Tensor y = at::matmul(x.to(at::kFloat), gemv_weight(codes, scales).t());
    if (bias.defined()) y = y + bias.to(at::kFloat);
    return y.to(x.scalar_type());
}

at::Tensor decode_attention_plain(const at::Tensor& q, const at::Tensor& keys,
                                  const at::Tensor& values, const at::Tensor& lengths, double scale,
                                  int64_t window) {
    const int64_t group = q.size(1) / keys.size(1);
    at::Tensor out = at::zeros_like(q);
    for (int64_t b = 0; b < q.size(0); ++b) {
        const int64_t length = std::min(lengths[b].item<int64_t>(), keys.size(2));
        if (length <= 0) continue;
        const int64_t first = window > 0 ? std::max<int64_t>(0, length - window) : 0;
        auto seen = [&](const at::Tensor& cache) {  // [H, positions, D]
            return cache[b]
                .narrow(1, first, length - first)
                .to(at::kFloat)
                .repeat_interleave(group, 0);
        };
        at::Tensor query = q[b].to(at::kFloat).unsqueeze(1) * float(scale);
        at::Tensor weights = at::matmul(query, seen(keys).transpose(1, 2)).softmax(-1);
        out[b].copy_(at::matmul(weights, seen(values)).squeeze(1).to(q.scalar_type()));
    }
    return out;
}

at::Tensor kept_scores(const at::Tensor& row, const SampleFilters& filters) {
    const float kOut = -std::numeric_limits<float>::infinity();
    at::Tensor logits = row.to(at::kCPU, at::kFloat);
    const int64_t vocab = logits.numel();
    at::Tensor scores = logits * float(1.0f / float(filters.temperature));
    if (filters.top_k > 0 && filters.top_k < vocab) {
        at::Tensor least = std::get<0>(logits.topk(filters.top_k)).min();
        scores.masked_fill_(logits < least, kOut);
    }
    if (filters.top_p < 1) {
        // Masses in whole units of 2^-40 of the likeliest, as the kernel counts them.
        const double unit = std::ldexp(1.0, 40);
        at::Tensor mass = ((scores - scores.max()).exp().to(at::kDouble) * unit).floor();
        auto [sorted, order] = logits.masked_fill(scores == kOut, kOut).sort(-1, true);
        at::Tensor before = mass.index_select(0, order).cumsum(0);
        const double wanted =
            std::max(1.0, std::ceil(mass.sum().item<double>() * double(float(filters.top_p))));
        const int64_t last = std::min<int64_t>((before < wanted).sum().item<int64_t>(), vocab - 1);
        scores.masked_fill_(logits < sorted[last], kOut);
    }
    if (filters.min_p > 0)
        scores.masked_fill_(scores - scores.max() < std::log(float(filters.min_p)), kOut);
    return scores;
}

at::Tensor sample_plain(const at::Tensor& logits, at::Tensor& state, const SampleFilters& filters) {
    at::Tensor ids = at::empty({logits.size(0)}, at::kLong);
    for (int64_t b = 0; b < logits.size(0); ++b) {
        at::Tensor row = logits[b].to(at::kCPU, at::kFloat);
        const auto seed = uint64_t(state[b][0].item<int64_t>()),
                   step = uint64_t(state[b][1].item<int64_t>());
        state[b][1].add_(1);
        const bool broken =
            row.isnan().any().item<bool>() || !std::isfinite(row.max().item<float>());
        const float inverse = 1.0f / float(filters.temperature);
        if (broken || filters.temperature <= 0 || !std::isfinite(inverse)) {
            ids[b] = broken ? -1 : row.argmax().item<int64_t>();
            continue;
        }
        at::Tensor scores = kept_scores(row, filters);
        const float* x = scores.const_data_ptr<float>();
        const float most = scores.max().item<float>();
        int64_t best = -1;
        float largest = 0;
        for (int64_t i = 0; i < scores.numel(); ++i) {
            if (std::isinf(x[i])) continue;
            const float noise = -std::log(cuda::uniform_of(seed, step, uint64_t(i)));
            const float key = x[i] - most - std::log(noise);
            if (best < 0 || key > largest) best = i, largest = key;
        }
        ids[b] = best;
    }
    return ids.to(logits.device());
}

}  // namespace moonlet::ops
