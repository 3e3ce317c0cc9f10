// SPDX-License-Identifier: Apache-2.0
// LoRA (Hu et al. 2021) as a kind of Linear weight: y = base(x) + scale * dropout(x) A^T B^T,
// summed over the adapters that are on. The base may be any kind. Numbers are peft's
// (lora.Linear.forward): A and B are f32 over a narrower base, x is widened to them, and the sum is
// rounded back to the base's dtype once; so B = 0 gives the base's bits. It knows no names and no
// files.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "ops/linear.h"

namespace moonlet {

// Shared by all layers of one adapter. Nothing is dropped without a seed. The mask of a layer
// follows from the seed and the layer alone, so a checkpointed layer computed twice drops the same.
struct LoraDropout {
    double p = 0;
    std::optional<uint64_t> seed;
};

// What one adapter adds to one layer.
struct LoraPart {
    at::Tensor a, b;  // [rank, in], [out, rank]
    double scale = 1;
    uint64_t layer = 0;  // tells its dropout mask from other layers'
    std::shared_ptr<const LoraDropout> dropout;
};

// scale * B A, [out, in], in A's dtype.
at::Tensor lora_delta(const LoraPart& part);

class LoraWeight : public LinearWeight {
  public:
    LoraWeight(std::shared_ptr<LinearWeight> base, std::vector<LoraPart> parts);
    at::Tensor apply(const at::Tensor& x) const override;
    int64_t in_features() const override { return base_->in_features(); }
    int64_t out_features() const override { return base_->out_features(); }
    size_t bytes() const override;
    const char* kind() const override { return "lora"; }
    // Base and adapters as one: summed in A's dtype, rounded once to the base's.
    at::Tensor dense_weight() const override;
    at::Tensor bias() const override { return base_->bias(); }
    uint64_t version() const override;

  private:
    std::shared_ptr<LinearWeight> base_;
    std::vector<LoraPart> parts_;
    uint64_t serial_;  // another one for every object: addresses come back
};

}  // namespace moonlet
