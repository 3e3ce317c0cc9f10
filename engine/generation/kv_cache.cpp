// SPDX-License-Identifier: Apache-2.0
#include "generation/kv_cache.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace moonlet {

namespace {

constexpr int64_t kBlock = 64;  // capacity is a multiple of this

std::string shape_text(const at::Tensor& t) {
    std::string text = "[";
    for (int64_t i = 0; i < t.dim(); ++i) text += (i ? ", " : "") + std::to_string(t.size(i));
    return text + "]";
}

// Everything but the number of positions must stay what it was.
void check_fits(const at::Tensor& storage, const at::Tensor& incoming) {
    if (storage.size(0) == incoming.size(0) && storage.size(1) == incoming.size(1) &&
        storage.size(3) == incoming.size(3))
        return;
    throw Error("keys of shape " + shape_text(incoming),
                "the cache holds " + shape_text(storage) + " (batch, heads, positions, head_dim)",
                "use one cache per batch");
}

}  // namespace

KvCache::KvCache(int64_t layers, int64_t limit) : layers_(layers), limit_(limit) {}

void KvCache::reserve(Layer& layer, const at::Tensor& like, int64_t positions) {
    int64_t have = layer.k.defined() ? layer.k.size(2) : 0;
    if (positions <= have) return;
    int64_t want = std::max(positions, 2 * have);
    want = (want + kBlock - 1) / kBlock * kBlock;
    if (limit_ > 0) want = std::min(want, limit_);
    auto grown = [&](const at::Tensor& old) {
        auto storage = at::empty({like.size(0), like.size(1), want, like.size(3)}, like.options());
        if (old.defined() && length_ > 0)
            storage.narrow(2, 0, length_).copy_(old.narrow(2, 0, length_));
        return storage;
    };
    layer.k = grown(layer.k);
    layer.v = grown(layer.v);
}

std::pair<at::Tensor, at::Tensor> KvCache::update(int64_t layer, const at::Tensor& k,
                                                  const at::Tensor& v) {
    if (layer < 0 || layer >= static_cast<int64_t>(layers_.size()))
        throw Error("cache layer " + std::to_string(layer),
                    "one below " + std::to_string(layers_.size()));
    int64_t end = length_ + k.size(2);
    if (limit_ > 0 && end > limit_)
        throw Error(std::to_string(end) + " positions", "at most " + std::to_string(limit_),
                    "shorten the text: it is longer than the model's context");
    Layer& slot = layers_[layer];
    if (slot.k.defined()) check_fits(slot.k, k);
    reserve(slot, k, end);
    slot.k.narrow(2, length_, k.size(2)).copy_(k);
    slot.v.narrow(2, length_, v.size(2)).copy_(v);
    return {slot.k.narrow(2, 0, end), slot.v.narrow(2, 0, end)};
}

void KvCache::crop(int64_t length) {
    if (length < 0 || length > length_)
        throw Error("crop to " + std::to_string(length) + " positions",
                    "0 to " + std::to_string(length_));
    length_ = length;
}

int64_t KvCache::capacity() const {
    return layers_.empty() || !layers_[0].k.defined() ? 0 : layers_[0].k.size(2);
}

size_t KvCache::bytes() const {
    size_t total = 0;
    for (auto& layer : layers_)
        if (layer.k.defined()) total += layer.k.nbytes() + layer.v.nbytes();
    return total;
}

}  // namespace moonlet
