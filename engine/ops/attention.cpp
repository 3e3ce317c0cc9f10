// SPDX-License-Identifier: Apache-2.0
#include "ops/attention.h"

#include <limits>

#include "core/error.h"
#include "ops/grad.h"
#include "ops/observer.h"

namespace moonlet::ops {

namespace {

void check_shape(const at::Tensor& given, int64_t columns, const char* what) {
    if (given.dim() != 2 || given.size(1) != columns)
        throw Error(std::string(what) + " of another shape than the ids",
                    "[batch, " + std::to_string(columns) + "]");
}

}  // namespace

AttentionMask make_mask(const MaskOptions& o) {
    const int64_t keys = o.past + o.queries;
    at::Tensor padding = o.padding;
    if (padding.defined()) {
        check_shape(padding, keys, "an attention mask");
        padding = padding.to(at::kBool);
        if (o.device.is_cpu() && padding.all().item<bool>()) padding.reset();
    }
    if (o.documents.defined()) {
        check_shape(o.documents, o.queries, "document ids");
        if (o.past > 0) throw Error("document ids together with a cache", "one or the other");
    }
    if (!padding.defined() && !o.documents.defined()) {
        if (!o.causal || o.queries == 1) return {};
        if (o.past == 0) return {true, {}};
    }
    at::NoGradGuard no_grad;
    auto ints = at::TensorOptions().dtype(at::kLong).device(o.device);
    at::Tensor query = at::arange(o.past, keys, ints).unsqueeze(1), key = at::arange(keys, ints);
    at::Tensor seen;  // [T, S], then [B, T, S]
    if (o.causal) seen = key <= query;
    if (padding.defined()) {
        at::Tensor real = padding.unsqueeze(1);
        seen = seen.defined() ? at::logical_and(seen, real) : real;
    }
    if (o.documents.defined()) {
        at::Tensor same = o.documents.unsqueeze(2) == o.documents.unsqueeze(1);
        seen = seen.defined() ? at::logical_and(seen, same) : same;
    }
    if (padding.defined()) seen = at::logical_or(seen, key == query);
    if (seen.dim() == 2) seen = seen.unsqueeze(0);
    at::Tensor bias = at::zeros(seen.sizes(), ints.dtype(o.dtype));
    bias.masked_fill_(at::logical_not(seen), -std::numeric_limits<double>::infinity());
    return {false, bias.unsqueeze(1)};
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const AttentionMask& mask, double scale) {
    if (Observer* observer = Observer::current())
        observer->attention([&] { return attention_probabilities(q, k, mask, scale); });
    c10::optional<at::Tensor> bias;
    if (mask.bias.defined()) bias = mask.bias;
    bool grouped = q.size(1) != k.size(1);
    return at::scaled_dot_product_attention(q, k, v, bias, 0.0, mask.causal, scale, grouped);
}

at::Tensor attention_probabilities(const at::Tensor& q, const at::Tensor& k,
                                   const AttentionMask& mask, double scale) {
    at::Tensor keys = k.repeat_interleave(q.size(1) / k.size(1), 1);
    at::Tensor scores = at::matmul(q, keys.transpose(-2, -1)) * scale;
    if (mask.bias.defined()) scores = scores + mask.bias;
    if (mask.causal) {
        at::Tensor above =
            at::ones({q.size(2), k.size(2)}, scores.options().dtype(at::kBool)).triu(1);
        scores = scores.masked_fill(above, -std::numeric_limits<double>::infinity());
    }
    return at::softmax(scores, -1);
}

at::Tensor attention_plain(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           const AttentionMask& mask, double scale) {
    at::Tensor values = v.repeat_interleave(q.size(1) / v.size(1), 1);
    return at::matmul(attention_probabilities(q, k, mask, scale), values);
}

}  // namespace moonlet::ops
