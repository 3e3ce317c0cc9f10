// SPDX-License-Identifier: Apache-2.0
// What a family sees of the key/value cache: it hands in the new keys and values of a layer and
// gets all of them back. How they are stored (growing, static, paged, int8) is the cache's own
// business; implementations live in generation/.
#pragma once

#include <ATen/ATen.h>

#include <utility>

namespace moonlet {

class Cache {
  public:
    virtual ~Cache() = default;
    // Positions already stored before the running forward call (the same for every layer).
    virtual int64_t length() const = 0;
    // Appends k, v [B, num_key_value_heads, T, head_dim] of `layer` and returns views of all
    // positions so far, [B, num_key_value_heads, length() + T, head_dim].
    virtual std::pair<at::Tensor, at::Tensor> update(int64_t layer, const at::Tensor& k,
                                                     const at::Tensor& v) = 0;
    // Called once after a forward call over all layers: length() grows by `count`.
    virtual void advance(int64_t count) = 0;
};

}  // namespace moonlet
