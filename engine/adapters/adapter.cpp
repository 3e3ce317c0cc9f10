// SPDX-License-Identifier: Apache-2.0
#include "adapters/adapter.h"

#include <algorithm>
#include <cmath>

#include "adapters/paths.h"
#include "core/error.h"
#include "core/random.h"
#include "ops/grad.h"

namespace moonlet {

namespace {

at::ScalarType adapter_dtype(at::ScalarType base) {
    return base == at::kDouble ? at::kDouble : at::kFloat;
}

// Uniform within 1/sqrt(in): kaiming_uniform_(a = sqrt 5), which is nn.Linear's own.
at::Tensor draw_a(int rank, const LinearWeight& weight, uint64_t seed, const std::string& path) {
    at::Tensor a = at::empty({rank, weight.in_features()}, at::kFloat);
    Random random(seed ^ name_hash(path));
    const double bound = 1 / std::sqrt(double(weight.in_features()));
    float* values = a.data_ptr<float>();
    for (int64_t i = 0; i < a.numel(); ++i) values[i] = float((2 * random.uniform() - 1) * bound);
    return a;
}

LoraPart part_of(const Adapter& adapter, const AdapterLayer& layer, double weight) {
    return {layer.a, layer.b, layer.scale * weight, name_hash(layer.path), adapter.dropout};
}

std::string names_text(const std::vector<std::unique_ptr<Adapter>>& list) {
    std::string text;
    for (const auto& adapter : list) text += (text.empty() ? "" : ", ") + quote(adapter->name);
    return text.empty() ? "none" : text;
}

}  // namespace

int64_t Adapter::parameters() const {
    int64_t sum = 0;
    for (const AdapterLayer& layer : layers) sum += layer.a.numel() + layer.b.numel();
    return sum;
}

size_t Adapter::bytes() const {
    size_t sum = 0;
    for (const AdapterLayer& layer : layers) sum += layer.a.nbytes() + layer.b.nbytes();
    return sum;
}

Adapters::Adapters(Model& network) : network_(network), linears_(network.parameters().linears()) {
    for (const auto& named : linears_) base_.push_back(named.linear.weight());
}

Adapters* Adapters::find(const Model& network) {
    return dynamic_cast<Adapters*>(network.overlay().get());
}

Adapters& Adapters::of(Model& network) {
    if (!find(network)) network.set_overlay(std::shared_ptr<Adapters>(new Adapters(network)));
    return *find(network);
}

Adapter& Adapters::keep(std::unique_ptr<Adapter> adapter) {
    if (adapter->name.empty()) throw Error("an adapter without a name", "a name");
    if (has(adapter->name))
        throw Error("there is an adapter " + quote(adapter->name) + " already", "another name",
                    "remove_adapter takes it away");
    list_.push_back(std::move(adapter));
    return *list_.back();
}

Adapter& Adapters::add(const std::string& name, const LoraConfig& config, uint64_t seed,
                       const std::string& base) {
    config.check();
    at::NoGradGuard no_grad;
    auto adapter = std::make_unique<Adapter>();
    adapter->name = name;
    adapter->config = config;
    adapter->dropout->p = config.dropout;
    adapter->base = base;
    const auto type = adapter_dtype(network_.parameters().dtype());
    const at::Device device = network_.parameters().device();
    for (size_t i = 0; i < linears_.size(); ++i) {
        const std::string path = module_path(network_, linears_[i].name);
        if (!config.targets_module(path, is_head(path))) continue;
        const LinearWeight& weight = *base_[i];
        const int rank = config.rank_of(path);
        at::Tensor b = at::zeros({weight.out_features(), rank},
                                 at::TensorOptions().dtype(type).device(device));
        adapter->layers.push_back({path, linears_[i].name,
                                   draw_a(rank, weight, seed, path).to(device, type), b,
                                   config.scale_of(path)});
    }
    if (adapter->layers.empty())
        throw Error("targets " + quote(config.targets_text(), 200) + " of no layer of a " +
                        network_.model_type() + " model",
                    "\"all-linear\" or some of " + last_parts(network_));
    adapter->base_hash = weights_hash(network_);
    return keep(std::move(adapter));
}

Adapter& Adapters::copy(const Adapter& from) {
    auto adapter = std::make_unique<Adapter>(from);
    adapter->weight = 0;
    adapter->merged = false;
    adapter->dropout = std::make_shared<LoraDropout>(LoraDropout{from.config.dropout, {}});
    for (AdapterLayer& layer : adapter->layers) {
        layer.a = layer.a.detach().clone();
        layer.b = layer.b.detach().clone();
    }
    return keep(std::move(adapter));
}

Adapter& Adapters::get(const std::string& name) {
    for (const auto& adapter : list_)
        if (adapter->name == name) return *adapter;
    throw Error("no adapter " + quote(name), "one of " + names_text(list_));
}

bool Adapters::has(const std::string& name) const {
    return std::any_of(list_.begin(), list_.end(), [&](auto& a) { return a->name == name; });
}

std::vector<std::string> Adapters::active() const {
    std::vector<std::string> names;
    for (const auto& adapter : list_)
        if (adapter->weight != 0) names.push_back(adapter->name);
    return names;
}

void Adapters::use(const std::vector<std::pair<std::string, double>>& names) {
    for (const auto& [name, weight] : names) {
        if (get(name).merged)
            throw Error("adapter " + quote(name) + " is merged into the weights", "", "unmerge it");
        if (!std::isfinite(weight)) throw Error("a weight of adapter " + quote(name), "a number");
    }
    for (const auto& adapter : list_) adapter->weight = 0;
    for (const auto& [name, weight] : names) get(name).weight = weight;
    lay();
}

void Adapters::lay() {
    std::unordered_map<std::string, std::vector<LoraPart>> parts;
    for (const auto& adapter : list_)
        if (adapter->weight != 0)
            for (const AdapterLayer& layer : adapter->layers)
                parts[layer.linear].push_back(part_of(*adapter, layer, adapter->weight));
    for (size_t i = 0; i < linears_.size(); ++i) {
        auto found = parts.find(linears_[i].name);
        linears_[i].linear.replace(found == parts.end() ? base_[i]
                                                        : std::make_shared<LoraWeight>(
                                                              base_[i], std::move(found->second)));
    }
}

void Adapters::remove(const std::string& name) {
    if (get(name).merged)
        throw Error("adapter " + quote(name) + " is merged into the weights", "", "unmerge it");
    list_.erase(std::find_if(list_.begin(), list_.end(), [&](auto& a) { return a->name == name; }));
    lay();
}

void Adapters::merge(const std::vector<std::string>& given) {
    at::NoGradGuard no_grad;
    const std::vector<std::string> names = given.empty() ? active() : given;
    if (names.empty()) throw Error("no adapter is on", "the name of one to merge");
    std::unordered_map<std::string, std::vector<LoraPart>> parts;
    for (const std::string& name : names) {
        const Adapter& adapter = get(name);
        if (adapter.merged) throw Error("adapter " + quote(name) + " is merged already");
        const double weight = adapter.weight != 0 ? adapter.weight : 1;
        for (const AdapterLayer& layer : adapter.layers)
            parts[layer.linear].push_back(part_of(adapter, layer, weight));
    }
    // All is computed before anything is exchanged.
    std::vector<Merge> merges;
    for (size_t i = 0; i < linears_.size(); ++i) {
        const std::string& name = linears_[i].name;
        auto found = parts.find(name);
        if (found == parts.end()) continue;
        if (std::string(base_[i]->kind()) != "plain")
            throw Error("merging into " + name + ", whose weight is " + base_[i]->kind(),
                        "plain weights", "open the model without quantisation");
        at::Tensor stored = stored_weight(network_, name), dense = base_[i]->dense_weight();
        const bool transposed = !dense.is_same(stored);
        at::Tensor sum = LoraWeight(base_[i], std::move(found->second)).dense_weight();
        at::Tensor merged = (transposed ? sum.t() : sum).contiguous();
        merges.push_back({name, base_[i], stored, merged, 0});
    }
    for (Merge& m : merges) {
        const bool transposed = !m.before->dense_weight().is_same(m.original);
        network_.parameters().exchange(m.linear + ".weight", m.merged);
        const size_t i = index_of(linears_, m.linear);
        base_[i] = transposed ? transposed_weight(m.merged, m.before->bias())
                              : plain_weight(m.merged, m.before->bias());
        m.version = uint32_t(m.merged._version());
        merges_.push_back(std::move(m));
    }
    for (const std::string& name : names) {
        get(name).merged = true;
        get(name).weight = 0;
    }
    lay();
}

void Adapters::unmerge() {
    for (const Merge& m : merges_)
        if (uint32_t(m.merged._version()) != m.version)
            throw Error("the weights were trained after merging", "those that merging made",
                        "load the model again");
    for (; !merges_.empty(); merges_.pop_back()) {
        const Merge& m = merges_.back();
        network_.parameters().exchange(m.linear + ".weight", m.original);
        base_[index_of(linears_, m.linear)] = m.before;
    }
    for (const auto& adapter : list_) adapter->merged = false;
    lay();
}

std::vector<Parameters::Entry> Adapters::tensors(const Adapter& adapter) {
    std::vector<Parameters::Entry> result;
    for (const AdapterLayer& layer : adapter.layers) {
        result.push_back({"base_model.model." + layer.path + ".lora_A.weight", layer.a});
        result.push_back({"base_model.model." + layer.path + ".lora_B.weight", layer.b});
    }
    return result;
}

std::string Adapters::describe() const {
    std::string text;
    for (const auto& adapter : list_)
        if (adapter->weight != 0) text += (text.empty() ? "adapter " : " + ") + adapter->name;
    for (const auto& adapter : list_)
        if (adapter->merged) text += (text.empty() ? "merged " : ", merged ") + adapter->name;
    return text;
}

size_t Adapters::bytes() const {
    size_t sum = 0;
    for (const auto& adapter : list_) sum += adapter->bytes();
    for (const Merge& m : merges_) sum += m.original.nbytes();
    return sum;
}

}  // namespace moonlet
