// SPDX-License-Identifier: Apache-2.0
// The plain key/value cache: per layer one storage [B, num_key_value_heads, capacity, head_dim] for
// keys and one for values, made at the first update with the batch, dtype and device that come in.
// Capacity at least doubles when it runs out, so n tokens cost O(n) copying, not O(n^2); attention
// gets views, never copies. It knows no ids and no model: who owns it says what the positions mean.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "models/model.h"

namespace moonlet {

class KvCache final : public Cache {
  public:
    // `limit`: most positions it may ever hold (the network's context), 0 = no limit.
    explicit KvCache(int64_t layers, int64_t limit = 0);

    int64_t length() const override { return length_; }
    // Error: layer out of range, past the limit, or another batch/heads/head_dim than before.
    std::pair<at::Tensor, at::Tensor> update(int64_t layer, const at::Tensor& k,
                                             const at::Tensor& v) override;
    void advance(int64_t count) override { length_ += count; }

    // Forgets every position from `length` on; storage is kept. Error: length > length().
    void crop(int64_t length);
    int64_t capacity() const;  // positions that fit without growing, 0 before the first update
    size_t bytes() const;      // of all storages

  private:
    struct Layer {
        at::Tensor k, v;
    };
    void reserve(Layer& layer, const at::Tensor& like, int64_t positions);

    std::vector<Layer> layers_;
    int64_t limit_;
    int64_t length_ = 0;
};

}  // namespace moonlet
