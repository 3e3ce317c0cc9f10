// SPDX-License-Identifier: Apache-2.0
#include "adapters/paths.h"

#include <algorithm>

#include "core/error.h"

namespace moonlet {

namespace {

bool ends_with_path(const std::string& path, const std::string& end) {
    return path.size() > end.size() &&
           path.compare(path.size() - end.size(), end.size(), end) == 0 &&
           path[path.size() - end.size() - 1] == '.';
}

bool starts_with(const std::string& text, const std::string& begin) {
    return text.compare(0, begin.size(), begin) == 0;
}

// Does the class that config.json names put a head over the bare model, and so a prefix before it?
bool has_head_class(const Model& network) {
    auto classes = network.config().find("architectures");
    if (classes == network.config().end() || !classes->is_array() || classes->empty() ||
        !classes->front().is_string())
        return network.causal();
    const std::string name = classes->front().get<std::string>();
    return name.find("For") != std::string::npos || name.find("LMHead") != std::string::npos;
}

}  // namespace

uint64_t name_hash(const std::string& name) {
    uint64_t h = 14695981039346656037ull;
    for (unsigned char c : name) h = (h ^ c) * 1099511628211ull;
    return h;
}

std::string module_path(const Model& network, const std::string& linear) {
    const std::string prefix = Families::get(network.model_type()).prefix;
    const bool prefixed = starts_with(linear, prefix);
    if (is_head(linear) || starts_with(linear, "cls.")) return linear;
    if (has_head_class(network)) return prefixed ? linear : prefix + linear;
    return prefixed ? linear.substr(prefix.size()) : linear;
}

bool is_head(const std::string& path) {
    return path == "lm_head" || path == "embed_out" || is_classifier_name(path);
}

bool is_head_tensor(const std::string& name) { return is_classifier_name(name); }

std::string last_parts(Model& network) {
    std::vector<std::string> parts;
    for (const auto& named : network.parameters().linears()) {
        std::string part = named.name.substr(named.name.rfind('.') + 1);
        if (std::find(parts.begin(), parts.end(), part) == parts.end()) parts.push_back(part);
    }
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
    return text;
}

std::string linear_for(Model& network, const std::string& path) {
    std::string found;
    for (const auto& named : network.parameters().linears()) {
        const std::string ours = module_path(network, named.name);
        if (ours == path) return named.name;
        if (!ends_with_path(ours, path) && !ends_with_path(path, ours)) continue;
        if (!found.empty()) return "";
        found = named.name;
    }
    return found;
}

at::Tensor stored_weight(Model& network, const std::string& linear) {
    for (const Parameters::Entry& entry : network.parameters().entries())
        if (entry.name == linear + ".weight") return entry.tensor;
    throw Error("no stored weight of layer " + quote(linear, 120));
}

size_t index_of(const std::vector<Parameters::NamedLinear>& linears, const std::string& name) {
    for (size_t i = 0; i < linears.size(); ++i)
        if (linears[i].name == name) return i;
    throw Error("no layer " + quote(name, 120));
}

}  // namespace moonlet
