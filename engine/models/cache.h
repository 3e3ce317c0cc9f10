// SPDX-License-Identifier: Apache-2.0
// What a family sees of the key/value cache: it hands in the new keys and values of a layer and
// gets all of them back. How they are stored (growing, static, paged, int8) is the cache's own
// business; implementations live in generation/.
#pragma once

#include <ATen/ATen.h>

#include <utility>

#include "ops/cpu/kv_pages.h"

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
    // Instead of update(): where `layer` keeps its positions, with room for `count` more per row,
    // which the caller writes. nullptr: this cache has no pages, update() is the way.
    virtual const KvPages* pages(int64_t /*layer*/, int64_t /*count*/) { return nullptr; }
    // Called once after a forward call over all layers: length() grows by `count`.
    virtual void advance(int64_t count) = 0;
};

}  // namespace moonlet
