// SPDX-License-Identifier: Apache-2.0
// A GGUF's tensors under the checkpoint's names: every tensor of the file is looked up in the rows
// once, when the file is opened.
#include <set>
#include <sstream>

#include "core/error.h"
#include "models/gguf_model.h"

namespace moonlet {

namespace {

// What rope_from_gguf reads, not the network.
bool is_rope(const std::string& name) { return name.rfind("rope_f", 0) == 0; }

// One expert's share of a stack.
GgufTensor slice(const GgufTensor& stack, int64_t expert) {
    GgufTensor one = stack;
    const size_t count = size_t(stack.shape[0]);
    one.shape.erase(one.shape.begin());
    one.bytes = stack.bytes / count;
    one.data = stack.data + size_t(expert) * one.bytes;
    return one;
}

std::string shape_text(at::IntArrayRef shape) {
    std::ostringstream text;
    text << shape;
    return text.str();
}

}  // namespace

GgufSource::GgufSource(std::shared_ptr<const GgufModel> model, const GgufSizes& sizes)
    : model_(std::move(model)), sizes_(sizes) {
    std::string layer, expert, ending;
    std::set<std::string> used;
    for (const auto& [name, tensor] : model_->tensors()) {
        bool known = is_rope(name);
        for (const GgufTensorRow& row : model_->family().tensors)
            for (const std::string& pattern : row.gguf)
                if (matches(pattern, name, layer, expert, ending)) {
                    known = true;
                    if (&pattern != &row.gguf[0]) continue;  // its first one brings the others
                    take(row, *tensor, layer, expert);
                }
        if (!known) places_[name] = {nullptr, {tensor}, -1};
    }
}

void GgufSource::take(const GgufTensorRow& row, const GgufTensor& first, const std::string& layer,
                      const std::string& expert) {
    std::string l, e, ending;
    matches(row.gguf[0], first.name, l, e, ending);
    Place place{&row, {&first}, -1};
    for (size_t i = 1; i < row.gguf.size(); ++i) {
        const GgufTensor* part = model_->tensor(filled(row.gguf[i], layer, expert, ending));
        if (!part) return;  // the network will miss it by name
        place.parts.push_back(part);
    }
    if (row.move != GgufMove::experts) {
        places_.emplace(filled(row.hf, layer, expert, ending), place);
        return;
    }
    if (first.shape.size() != 3 || first.shape[0] < 1 || first.bytes < size_t(first.shape[0]))
        throw Error("tensor " + quote(first.name, 120) + " in " + model_->where() + " has shape " +
                        shape_text(first.shape),
                    "[experts, out, in]");
    for (int64_t i = 0; i < first.shape[0]; ++i) {
        place.expert = i;
        places_.emplace(filled(row.hf, layer, std::to_string(i), ending), place);
    }
}

std::vector<std::string> GgufSource::names() const {
    std::vector<std::string> result;
    for (const auto& [name, place] : places_) result.push_back(name);
    return result;
}

at::Tensor GgufSource::get(const std::string& name, at::IntArrayRef shape, Init) {
    auto found = places_.find(name);
    if (found == places_.end()) {
        std::string near = nearest_name(name, names());
        throw Error("no tensor in " + model_->where() + " is " + quote(name, 120),
                    near.empty() ? "" : "it; the nearest there is " + quote(near, 120),
                    "the metadata and the tensors may be of different models");
    }
    const Place& place = found->second;
    std::vector<at::Tensor> parts;
    for (const GgufTensor* part : place.parts)
        parts.push_back(tensor_of(place.expert < 0 ? *part : slice(*part, place.expert)));
    at::Tensor tensor = place.row ? to_checkpoint(place.row->move, parts, sizes_) : parts.at(0);
    if (tensor.sizes() != shape)
        throw Error("tensor " + quote(place.parts[0]->name, 120) + " in " + model_->where() +
                        " stands for " + quote(name, 120) + " of shape " +
                        shape_text(tensor.sizes()),
                    shape_text(shape) + " by its metadata");
    return tensor;
}

}  // namespace moonlet
