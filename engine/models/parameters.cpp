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
    return enter(name, source_->get(name, shape, init).to(device_, dtype_));
}

at::Tensor Parameters::enter(const std::string& name, at::Tensor tensor) {
    index_[name] = entries_.size();
    entries_.push_back({name, tensor});
    return tensor;
}

at::Tensor Parameters::enter_packed(const std::string& name, at::IntArrayRef shape) {
    return enter(name, at::empty(shape, at::TensorOptions().dtype(dtype_).device(at::kMeta)));
}

bool Parameters::packs(const std::string& name, const WeightShape& shape) const {
    return device_.is_cpu() && source_->packs(name, shape);
}

std::shared_ptr<LinearWeight> Parameters::take_packed(const std::string& name,
                                                      const WeightShape& shape,
                                                      const at::Tensor& bias) {
    if (shape.transposed) transposed_.insert(name);
    return packed_[name] = source_->packed(name, shape, dtype_, bias);
}

Table Parameters::table(const std::string& name, at::IntArrayRef shape, Init init) {
    if (auto rows = index_.count(name) ? nullptr : source_->packed_rows(name, shape)) {
        packed_rows_[name] = rows;
        return {enter_packed(name, shape), rows, device_};
    }
    return {tensor(name, shape, init), nullptr, device_};
}

at::Tensor Parameters::dense(const Entry& entry) const {
    if (!entry.tensor.is_meta()) return entry.tensor;
    at::NoGradGuard no_grad;
    if (auto rows = packed_rows_.find(entry.name); rows != packed_rows_.end())
        return Table(entry.tensor, rows->second, device_).dense();
    auto part = [&](const std::string& name) {
        return packed_.at(name)->dense_weight().to(device_, dtype_);
    };
    if (packed_.count(entry.name))
        return transposed_.count(entry.name) ? part(entry.name).t() : part(entry.name);
    std::vector<at::Tensor> parts;  // of a stack [count, in, out]
    for (int64_t i = 0; i < entry.tensor.size(0); ++i)
        parts.push_back(part(entry.name + "." + std::to_string(i)).t());
    return at::stack(parts);
}

std::string Parameters::packed_kind() const {
    std::unordered_map<std::string, int64_t> numbers;
    std::string most;
    for (const auto& [name, weight] : packed_) {
        int64_t& sum = numbers[weight->kind()];
        sum += weight->in_features() * weight->out_features();
        if (most.empty() || sum > numbers[most]) most = weight->kind();
    }
    return most;
}

bool Parameters::holds(const std::string& name, const at::Tensor& tensor) const {
    if (!has(name) || tensor.is_meta()) return false;
    at::NoGradGuard no_grad;
    return at::equal(source_->get(name, tensor.sizes(), {}).to(device_, dtype_), tensor);
}

at::Tensor Parameters::add(const std::string& name, const at::Tensor& tensor) {
    if (index_.count(name)) throw Error("tensor " + quote(name, 120) + " is there already");
    at::NoGradGuard no_grad;
    return enter(name, tensor.to(device_, dtype_));
}

Linear Parameters::any_linear(const std::string& name, const WeightShape& shape, bool bias,
                              Init init) {
    const std::string full = name + ".weight";
    const bool packed = !index_.count(full) && packs(full, shape);
    at::Tensor weight =
                   packed ? enter_packed(full, shape.stored()) : tensor(full, shape.stored(), init),
               b;
    if (bias) b = tensor(name + ".bias", {shape.out}, {Init::zeros});
    linears_.push_back({name, Linear(packed             ? take_packed(full, shape, b)
                                     : shape.transposed ? transposed_weight(weight, b)
                                                        : plain_weight(weight, b))});
    return linears_.back().linear;
}

Linear Parameters::linear(const std::string& name, int64_t in, int64_t out, bool bias, Init init) {
    return any_linear(name, {out, in}, bias, init);
}

Linear Parameters::transposed_linear(const std::string& name, int64_t in, int64_t out, bool bias,
                                     Init init) {
    return any_linear(name, {out, in, true}, bias, init);
}

std::vector<Linear> Parameters::stacked_linears(const std::string& name, int64_t count, int64_t in,
                                                int64_t out, Init init) {
    auto part = [&](int64_t i) { return name + "." + std::to_string(i); };
    const bool packed = !index_.count(name) && packs(part(0), {out, in});
    at::Tensor stored = packed ? enter_packed(name, {count, in, out})
                               : tensor(name, {count, in, out}, init),
               bias = tensor(name + "_bias", {count, out}, {Init::zeros});
    std::vector<Linear> result;
    for (int64_t i = 0; i < count; ++i) {
        result.push_back(Linear(packed ? take_packed(part(i), {out, in}, bias.select(0, i))
                                       : stacked_weight(stored, bias, i)));
        linears_.push_back({part(i), result.back()});
    }
    return result;
}

Linear Parameters::tied_linear(const at::Tensor& weight, const at::Tensor& bias) {
    for (const Entry& entry : entries_)
        if (entry.tensor.is_same(weight) && packs(entry.name, {weight.size(0), weight.size(1)}))
            return Linear(take_packed(entry.name, {weight.size(0), weight.size(1)}, bias));
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
    for (const Entry& entry : entries_)
        if (!entry.tensor.is_meta()) sum += entry.tensor.nbytes();
    for (const auto& [name, weight] : packed_) sum += weight->bytes();
    for (const auto& [name, rows] : packed_rows_)
        if (!packed_.count(name)) sum += rows->bytes();
    return sum;
}

int64_t Parameters::count() const {
    int64_t sum = 0;
    for (const Entry& entry : entries_) sum += entry.tensor.numel();
    return sum;
}

}  // namespace moonlet
