// SPDX-License-Identifier: Apache-2.0
// Layers that several families share, each a few tensors and a call. What only one family has stays
// in its file.
#pragma once

#include <optional>

#include "models/inputs.h"
#include "models/parameters.h"
#include "ops/activation.h"
#include "ops/decode_attention.h"
#include "ops/decode_mlp.h"
#include "ops/few_rows.h"
#include "ops/layer_norm.h"
#include "ops/rms_norm.h"

namespace moonlet {

struct RmsNorm {
    at::Tensor weight;
    double eps;
    ops::NormWeight kind;
    RmsNorm(Parameters& p, const std::string& name, int64_t width, double eps,
            ops::NormWeight kind = ops::NormWeight::rounded)
        : weight(p.tensor(name + ".weight", {width},
                          {kind == ops::NormWeight::one_plus ? Init::zeros : Init::ones})),
          eps(eps),
          kind(kind) {}
    at::Tensor operator()(const at::Tensor& x) const { return ops::rms_norm(x, weight, eps, kind); }
};

struct LayerNorm {
    at::Tensor weight, bias;
    double eps;
    // Checkpoints that came from TensorFlow call the two gamma and beta.
    LayerNorm(Parameters& p, const std::string& name, int64_t width, double eps) : eps(eps) {
        bool old = p.has(name + ".gamma");
        weight = p.tensor(name + (old ? ".gamma" : ".weight"), {width}, {Init::ones});
        bias = p.tensor(name + (old ? ".beta" : ".bias"), {width}, {Init::zeros});
    }
    at::Tensor operator()(const at::Tensor& x) const {
        return ops::layer_norm(x, weight, bias, eps);
    }
};

// down(act(gate(x)) * up(x))
struct GatedMlp {
    Linear gate, up, down;
    ops::Activation act;
    GatedMlp(Parameters& p, const std::string& name, int64_t width, int64_t inner, bool bias,
             const std::string& activation, Init init)
        : gate(p.linear(name + ".gate_proj", width, inner, bias, init)),
          up(p.linear(name + ".up_proj", width, inner, bias, init)),
          down(p.linear(name + ".down_proj", inner, width, bias, init)),
          act(ops::activation(activation)) {}
    at::Tensor operator()(const at::Tensor& x) const {
        return ops::gated_mlp(x, gate, up, down, act);
    }
};

// x times a number that was first rounded to x's dtype, as transformers' embedding scales are.
inline at::Tensor scaled(const at::Tensor& x, double by) {
    return x * at::scalar_tensor(float(by), x.options());
}
// cap * tanh(x / cap); 0: x.
inline at::Tensor softcapped(const at::Tensor& x, double cap) {
    return cap > 0 ? at::tanh(x / cap) * cap : x;
}

// [B, T, H * D] -> [B, T, H, D]; heads_first: -> [B, H, T, D], a view.
inline at::Tensor split_heads(const at::Tensor& x, int64_t heads) {
    return x.unflatten(-1, {heads, -1});
}
inline at::Tensor heads_first(const at::Tensor& x) { return x.transpose(1, 2); }
// [B, H, T, D] -> [B, T, H * D]
inline at::Tensor merge_heads(const at::Tensor& x) { return x.transpose(1, 2).flatten(2); }

// What a layer's attention does whatever its projections are called: turn queries and keys, take
// all keys so far from the cache, attend. Queries [B, T, H, D], keys and values [B, T, Hkv, D] ->
// [B, T, H * D].
struct Attend {
    int64_t layer = 0;
    bool sliding = false;  // sees what is inside the window alone
    ops::AttentionOptions options;

    at::Tensor operator()(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const ops::Angles& angles, const PreparedInput& input) const {
        if (ops::few_rows(q, q.size(0) * q.size(1)))
            if (ops::PagedCall call = paged(input, angles);
                ops::takes_pages(call, q.size(0), q.size(1), k.size(2), q.size(3)) &&
                q.stride(3) == 1 && k.stride(3) == 1 && v.stride(3) == 1)
                return ops::attend_pages(q, k, v, call);
        at::Tensor queries = ops::rotate(heads_first(q), angles);
        at::Tensor keys = ops::rotate(heads_first(k), angles), values = heads_first(v);
        if (input.cache) std::tie(keys, values) = input.cache->update(layer, keys, values);
        return merge_heads(
            ops::attention(queries, keys, values, sliding ? input.sliding : input.mask, options));
    }
    // What native code is told of this layer's pages, which may be none.
    ops::PagedCall paged(const PreparedInput& input, const ops::Angles& angles) const {
        return {pages_of(input, layer), &options, &angles, sliding ? input.window : 0};
    }
};

// Attention as the checkpoints of Llama's kin hold it: q_proj, k_proj, v_proj, o_proj.
struct AttentionShape {
    int64_t width, heads, kv_heads, head_dim;
    double scale;
    Init init = {};
    bool bias = false;      // of queries, keys and values
    bool out_bias = false;  // of the output
    bool sliding = false;
    double softcap = 0;
    bool sinks = false;  // a learned score per head, "<name>.sinks"
    // q_norm and k_norm: over each head, or over all heads together.
    enum { no_norm, norm_of_heads, norm_of_all } norm = no_norm;
    double eps = 0;
    ops::NormWeight norm_weight = ops::NormWeight::rounded;
};

struct Attention {
    Linear q, k, v, o;
    std::optional<RmsNorm> q_norm, k_norm;
    int64_t heads, kv_heads;
    bool norm_first;  // before the heads are parted
    Attend attend;

    Attention(Parameters& p, const std::string& name, const AttentionShape& s, int64_t layer)
        : q(p.linear(name + ".q_proj", s.width, s.heads * s.head_dim, s.bias, s.init)),
          k(p.linear(name + ".k_proj", s.width, s.kv_heads * s.head_dim, s.bias, s.init)),
          v(p.linear(name + ".v_proj", s.width, s.kv_heads * s.head_dim, s.bias, s.init)),
          o(p.linear(name + ".o_proj", s.heads * s.head_dim, s.width, s.out_bias, s.init)),
          heads(s.heads),
          kv_heads(s.kv_heads),
          norm_first(s.norm == AttentionShape::norm_of_all),
          attend{layer, s.sliding, {s.scale, s.softcap, {}}} {
        if (s.norm != AttentionShape::no_norm) {
            q_norm.emplace(p, name + ".q_norm", norm_first ? s.heads * s.head_dim : s.head_dim,
                           s.eps, s.norm_weight);
            k_norm.emplace(p, name + ".k_norm", norm_first ? s.kv_heads * s.head_dim : s.head_dim,
                           s.eps, s.norm_weight);
        }
        if (s.sinks) attend.options.sinks = p.tensor(name + ".sinks", {s.heads}, s.init);
    }

    at::Tensor operator()(const at::Tensor& x, const ops::Angles& angles,
                          const PreparedInput& input) const {
        if (ops::few_rows(x)) {
            ops::AttentionStep step = {q.weight()->row_kernel(),
                                       k.weight()->row_kernel(),
                                       v.weight()->row_kernel(),
                                       o.weight()->row_kernel(),
                                       heads,
                                       kv_heads,
                                       step_norm(q_norm),
                                       step_norm(k_norm),
                                       norm_first};
            if (step.q && step.k && step.v && step.out)
                if (ops::PagedCall call = attend.paged(input, angles); ops::takes_pages(
                        call, x.size(0), x.size(1), kv_heads, q.weight()->out_features() / heads))
                    return ops::attention_step(x, step, call);
        }
        return o(attend(parted(q(x), heads, q_norm), parted(k(x), kv_heads, k_norm),
                        split_heads(v(x), kv_heads), angles, input));
    }

  private:
    static ops::StepNorm step_norm(const std::optional<RmsNorm>& norm) {
        return norm ? ops::StepNorm{norm->weight, norm->eps, norm->kind} : ops::StepNorm{};
    }
    at::Tensor parted(const at::Tensor& x, int64_t count,
                      const std::optional<RmsNorm>& norm) const {
        if (!norm) return split_heads(x, count);
        return norm_first ? split_heads((*norm)(x), count) : (*norm)(split_heads(x, count));
    }
};

}  // namespace moonlet
