// SPDX-License-Identifier: Apache-2.0
// A cache with pages of any size and type, for tests of what attends to pages: the meaning of
// Cache::pages() and nothing else. Rows may begin with padding, which it does not keep; update()
// returns all positions left-padded with zeros. Its numbers are put in and out by LibTorch.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "models/cache.h"

namespace moonlet::test {

class PagedCache : public Cache {
  public:
    bool native = true;  // pages() gives them

    // pads[b]: positions of padding that row b begins with.
    PagedCache(int64_t layers, std::vector<int64_t> pads, KvPages::Type type, int64_t page_size)
        : pads_(std::move(pads)), type_(type), page_size_(page_size), layers_(size_t(layers)) {}

    int64_t length() const override { return length_; }
    void advance(int64_t count) override { length_ += count; }

    std::pair<at::Tensor, at::Tensor> update(int64_t layer, const at::Tensor& k,
                                             const at::Tensor& v) override {
        Layer& l = reserve(layer, k.size(1), k.size(3), length_ + k.size(2));
        const int64_t end = length_ + k.size(2);
        at::Tensor keys = at::zeros({k.size(0), k.size(1), end, k.size(3)}, k.options()),
                   values = at::zeros_like(keys);
        for (size_t b = 0; b < pads_.size(); ++b) {
            const int64_t row = int64_t(b), pad = pads_[b];
            const int64_t skip = std::clamp<int64_t>(pad - length_, 0, k.size(2));
            for (int64_t t = skip; t < k.size(2); ++t) {
                put(l.keys[b], l.key_scales[b], length_ + t - pad, k[row].select(1, t));
                put(l.values[b], l.value_scales[b], length_ + t - pad, v[row].select(1, t));
            }
            if (end <= pad) continue;
            keys[row].narrow(1, pad, end - pad).copy_(all(l.keys[b], l.key_scales[b], end - pad));
            values[row]
                .narrow(1, pad, end - pad)
                .copy_(all(l.values[b], l.value_scales[b], end - pad));
        }
        return {keys, values};
    }

    const KvPages* pages(int64_t layer, int64_t count) override {
        if (!native || length_ < *std::max_element(pads_.begin(), pads_.end())) return nullptr;
        if (heads_ == 0) return nullptr;  // before the first update()
        Layer& l = reserve(layer, heads_, width_, length_ + count);
        pages_ = {type_, page_size_, heads_, width_, {}};
        pointers_.assign(4 * pads_.size(), {});
        for (size_t b = 0; b < pads_.size(); ++b) {
            auto list = [&](std::vector<at::Tensor>& from, size_t slot) {
                for (at::Tensor& t : from) pointers_[4 * b + slot].push_back(t.data_ptr());
                return pointers_[4 * b + slot].data();
            };
            KvPages::Row row;
            row.keys = list(l.keys[b], 0), row.values = list(l.values[b], 1);
            row.key_scales = reinterpret_cast<float* const*>(list(l.key_scales[b], 2));
            row.value_scales = reinterpret_cast<float* const*>(list(l.value_scales[b], 3));
            row.length = length_ - pads_[b];
            pages_.rows.push_back(row);
        }
        return &pages_;
    }
    // Room from the start, where the first call shall be native too.
    void shape(int64_t heads, int64_t width) { heads_ = heads, width_ = width; }

    // Keys (or values) of a row as f32, [heads, count, width].
    at::Tensor stored(int64_t layer, int64_t row, bool values) {
        Layer& l = layers_[size_t(layer)];
        auto b = size_t(row);
        return values ? all(l.values[b], l.value_scales[b], length_ - pads_[b])
                      : all(l.keys[b], l.key_scales[b], length_ - pads_[b]);
    }

  private:
    using Pages = std::vector<at::Tensor>;
    struct Layer {
        std::vector<Pages> keys, values, key_scales, value_scales;  // row by row
    };

    Layer& reserve(int64_t layer, int64_t heads, int64_t width, int64_t positions) {
        shape(heads, width);
        Layer& l = layers_[size_t(layer)];
        static const at::ScalarType kTypes[] = {at::kFloat, at::kBFloat16, at::kHalf, at::kChar};
        auto grow = [&](std::vector<Pages>& rows, at::IntArrayRef shape, at::ScalarType type) {
            rows.resize(pads_.size());
            for (Pages& row : rows)
                while (int64_t(row.size()) * page_size_ < positions) {
                    at::Tensor page = at::empty(shape, type);
                    // Whoever reads what nobody wrote shall notice.
                    if (type == at::kChar) page.fill_(99);
                    else page.fill_(std::numeric_limits<double>::quiet_NaN());
                    row.push_back(page);
                }
        };
        for (auto* rows : {&l.keys, &l.values})
            grow(*rows, {heads, page_size_, width}, kTypes[type_]);
        for (auto* rows : {&l.key_scales, &l.value_scales})
            grow(*rows, {heads, page_size_}, at::kFloat);
        return l;
    }

    void put(Pages& pages, Pages& scales, int64_t position, const at::Tensor& x) {  // [heads, D]
        const auto page = size_t(position / page_size_);
        const int64_t place = position % page_size_;
        at::Tensor to = pages[page].select(1, place);
        if (type_ != KvPages::int8) {
            to.copy_(x);
            return;
        }
        at::Tensor wide = x.to(at::kFloat), scale = wide.abs().amax(-1) / 127;
        scales[page].select(1, place).copy_(scale);
        to.copy_((wide / scale.clamp_min(1e-30).unsqueeze(-1)).round());
    }

    at::Tensor all(const Pages& pages, const Pages& scales, int64_t count) const {
        std::vector<at::Tensor> parts;
        for (size_t i = 0; i < pages.size(); ++i) {
            at::Tensor x = pages[i].to(at::kFloat);
            parts.push_back(type_ == KvPages::int8 ? x * scales[i].unsqueeze(-1) : x);
        }
        return at::cat(parts, 1).narrow(1, 0, count);
    }

    std::vector<int64_t> pads_;
    KvPages::Type type_;
    int64_t page_size_, length_ = 0, heads_ = 0, width_ = 0;
    std::vector<Layer> layers_;
    KvPages pages_;
    std::vector<std::vector<void*>> pointers_;
};

}  // namespace moonlet::test
