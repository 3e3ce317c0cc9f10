// SPDX-License-Identifier: Apache-2.0
// Opening a GGUF file and its shards, and its tensors as they stand.
#include "models/gguf_model.h"

#include <ATen/Parallel.h>

#include "core/error.h"
#include "core/interrupt.h"
#include "models/sources.h"

namespace moonlet {

namespace {

void check_kind(const Gguf& file) {
    const GgufValue* type = file.find("general.type");
    const std::string kind = type ? std::string(type->string()) : "model";
    if (kind != "model")
        throw Error(file.where() + " holds " + quote(kind) + " by its general.type", "a model");
}

std::optional<Dtype> plain_dtype(GgmlType type) {
    switch (type) {
        case GgmlType::F32: return Dtype::F32;
        case GgmlType::F16: return Dtype::F16;
        case GgmlType::BF16: return Dtype::BF16;
        case GgmlType::F64: return Dtype::F64;
        case GgmlType::I8: return Dtype::I8;
        case GgmlType::I16: return Dtype::I16;
        case GgmlType::I32: return Dtype::I32;
        case GgmlType::I64: return Dtype::I64;
        default: return std::nullopt;
    }
}

}  // namespace

std::shared_ptr<const GgufModel> GgufModel::open(const std::string& path) {
    std::shared_ptr<GgufModel> model(new GgufModel());
    model->file_ = Gguf::open(path);
    check_kind(model->head());
    for (const GgufTensor& tensor : model->head().tensors())
        model->tensors_.emplace(tensor.name, &tensor);
    if (model->tensors_.empty())
        throw Error(model->where() + " holds no tensors, only a vocabulary", "a model",
                    "open its tokenizer: tokenizers.load");
    model->family_ = &gguf_family_of(model->head());
    return model;
}

const GgufValue* GgufModel::find(const std::string& key) const {
    if (key.rfind("tokenizer.", 0) == 0 || key.rfind("general.", 0) == 0) return head().find(key);
    return head().find(family_->architecture + "." + key);
}

const GgufTensor* GgufModel::tensor(const std::string& name) const {
    auto found = tensors_.find(name);
    return found == tensors_.end() ? nullptr : found->second;
}

std::optional<at::ScalarType> plain_dtype(const GgufModel& model) {
    std::map<at::ScalarType, size_t> bytes;  // quantised ones stand under bytes
    for (const auto& [name, tensor] : model.tensors()) {
        auto dtype = plain_dtype(tensor->type);
        const at::ScalarType type = dtype ? scalar_type(*dtype) : at::kByte;
        if (!dtype || at::isFloatingType(type)) bytes[type] += tensor->bytes;
    }
    at::ScalarType most = at::kFloat;
    for (auto [type, count] : bytes)
        if (count > bytes[most]) most = type;
    if (most == at::kByte) return std::nullopt;
    return most == at::kDouble ? at::kFloat : most;
}

at::ScalarType main_dtype(const GgufModel& model) {
    return plain_dtype(model).value_or(at::kBFloat16);
}

at::Tensor tensor_of(const GgufTensor& t) {
    if (auto dtype = plain_dtype(t.type))
        return tensor_of(TensorView{*dtype, t.shape, t.data, t.bytes, t.owner});
    interrupt::check();
    at::Tensor values = at::empty(t.shape, at::kFloat);
    float* out = values.data_ptr<float>();
    const int64_t block = int64_t(ggml_block_size(t.type)), blocks = values.numel() / block;
    const size_t block_bytes = ggml_block_bytes(t.type);
    at::parallel_for(0, blocks, 4096, [&](int64_t begin, int64_t end) {
        dequantize(t.type, t.data + size_t(begin) * block_bytes, (end - begin) * block,
                   out + begin * block);
    });
    return values;
}

}  // namespace moonlet
