// SPDX-License-Identifier: Apache-2.0
#include "generation/kv_sequence.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <optional>
#include <string>

#include "core/error.h"

namespace moonlet {

namespace {

int64_t pages_for(int64_t positions) { return (positions + kKvPage - 1) / kKvPage; }

std::optional<KvPages::Type> type_of(const KvLayout& layout) {
    if (layout.int8) return KvPages::int8;
    switch (layout.dtype) {
        case at::kFloat: return KvPages::f32;
        case at::kBFloat16: return KvPages::bf16;
        case at::kHalf: return KvPages::f16;
        default: return std::nullopt;
    }
}

}  // namespace

void KvSequence::reserve(int64_t count) {
    const int64_t end = length_ + count;
    if (limit_ > 0 && end > limit_)
        throw Error(std::to_string(end) + " positions", "at most " + std::to_string(limit_),
                    "shorten the text: it is longer than the model's context");
    const auto first = size_t(length_ / kKvPage), last = size_t(pages_for(end));
    // What is there and shared is copied, where something in it counts; what is missing is taken.
    for (size_t i = first; i < last; ++i) {
        const bool there = i < pages_.size();
        if (there && pages_[i].use_count() == 1) continue;
        const bool counts = there && int64_t(i) * kKvPage < length_;
        KvPageRef page = counts ? pool_->copy(*pages_[i]) : pool_->take();
        if (there) pages_[i] = std::move(page);
        else pages_.push_back(std::move(page));
    }
}

void KvSequence::advance(int64_t count) { length_ += count; }

void KvSequence::crop(int64_t length) {
    if (length < 0 || length > length_)
        throw Error("crop to " + std::to_string(length) + " positions",
                    "0 to " + std::to_string(length_));
    length_ = length;
    pages_.resize(size_t(pages_for(length)));
}

void KvSequence::share(const std::vector<KvPageRef>& pages) {
    if (length_ % kKvPage != 0)
        throw Error("pages behind " + std::to_string(length_) + " positions",
                    "behind a multiple of " + std::to_string(kKvPage));
    pages_.resize(size_t(length_ / kKvPage));
    pages_.insert(pages_.end(), pages.begin(), pages.end());
    length_ += int64_t(pages.size()) * kKvPage;
}

void KvSequence::write(int64_t layer, const at::Tensor& k, const at::Tensor& v) {
    const int64_t count = k.size(1);
    for (int64_t done = 0; done < count;) {
        const int64_t at = length_ + done, first = at % kKvPage;
        const int64_t n = std::min(count - done, kKvPage - first);
        KvPage& page = *pages_[size_t(at / kKvPage)];
        write_page(page, pool_->layout(), layer, 0, first, k.narrow(1, done, n));
        write_page(page, pool_->layout(), layer, 1, first, v.narrow(1, done, n));
        done += n;
    }
}

void KvSequence::read(int64_t layer, int64_t count, const at::Tensor& k,
                      const at::Tensor& v) const {
    auto some = [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t first = i * kKvPage, n = std::min(kKvPage, count - first);
            read_page(*pages_[size_t(i)], pool_->layout(), layer, 0, n, k.narrow(1, first, n));
            read_page(*pages_[size_t(i)], pool_->layout(), layer, 1, n, v.narrow(1, first, n));
        }
    };
    if (pool_->layout().device.is_cpu()) at::parallel_for(0, pages_for(count), 16, some);
    else some(0, pages_for(count));
}

PagedCache::PagedCache(std::vector<KvSequence*> rows) : rows_(std::move(rows)) {
    if (rows_.empty()) throw Error("a cache for no text", "at least one");
}

int64_t PagedCache::length() const {
    int64_t longest = 0;
    for (const KvSequence* row : rows_) longest = std::max(longest, row->length());
    return longest;
}

void PagedCache::advance(int64_t count) {
    for (KvSequence* row : rows_) row->advance(count);
}

std::pair<at::Tensor, at::Tensor> PagedCache::update(int64_t layer, const at::Tensor& k,
                                                     const at::Tensor& v) {
    const KvLayout& layout = rows_[0]->pool().layout();
    if (layer < 0 || layer >= layout.layers)
        throw Error("cache layer " + std::to_string(layer),
                    "one below " + std::to_string(layout.layers));
    const auto batch = int64_t(rows_.size());
    if (k.size(0) != batch || k.size(1) != layout.heads || k.size(3) != layout.head_dim ||
        v.sizes() != k.sizes())
        throw Error("keys of shape [" + std::to_string(k.size(0)) + ", " +
                        std::to_string(k.size(1)) + ", …, " + std::to_string(k.size(3)) + "]",
                    "the cache holds [" + std::to_string(batch) + ", " +
                        std::to_string(layout.heads) + ", …, " + std::to_string(layout.head_dim) +
                        "]",
                    "use one cache per batch");
    const int64_t count = k.size(2), end = length() + count;
    for (int64_t i = 0; i < batch; ++i) {
        rows_[size_t(i)]->reserve(count);
        rows_[size_t(i)]->write(layer, k[i], v[i]);
    }
    // Nothing before them, and stored as they are: they are what is stored.
    if (end == count && !layout.int8 && k.scalar_type() == layout.dtype) return {k, v};
    at::Tensor keys = at::empty({batch, layout.heads, end, layout.head_dim}, k.options());
    at::Tensor values = at::empty_like(keys);
    for (int64_t i = 0; i < batch; ++i) {
        const int64_t own = rows_[size_t(i)]->length() + count, padding = end - own;
        if (padding > 0) {
            keys[i].narrow(1, 0, padding).zero_();
            values[i].narrow(1, 0, padding).zero_();
        }
        rows_[size_t(i)]->read(layer, own, keys[i].narrow(1, padding, own),
                               values[i].narrow(1, padding, own));
    }
    return {keys, values};
}

const KvPages* PagedCache::pages(int64_t layer, int64_t count) {
    const KvLayout& layout = rows_[0]->pool().layout();
    const auto type = type_of(layout);
    if (!type) return nullptr;
    told_.type = *type;
    told_.page_size = kKvPage;
    told_.heads = layout.heads;
    told_.head_dim = layout.head_dim;
    told_.rows.resize(rows_.size());
    keys_.resize(rows_.size());
    values_.resize(rows_.size());
    key_scales_.resize(rows_.size());
    value_scales_.resize(rows_.size());
    const int64_t vectors = layout.heads * kKvPage;  // of one part of one layer
    const int64_t numbers =
        vectors * layout.head_dim * int64_t(layout.int8 ? 1 : c10::elementSize(layout.dtype));
    for (size_t r = 0; r < rows_.size(); ++r) {
        rows_[r]->reserve(count);
        const auto& pages = rows_[r]->pages();
        keys_[r].clear();
        values_[r].clear();
        key_scales_[r].clear();
        value_scales_[r].clear();
        for (const KvPageRef& page : pages) {
            auto* start = static_cast<char*>(page->numbers.data_ptr()) + layer * 2 * numbers;
            keys_[r].push_back(start);
            values_[r].push_back(start + numbers);
            if (!layout.int8) continue;
            float* scales = page->scales.data_ptr<float>() + layer * 2 * vectors;
            key_scales_[r].push_back(scales);
            value_scales_[r].push_back(scales + vectors);
        }
        told_.rows[r] = {keys_[r].data(), values_[r].data(),
                         layout.int8 ? key_scales_[r].data() : nullptr,
                         layout.int8 ? value_scales_[r].data() : nullptr, rows_[r]->length()};
    }
    return &told_;
}

}  // namespace moonlet
