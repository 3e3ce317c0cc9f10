// SPDX-License-Identifier: Apache-2.0
// Layers that several families share, each a few tensors and a call. What only one family has stays
// in its file.
#pragma once

#include "models/parameters.h"
#include "ops/activation.h"
#include "ops/layer_norm.h"
#include "ops/rms_norm.h"

namespace moonlet {

struct RmsNorm {
    at::Tensor weight;
    double eps;
    RmsNorm(Parameters& p, const std::string& name, int64_t width, double eps)
        : weight(p.tensor(name + ".weight", {width}, {Init::ones})), eps(eps) {}
    at::Tensor operator()(const at::Tensor& x) const { return ops::rms_norm(x, weight, eps); }
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
        return down(ops::gated(act, gate(x), up(x)));
    }
};

// [B, T, H * D] -> [B, T, H, D]; heads_first: -> [B, H, T, D], a view.
inline at::Tensor split_heads(const at::Tensor& x, int64_t heads) {
    return x.unflatten(-1, {heads, -1});
}
inline at::Tensor heads_first(const at::Tensor& x) { return x.transpose(1, 2); }
// [B, H, T, D] -> [B, T, H * D]
inline at::Tensor merge_heads(const at::Tensor& x) { return x.transpose(1, 2).flatten(2); }

}  // namespace moonlet
