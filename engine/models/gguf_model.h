// SPDX-License-Identifier: Apache-2.0
// A network in a GGUF file, or in its parts: its family, its
// metadata, and its tensors by the checkpoint's names. Mapped, not read: a tensor whose type is
// F32, F16 or BF16 and that llama.cpp did not reshape is the map itself; the others are made when
// they are asked for. Knows no tokenizer.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "formats/gguf.h"
#include "models/gguf_names.h"
#include "models/parameters.h"

namespace moonlet {

class GgufModel {
  public:
    // Error: not a GGUF file, a part is missing, no tensors (a vocabulary alone), an adapter or
    // a projector instead of a model, an architecture without rows.
    static std::shared_ptr<const GgufModel> open(const std::string& path);

    const Gguf& head() const { return file_; }
    const std::string& where() const { return file_.where(); }
    const GgufFamily& family() const { return *family_; }
    const GgufValue* find(const std::string& key) const;  // behind "<architecture>."; or nullptr
    const GgufTensor* tensor(const std::string& name) const;
    const std::map<std::string, const GgufTensor*>& tensors() const { return tensors_; }

  private:
    GgufModel() = default;
    Gguf file_;
    const GgufFamily* family_ = nullptr;
    std::map<std::string, const GgufTensor*> tensors_;
};

// The type that most bytes hold: f32, f16 or bf16; nothing where most are quantised.
std::optional<at::ScalarType> plain_dtype(const GgufModel& model);
// The same; bf16 for quantised ones, as what is computed between their products needs no more.
at::ScalarType main_dtype(const GgufModel& model);
// A tensor as it stands: the map for plain types, f32 for quantised ones. Interruptible.
at::Tensor tensor_of(const GgufTensor& tensor);

// A model's tensors under the checkpoint's names. Those no row knows keep the file's names, so that
// they show up as unused.
class GgufSource : public TensorSource {
  public:
    GgufSource(std::shared_ptr<const GgufModel> model, const GgufSizes& sizes);
    bool has(const std::string& name) const override { return places_.count(name) > 0; }
    at::Tensor get(const std::string& name, at::IntArrayRef shape, Init init) override;
    std::vector<std::string> names() const override;
    // Quantised types that have kernels, where llama.cpp moved whole rows at most.
    bool packs(const std::string& name, const WeightShape& shape) override;
    std::shared_ptr<LinearWeight> packed(const std::string& name, const WeightShape& shape,
                                         at::ScalarType dtype, const at::Tensor& bias) override;
    std::shared_ptr<const PackedRows> packed_rows(const std::string& name,
                                                  at::IntArrayRef shape) override;

  private:
    struct Place {
        const GgufTensorRow* row = nullptr;  // nullptr: no row, as it is
        std::vector<const GgufTensor*> parts;
        int64_t expert = -1;
    };
    // The place whose rows stand packed in the file and can be used so; nullptr.
    const Place* packed_place(const std::string& name, const WeightShape& shape,
                              int64_t& expert) const;
    void take(const GgufTensorRow& row, const GgufTensor& first, const std::string& layer,
              const std::string& expert);
    std::shared_ptr<const GgufModel> model_;
    GgufSizes sizes_;
    std::map<std::string, Place> places_;
};

// "model.layers.{i}.x.*" with its layer, expert and ending filled in.
std::string filled(const std::string& pattern, const std::string& layer, const std::string& expert,
                   const std::string& ending);
// Whether `name` is of the pattern; fills the three.
bool matches(const std::string& pattern, const std::string& name, std::string& layer,
             std::string& expert, std::string& ending);

}  // namespace moonlet
