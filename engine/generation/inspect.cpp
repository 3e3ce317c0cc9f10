// SPDX-License-Identifier: Apache-2.0
#include "generation/inspect.h"

#include <ATen/core/grad_mode.h>

#include "core/error.h"
#include "ops/observer.h"

namespace moonlet {

namespace {

at::Tensor to_cpu(const at::Tensor& x) { return x.to(at::kCPU, at::kFloat).clone(); }

// Reads `ids` with `observer` listening; the states after the last norm, [1, T, hidden_size].
at::Tensor read(LanguageModel& model, const std::vector<int>& ids, ops::Observer& observer) {
    Model& network = *model.network;
    const int64_t most = network.max_positions();
    if (ids.empty()) throw Error("no token ids", "at least one", "give some text");
    if (most > 0 && int64_t(ids.size()) > most)
        throw Error(std::to_string(ids.size()) + " tokens",
                    "at most " + std::to_string(most) + ", the model's context");
    for (int id : ids)
        if (id < 0 || id >= network.vocab_size())
            throw Error("token id " + std::to_string(id),
                        "0 to " + std::to_string(network.vocab_size() - 1));
    c10::InferenceMode inference;
    ops::Observing listen(observer);
    ModelInput input;
    input.ids = at::tensor(ids, at::kLong).unsqueeze(0).to(network.parameters().device());
    return network.hidden(input);
}

struct States : ops::Observer {
    std::vector<at::Tensor> inputs;
    void block(const at::Tensor& x) override { inputs.push_back(to_cpu(x[0])); }
};

struct OneLayer : ops::Observer {
    explicit OneLayer(int64_t layer) : wanted(layer) {}
    int64_t wanted, seen = 0;
    at::Tensor weights;
    void attention(const std::function<at::Tensor()>& probabilities) override {
        if (++seen == wanted) weights = to_cpu(probabilities()[0]);
    }
};

struct Routes : ops::Observer {
    std::vector<Route> layers;
    void route(const at::Tensor& experts, const at::Tensor& weights) override {
        layers.push_back({experts.to(at::kCPU, at::kLong).clone(), to_cpu(weights)});
    }
};

}  // namespace

at::Tensor hidden_states(LanguageModel& model, const std::vector<int>& ids) {
    States states;
    at::Tensor last = read(model, ids, states);
    states.inputs.push_back(to_cpu(last[0]));
    return at::stack(states.inputs);
}

at::Tensor attention_weights(LanguageModel& model, const std::vector<int>& ids, int64_t layer) {
    OneLayer one(layer);
    read(model, ids, one);
    if (one.seen == 0)
        throw Error("attention of a " + model.network->model_type() + " model",
                    "a family that has attention");
    if (!one.weights.defined())
        throw Error("layer " + std::to_string(layer), "1 to " + std::to_string(one.seen));
    return one.weights;
}

std::vector<Route> routes(LanguageModel& model, const std::vector<int>& ids) {
    Routes routes;
    read(model, ids, routes);
    if (routes.layers.empty())
        throw Error("the router of a " + model.network->model_type() + " model",
                    "a mixture of experts such as mixtral, qwen3_moe or gpt_oss");
    return routes.layers;
}

}  // namespace moonlet
