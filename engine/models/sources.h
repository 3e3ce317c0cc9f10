// SPDX-License-Identifier: Apache-2.0
// The two places tensors come from: a checkpoint's map, without a copy, and random numbers.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "formats/safetensors.h"
#include "models/parameters.h"

namespace moonlet {

at::ScalarType scalar_type(Dtype dtype);
// Error: a type that safetensors cannot hold.
Dtype dtype_of(at::ScalarType type);
// "f32", "bf16", "float16" … as people and config files write them. Error: unknown, with the list.
at::ScalarType scalar_type_from_name(const std::string& name);

// "float32" …, as config.json says them.
std::string dtype_words(at::ScalarType type);

// A view's bytes as a tensor: the map itself (copy-on-write: changing it never changes the file),
// or a copy when the bytes are not aligned for their type.
at::Tensor tensor_of(const TensorView& view);

// Bytes of a file's map that nobody reads soon: they leave this process's memory, and come back by
// themselves when they are asked for. The map must not have been written to.
void release_pages(const std::byte* data, size_t bytes);
// For whoever packs what a map holds to call as it goes: ends the work on an interrupt, and calls
// `release` whenever some megabytes may have been read since.
std::function<void()> releasing(std::function<void()> release);

// A tensor that the checkpoint holds in MXFP4 is one tensor here, under its own name (mxfp4.h).
class CheckpointSource : public TensorSource {
  public:
    // `where` names the checkpoint in errors.
    CheckpointSource(Safetensors file, std::string where);
    bool has(const std::string& name) const override;
    at::Tensor get(const std::string& name, at::IntArrayRef shape, Init init) override;
    std::vector<std::string> names() const override;
    void release(const std::string& name) override;
    // The floating-point type that most bytes are stored in. Error: fp8 only, no float at all.
    at::ScalarType main_dtype() const;

  private:
    bool is_packed(const std::string& name) const;
    Safetensors file_;
    std::string where_;
};

// f32 on the CPU; each tensor's numbers depend on the seed and its name only, not on the order of
// asking or the number of threads.
class RandomSource : public TensorSource {
  public:
    explicit RandomSource(uint64_t seed) : seed_(seed) {}
    bool has(const std::string&) const override { return false; }
    at::Tensor get(const std::string& name, at::IntArrayRef shape, Init init) override;

  private:
    uint64_t seed_;
};

}  // namespace moonlet
