// SPDX-License-Identifier: Apache-2.0
// A layer's router and experts where each expert is a gated MLP with tensors of its own (Mixtral,
// Qwen3). Experts are Linears, so that quantisation and, named one by one, adapters reach them; the
// router is a plain tensor, which neither should touch: a rounded router sends tokens elsewhere.
#pragma once

#include <vector>

#include "models/parameters.h"
#include "ops/activation.h"
#include "ops/decode_mlp.h"
#include "ops/experts.h"
#include "ops/product.h"

namespace moonlet {

struct RoutedMlp {
    struct Sizes {
        int64_t width, inner, count;
    };
    struct Names {
        std::string router = "gate", gate = "gate_proj", up = "up_proj", down = "down_proj";
    };
    struct Expert {
        Linear gate, up, down;
    };
    at::Tensor router;  // [count, width]
    std::vector<Expert> experts;
    ops::RouteOptions routing;
    ops::Activation act;

    // `name`.<router>.weight and `name`.experts.N.<gate> …
    RoutedMlp(Parameters& p, const std::string& name, const Names& names, const Sizes& s,
              const ops::RouteOptions& routing, const std::string& activation, Init init)
        : router(p.tensor(name + "." + names.router + ".weight", {s.count, s.width}, init)),
          routing(routing),
          act(ops::activation(activation)) {
        for (int64_t i = 0; i < s.count; ++i) {
            const std::string expert = name + ".experts." + std::to_string(i) + ".";
            experts.push_back({p.linear(expert + names.gate, s.width, s.inner, false, init),
                               p.linear(expert + names.up, s.width, s.inner, false, init),
                               p.linear(expert + names.down, s.inner, s.width, false, init)});
        }
    }

    at::Tensor operator()(const at::Tensor& x) const {
        at::Tensor tokens = x.flatten(0, 1);
        ops::Routes routes = ops::route(ops::product(tokens, router), routing);
        auto compute = [this](int64_t i, const at::Tensor& rows) {
            const Expert& e = experts[size_t(i)];
            return ops::gated_mlp(rows, e.gate, e.up, e.down, act);
        };
        return ops::experts(tokens, routes, int64_t(experts.size()), compute).view(x.sizes());
    }
};

}  // namespace moonlet
