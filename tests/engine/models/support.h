// SPDX-License-Identifier: Apache-2.0
// What the tests of this room share: the golden folders, and a cache of the simplest kind.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "formats/safetensors.h"
#include "models/model.h"
#include "models/sources.h"
#include "tests/support/test.h"

namespace moonlet::test {

// Every folder below tests/golden/models, by name.
inline std::vector<std::string> golden_models() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(golden("models")))
        if (entry.is_directory()) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

inline std::string folder_of(const std::string& name) { return golden("models/" + name).string(); }

// The tensors of a golden.safetensors.
inline std::map<std::string, at::Tensor> numbers_of(const std::string& name) {
    std::map<std::string, at::Tensor> result;
    for (const auto& [key, view] :
         Safetensors::open(folder_of(name) + "/golden.safetensors").tensors())
        result[key] = tensor_of(view);
    return result;
}

inline double difference(const at::Tensor& a, const at::Tensor& b) {
    return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

// Grows by concatenation: the meaning of Cache, nothing else.
class GrowingCache : public Cache {
  public:
    explicit GrowingCache(int64_t layers) : keys_(size_t(layers)), values_(size_t(layers)) {}
    int64_t length() const override { return length_; }
    std::pair<at::Tensor, at::Tensor> update(int64_t layer, const at::Tensor& k,
                                             const at::Tensor& v) override {
        at::Tensor &keys = keys_[size_t(layer)], &values = values_[size_t(layer)];
        keys = keys.defined() ? at::cat({keys, k}, 2) : k;
        values = values.defined() ? at::cat({values, v}, 2) : v;
        return {keys, values};
    }
    void advance(int64_t count) override { length_ += count; }

  private:
    std::vector<at::Tensor> keys_, values_;
    int64_t length_ = 0;
};

}  // namespace moonlet::test
