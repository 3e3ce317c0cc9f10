// SPDX-License-Identifier: Apache-2.0
// The filters work on one copy of the row in main memory: a vocabulary is at most about a megabyte,
// and walking it once is cheaper than the dozen small tensor operations the definitions suggest.
#include "generation/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "core/error.h"
#include "core/json.h"

namespace moonlet {

namespace {

constexpr float kOut = -std::numeric_limits<float>::infinity();

at::Tensor cpu_row(const at::Tensor& logits) {
    return logits.detach().to(at::kCPU, at::kFloat).reshape({-1}).contiguous();
}

// The lowest id among the most likely. The largest value is found by LibTorch's vectors, its first
// place by a loop that compares alone: a head of 150,000 rows is walked for every token.
int64_t greedy_id(const at::Tensor& row) {
    const float most = row.amax().item<float>();  // not a number where one of them is none
    if (std::isnan(most))
        throw Error("the model's logits hold NaN", "numbers",
                    "load it in another dtype, or lower the learning rate it was trained with");
    if (!std::isfinite(most))
        throw Error("the model's most likely logit is infinite", "a finite number");
    const float* x = row.const_data_ptr<float>();
    return std::find(x, x + row.numel(), most) - x;
}

// Sets to zero all but the smallest set of most likely entries with mass >= top_p; among equals the
// lower id is taken first. Only as much of the row is sorted as the set needs.
void keep_top_p(const float* score, float* p, int64_t n, double top_p) {
    std::vector<int32_t> order(n);
    std::iota(order.begin(), order.end(), 0);
    auto before = [&](int32_t a, int32_t b) {
        return score[a] > score[b] || (score[a] == score[b] && a < b);
    };
    double mass = 0;
    int64_t sorted = 0, kept = 0;
    for (int64_t step = 64; kept == sorted && sorted < n; step *= 8) {
        int64_t end = std::min(n, sorted + step);
        std::partial_sort(order.begin() + sorted, order.begin() + end, order.end(), before);
        sorted = end;
        while (kept < sorted && (kept == 0 || mass < top_p)) mass += p[order[kept++]];
    }
    for (int64_t i = kept; i < n; ++i) p[order[i]] = 0;
}

}  // namespace

void check_sampler(const SamplerOptions& o) {
    auto check = [](const char* name, double value, double least, double most, const char* wanted) {
        if (value >= least && value <= most) return;
        Json shown = value;
        throw Error(std::string(name) + " " + shown.dump(), wanted);
    };
    const double any = std::numeric_limits<double>::max();
    check("temperature", o.temperature, 0, any, "0 (greedy) or more");
    check("top_k", o.top_k, 0, any, "0 (off) or more");
    check("top_p", o.top_p, 0, 1, "a number from 0 to 1");
    check("min_p", o.min_p, 0, 1, "a number from 0 to 1");
    check("repetition_penalty", o.repetition_penalty, std::numeric_limits<double>::min(), any,
          "a number above 0 (1 = off)");
}

void apply_repetition_penalty(at::Tensor& logits, const std::vector<int>& seen, double penalty) {
    if (penalty == 1.0 || seen.empty()) return;
    std::vector<int64_t> ids(seen.begin(), seen.end());
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    // Ids past the head's rows can never be drawn, so nothing is owed to them.
    while (!ids.empty() && ids.back() >= logits.numel()) ids.pop_back();
    if (ids.empty()) return;
    auto index = at::tensor(ids, at::kLong).to(logits.device());
    auto x = logits.index_select(0, index);
    logits.index_copy_(0, index, at::where(x < 0, x * penalty, x / penalty));
}

at::Tensor filtered_probabilities(const at::Tensor& logits, const SamplerOptions& options) {
    at::Tensor row = cpu_row(logits);
    int64_t n = row.numel(), best = greedy_id(row);
    at::Tensor scores = options.temperature > 0 ? row.div(options.temperature) : row;
    // A temperature so small that the division overflows is a greedy one.
    if (options.temperature <= 0 || !std::isfinite(scores[best].item<float>())) {
        at::Tensor one = at::zeros({n}, at::kFloat);
        one[best] = 1.0;
        return one;
    }
    if (options.top_k > 0 && options.top_k < n) {
        float kth = std::get<0>(scores.topk(options.top_k)).min().item<float>();
        scores.masked_fill_(scores < kth, kOut);
    }
    at::Tensor probabilities = scores.softmax(0);
    float* p = probabilities.data_ptr<float>();
    if (options.top_p < 1.0) keep_top_p(scores.const_data_ptr<float>(), p, n, options.top_p);
    float least = static_cast<float>(options.min_p) * p[best];
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
        if (p[i] < least) p[i] = 0;
        sum += p[i];
    }
    return probabilities.div_(sum);
}

int draw(const at::Tensor& probabilities, Random& random) {
    const float* p = probabilities.const_data_ptr<float>();
    int64_t n = probabilities.numel(), last = 0;
    double left = random.uniform();
    for (int64_t i = 0; i < n; ++i) {
        if (p[i] <= 0) continue;
        last = i;
        left -= p[i];
        if (left < 0) break;
    }
    // Rounding may leave a crumb of mass: it belongs to the last entry that has any.
    return static_cast<int>(last);
}

int sample(const at::Tensor& logits, const SamplerOptions& options, Random& random) {
    if (options.temperature <= 0) return static_cast<int>(greedy_id(cpu_row(logits)));
    return draw(filtered_probabilities(logits, options), random);
}

}  // namespace moonlet
