// SPDX-License-Identifier: Apache-2.0
#include "ops/attention.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <limits>

#include "core/error.h"
#include "ops/attention_kernel.h"
#include "ops/decode_attention.h"
#include "ops/few_rows.h"
#include "ops/grad.h"
#include "ops/observer.h"

namespace moonlet::ops {

namespace {

constexpr double kHidden = -std::numeric_limits<double>::infinity();
constexpr int64_t kTileScores = 1 << 22;  // 16 MB of f32 scores at a time
constexpr int64_t kTileRows = 16;         // but at least so many queries: fewer make poor products

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
    if (o.window > 0 && !o.causal) throw Error("a sliding window without causality", "both");
    // The first query's window is the one that reaches furthest back.
    const bool windowed = o.window > 0 && o.window < keys;
    const int64_t first = windowed ? std::max<int64_t>(0, o.past + 1 - o.window) : 0;
    if (!padding.defined() && !o.documents.defined()) {
        if (!o.causal || o.queries == 1) return {false, {}, first, o.causal, o.window};
        if (o.past == 0 && !windowed) return {true, {}, 0, true, o.window};
    }
    at::NoGradGuard no_grad;
    auto ints = at::TensorOptions().dtype(at::kLong).device(o.device);
    at::Tensor query = at::arange(o.past, keys, ints).unsqueeze(1),
               key = at::arange(first, keys, ints);
    at::Tensor seen;  // [T, S], then [B, T, S]
    if (o.causal) seen = key <= query;
    if (windowed) seen.logical_and_(key > query - o.window);
    if (padding.defined()) {
        at::Tensor real = padding.narrow(1, first, keys - first).unsqueeze(1);
        seen = seen.defined() ? at::logical_and(seen, real) : real;
    }
    if (o.documents.defined()) {
        at::Tensor same = o.documents.unsqueeze(2) == o.documents.unsqueeze(1);
        seen = seen.defined() ? at::logical_and(seen, same) : same;
    }
    if (padding.defined()) seen = at::logical_or(seen, key == query);
    if (seen.dim() == 2) seen = seen.unsqueeze(0);
    at::Tensor bias = at::zeros(seen.sizes(), ints.dtype(o.dtype));
    bias.masked_fill_(at::logical_not(seen), kHidden);
    return {false, bias.unsqueeze(1), first,
            o.causal && !padding.defined() && !o.documents.defined(), o.window};
}

namespace {

// k or v without what the mask leaves out.
at::Tensor seen_part(const at::Tensor& x, const AttentionMask& mask) {
    return mask.first > 0 ? x.narrow(2, mask.first, x.size(2) - mask.first) : x;
}

at::Tensor above_diagonal(int64_t queries, int64_t keys, int64_t diagonal, const at::Tensor& like) {
    return at::ones({queries, keys}, like.options().dtype(at::kBool)).triu(diagonal);
}

// What scores, caps and the softmax are computed in; the shares are then rounded to the dtype.
at::ScalarType wide(const at::Tensor& x) {
    return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

// The formula as it is written, over the keys that someone sees.
at::Tensor seen_probabilities(const at::Tensor& q, const at::Tensor& k, const AttentionMask& mask,
                              const AttentionOptions& o) {
    at::Tensor keys = k.repeat_interleave(q.size(1) / k.size(1), 1);
    at::Tensor scores = at::matmul(q, keys.transpose(-2, -1)).to(wide(q)) * o.scale;
    if (o.softcap > 0) scores = at::tanh(scores / o.softcap) * o.softcap;
    if (mask.bias.defined()) scores = scores + mask.bias;
    if (mask.causal)
        scores = scores.masked_fill(above_diagonal(q.size(2), k.size(2), 1, scores), kHidden);
    if (o.sinks.defined()) {
        at::Tensor sink = o.sinks.to(scores.scalar_type()).view({1, -1, 1, 1});
        scores = at::cat({scores, sink.expand({q.size(0), -1, q.size(2), 1})}, -1);
    }
    at::Tensor weights = at::softmax(scores, -1).to(q.scalar_type());
    return weights.narrow(-1, 0, k.size(2));
}

// The same for some queries at a time, in place.
at::Tensor by_tiles(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                    const AttentionMask& mask, const AttentionOptions& o) {
    const int64_t batch = q.size(0), heads = q.size(1), queries = q.size(2), width = q.size(3);
    const int64_t groups = k.size(1), each = heads / groups;
    const int64_t rows =
        std::clamp<int64_t>(kTileScores / std::max<int64_t>(1, batch * heads * k.size(2)),
                            std::min<int64_t>(kTileRows, queries), queries);
    at::Tensor out = at::empty({batch, queries, heads, v.size(3)}, q.options()).transpose(1, 2);
    for (int64_t at = 0; at < queries; at += rows) {
        const int64_t n = std::min(rows, queries - at);
        const int64_t seen = mask.causal ? at + n : k.size(2);  // later keys nobody here sees
        // The heads of a group are rows of one product: their keys are read once, not copied.
        at::Tensor part = q.narrow(2, at, n).reshape({batch, groups, each * n, width});
        at::Tensor scores =
            at::matmul(part, k.narrow(2, 0, seen).transpose(-2, -1)).to(wide(q)).mul_(o.scale);
        if (o.softcap > 0) scores.div_(o.softcap).tanh_().mul_(o.softcap);
        scores = scores.view({batch, heads, n, seen});
        if (mask.bias.defined()) scores.add_(mask.bias.narrow(2, at, n));
        if (mask.causal) scores.masked_fill_(above_diagonal(n, seen, at + 1, scores), kHidden);
        at::Tensor total = at::logsumexp(scores, {-1}, true);
        if (o.sinks.defined())
            total = at::logaddexp(total, o.sinks.to(wide(q)).view({1, heads, 1, 1}));
        at::Tensor weights = scores.sub_(total).exp_().to(v.scalar_type());
        at::Tensor sum =
            at::matmul(weights.view({batch, groups, each * n, seen}), v.narrow(2, 0, seen));
        out.narrow(2, at, n).copy_(sum.view({batch, heads, n, v.size(3)}));
    }
    return out;
}

// Queries below which LibTorch's kernel, which packs nothing, is as fast; recorded or not.
constexpr int64_t kFewQueries = 8;

bool has_kernel(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                const AttentionMask& mask, const AttentionOptions& o) {
    return q.is_cpu() && o.softcap == 0 && !o.sinks.defined() && q.size(2) >= kFewQueries &&
           (q.scalar_type() == at::kFloat || q.scalar_type() == at::kBFloat16) &&
           k.scalar_type() == q.scalar_type() && v.scalar_type() == q.scalar_type() &&
           q.numel() > 0 && k.numel() > 0 && v.numel() > 0 &&
           (!mask.bias.defined() || (mask.bias.dim() == 4 && mask.bias.size(1) == 1));
}

at::Tensor with_rows(const at::Tensor& x) { return x.stride(3) == 1 ? x : x.contiguous(); }

// [B, H, T, D] with heads beside each other in memory, so that merging them costs nothing.
at::Tensor heads_inside(at::IntArrayRef shape, const at::TensorOptions& options) {
    return at::empty({shape[0], shape[2], shape[1], shape[3]}, options).transpose(1, 2);
}

HeadRows rows_of(const at::Tensor& x, int64_t batch, int64_t head) {
    if (!x.defined()) return {};
    char* at = static_cast<char*>(x.data_ptr());
    at += (batch * x.stride(0) + head * x.stride(1)) * int64_t(x.element_size());
    return {at, x.stride(1), x.stride(2)};
}

// The tensors of a call, each with unit steps along its rows.
struct Operands {
    at::Tensor q, k, v, bias, out, sums, dout, dq, dk, dv;
    bool causal = false;
    double scale = 1;

    AttentionGroup group(int64_t batch, int64_t head) const {
        AttentionGroup g;
        g.heads = q.size(1) / k.size(1);
        g.queries = q.size(2), g.keys = k.size(2);
        g.width = q.size(3), g.value_width = v.size(3);
        g.causal = causal, g.scale = float(scale);
        const int64_t first = head * g.heads;
        g.q = rows_of(q, batch, first), g.out = rows_of(out, batch, first);
        g.k = rows_of(k, batch, head), g.v = rows_of(v, batch, head);
        g.bias = rows_of(bias, bias.defined() && bias.size(0) > 1 ? batch : 0, 0);
        g.sums = sums.data_ptr<float>() + 2 * (batch * q.size(1) + first) * g.queries;
        g.dout = rows_of(dout, batch, first), g.dq = rows_of(dq, batch, first);
        g.dk = rows_of(dk, batch, head), g.dv = rows_of(dv, batch, head);
        return g;
    }
};

void forth(const Operands& x) {
    const int64_t groups = x.q.size(0) * x.k.size(1), heads = x.k.size(1), queries = x.q.size(2);
    // Few groups are cut into stretches of queries, whose keys are then packed more than once.
    const int64_t threads = at::get_num_threads();
    const int64_t cuts = std::clamp<int64_t>(2 * threads / groups, 1, (queries + 63) / 64);
    const int64_t stretch = (queries + cuts - 1) / cuts;
    const bool wide = x.q.scalar_type() == at::kFloat;
    const AttentionKernels& kernels = attention_kernels();
    at::parallel_for(0, groups * cuts, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t group = i / cuts, first = i % cuts * stretch;
            if (first >= queries) continue;
            (wide ? kernels.forward_f32 : kernels.forward_bf16)(
                x.group(group / heads, group % heads), first, std::min(queries, first + stretch));
        }
    });
}

void back(const Operands& x) {
    const int64_t heads = x.k.size(1);
    const bool wide = x.q.scalar_type() == at::kFloat;
    const AttentionKernels& kernels = attention_kernels();
    at::parallel_for(0, x.q.size(0) * heads, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            (wide ? kernels.backward_f32 : kernels.backward_bf16)(x.group(i / heads, i % heads));
    });
}

Operands forth(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
               const at::Tensor& bias, bool causal, double scale) {
    Operands x;
    x.q = with_rows(q), x.k = with_rows(k), x.v = with_rows(v);
    if (bias.defined()) x.bias = with_rows(bias.to(q.scalar_type()));
    x.causal = causal, x.scale = scale;
    x.out = heads_inside({q.size(0), q.size(1), q.size(2), v.size(3)}, q.options());
    x.sums = at::empty({q.size(0), q.size(1), q.size(2), 2}, q.options().dtype(at::kFloat));
    forth(x);
    return x;
}

// A node's arguments are tensors that are there.
std::optional<at::Tensor> optional(const at::Tensor& x) {
    return x.defined() ? std::optional<at::Tensor>(x) : std::nullopt;
}

struct AttentionNode : torch::autograd::Function<AttentionNode> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& q,
                              const at::Tensor& k, const at::Tensor& v,
                              const std::optional<at::Tensor>& given, bool causal, double scale) {
        const at::Tensor bias = given.value_or(at::Tensor());
        Operands x = forth(q, k, v, bias, causal, scale);
        context->save_for_backward({q, k, v, bias, x.out, x.sums});
        context->saved_data["causal"] = causal;
        context->saved_data["scale"] = scale;
        return x.out;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = context->get_saved_variables();
        Operands x;
        x.q = with_rows(saved[0]), x.k = with_rows(saved[1]), x.v = with_rows(saved[2]);
        if (saved[3].defined()) x.bias = with_rows(saved[3].to(x.q.scalar_type()));
        x.out = saved[4], x.sums = saved[5];
        x.dout = with_rows(gradients[0]);
        x.causal = context->saved_data["causal"].toBool();
        x.scale = context->saved_data["scale"].toDouble();
        x.dq = heads_inside(x.q.sizes(), x.q.options());
        x.dk = heads_inside(x.k.sizes(), x.k.options());
        x.dv = heads_inside(x.v.sizes(), x.v.options());
        back(x);
        return {x.dq, x.dk, x.dv, {}, {}, {}};
    }
};

}  // namespace

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const AttentionMask& mask, const AttentionOptions& o) {
    if (Observer* observer = Observer::current())
        observer->attention([&] { return attention_probabilities(q, k, mask, o); });
    if (mask.in_line && few_rows(q, q.size(0) * q.size(2)) && lies_in_pages(q, k, v))
        return attend_in_line(q, k, v, o, mask.window);
    at::Tensor keys = seen_part(k, mask), values = seen_part(v, mask);
    if (o.softcap > 0 || o.sinks.defined())
        return records_gradient(q, k, v, o.sinks) ? attention_plain(q, k, v, mask, o)
                                                  : by_tiles(q, keys, values, mask, o);
    if (records_gradient(q, k, v) && has_kernel(q, keys, values, mask, o))
        return AttentionNode::apply(q, keys, values, optional(mask.bias), mask.causal, o.scale);
    c10::optional<at::Tensor> bias;
    if (mask.bias.defined()) bias = mask.bias;
    bool grouped = q.size(1) != k.size(1);
    return at::scaled_dot_product_attention(q, keys, values, bias, 0.0, mask.causal, o.scale,
                                            grouped);
}

at::Tensor attention_probabilities(const at::Tensor& q, const at::Tensor& k,
                                   const AttentionMask& mask, const AttentionOptions& o) {
    return at::constant_pad_nd(seen_probabilities(q, seen_part(k, mask), mask, o), {mask.first, 0});
}

at::Tensor attention_plain(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           const AttentionMask& mask, const AttentionOptions& o) {
    at::Tensor values = seen_part(v, mask).repeat_interleave(q.size(1) / v.size(1), 1);
    return at::matmul(seen_probabilities(q, seen_part(k, mask), mask, o), values);
}

}  // namespace moonlet::ops
