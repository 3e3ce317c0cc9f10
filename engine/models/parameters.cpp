// SPDX-License-Identifier: Apache-2.0
#include "models/parameters.h"

#include "core/error.h"
#include "ops/grad.h"

namespace moonlet {

Parameters::Parameters(std::shared_ptr<TensorSource> source, at::ScalarType dtype,
                       at::Device device)
    : source_(std::move(source)), dtype_(dtype), device_(device) {}

at::Tensor Parameters::tensor(const std::string& name, at::IntArrayRef shape, Init init) {
    auto known = index_.find(name);
    if (known != index_.end()) {
        const at::Tensor& tensor = entries_[known->second].tensor;
        if (tensor.sizes() != shape)
            throw Error("tensor " + quote(name, 120) + " asked for twice with different shapes");
        return tensor;
    }
    at::NoGradGuard no_grad;
    at::Tensor tensor = source_->get(name, shape, init).to(device_, dtype_);
    index_[name] = entries_.size();
    entries_.push_back({name, tensor});
    return tensor;
}

bool Parameters::holds(const std::string& name, const at::Tensor& tensor) const {
    if (!has(name)) return false;
    at::NoGradGuard no_grad;
    return at::equal(source_->get(name, tensor.sizes(), {}).to(device_, dtype_), tensor);
}

at::Tensor Parameters::add(const std::string& name, const at::Tensor& tensor) {
    if (index_.count(name)) throw Error("tensor " + quote(name, 120) + " is there already");
    at::NoGradGuard no_grad;
    index_[name] = entries_.size();
    entries_.push_back({name, tensor.to(device_, dtype_)});
    return entries_.back().tensor;
}

Linear Parameters::linear(const std::string& name, int64_t in, int64_t out, bool bias, Init init) {
    at::Tensor weight = tensor(name + ".weight", {out, in}, init), b;
    if (bias) b = tensor(name + ".bias", {out}, {Init::zeros});
    linears_.push_back({name, Linear(plain_weight(weight, b))});
    return linears_.back().linear;
}

Linear Parameters::transposed_linear(const std::string& name, int64_t in, int64_t out, bool bias,
                                     Init init) {
    at::Tensor stored = tensor(name + ".weight", {in, out}, init), b;
    if (bias) b = tensor(name + ".bias", {out}, {Init::zeros});
    linears_.push_back({name, Linear(transposed_weight(stored, b))});
    return linears_.back().linear;
}

std::vector<Linear> Parameters::stacked_linears(const std::string& name, int64_t count, int64_t in,
                                                int64_t out, Init init) {
    at::Tensor stored = tensor(name, {count, in, out}, init),
               bias = tensor(name + "_bias", {count, out}, {Init::zeros});
    std::vector<Linear> result;
    for (int64_t i = 0; i < count; ++i) {
        result.push_back(Linear(stacked_weight(stored, bias, i)));
        linears_.push_back({name + "." + std::to_string(i), result.back()});
    }
    return result;
}

Linear Parameters::tied_linear(const at::Tensor& weight, const at::Tensor& bias) {
    return Linear(plain_weight(weight, bias));
}

std::vector<std::string> Parameters::unused() const {
    std::vector<std::string> result;
    for (const std::string& name : source_->names()) {
        bool wanted = index_.count(name) > 0;
        for (const std::string& part : ignored_) wanted |= name.find(part) != std::string::npos;
        if (!wanted) result.push_back(name);
    }
    return result;
}

void Parameters::exchange(const std::string& name, at::Tensor tensor) {
    auto known = index_.find(name);
    if (known == index_.end()) throw Error("no tensor " + quote(name, 120) + " to exchange");
    Entry& entry = entries_[known->second];
    if (tensor.sizes() != entry.tensor.sizes() ||
        tensor.scalar_type() != entry.tensor.scalar_type() ||
        tensor.device() != entry.tensor.device())
        throw Error("tensor " + quote(name, 120) + " exchanged for another shape, dtype or device");
    entry.tensor = std::move(tensor);
}

size_t Parameters::bytes() const {
    size_t sum = 0;
    for (const Entry& entry : entries_) sum += entry.tensor.nbytes();
    return sum;
}

int64_t Parameters::count() const {
    int64_t sum = 0;
    for (const Entry& entry : entries_) sum += entry.tensor.numel();
    return sum;
}

}  // namespace moonlet
