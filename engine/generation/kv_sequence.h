// SPDX-License-Identifier: Apache-2.0
// The keys and values of one text: a list of pages of a pool and how many positions of them count.
// A copy is a fork: it shares all pages, and who goes on writing in a shared page gets its own copy
// of that one first. PagedCache hands one or several of them to a network as its cache.
//
// What update() returns for attention that knows no pages: [B, heads, length() + T, head_dim],
// copies of one layer, short rows padded on the left (with zeros), so that the newest position of
// every row stands last; who calls the network gives the positions and the mask that belong to it.
#pragma once

#include <vector>

#include "generation/kv_pages.h"
#include "models/model.h"

namespace moonlet {

class KvSequence {
  public:
    // `limit`: most positions it may ever hold (the network's context), 0 = no limit.
    explicit KvSequence(std::shared_ptr<KvPool> pool, int64_t limit = 0)
        : pool_(std::move(pool)), limit_(limit) {}

    int64_t length() const { return length_; }
    // Makes the pages of the next `count` positions its own. Error: past the limit, or no page is
    // to be had; then everything is as it was.
    void reserve(int64_t count);
    void advance(int64_t count);  // they have been written
    // Forgets every position from `length` on. Error: not 0 to length().
    void crop(int64_t length);
    // Puts whole pages that another sequence wrote behind its own, which end at a page's border.
    void share(const std::vector<KvPageRef>& pages);

    void write(int64_t layer, const at::Tensor& k, const at::Tensor& v);  // [heads, T, head_dim]
    // Positions [0, count) of `layer` into views [heads, count, head_dim].
    void read(int64_t layer, int64_t count, const at::Tensor& k, const at::Tensor& v) const;

    const std::vector<KvPageRef>& pages() const { return pages_; }
    KvPool& pool() const { return *pool_; }
    size_t bytes() const { return pages_.size() * pool_->page_bytes(); }

  private:
    std::shared_ptr<KvPool> pool_;
    std::vector<KvPageRef> pages_;
    int64_t limit_, length_ = 0;
};

class PagedCache final : public Cache {
  public:
    // The rows of the batch, in order; all of one pool. They must outlive the cache.
    explicit PagedCache(std::vector<KvSequence*> rows);

    int64_t length() const override;  // of the longest row
    // Error: a layer out of range, another batch, heads or head_dim; as KvSequence::reserve.
    std::pair<at::Tensor, at::Tensor> update(int64_t layer, const at::Tensor& k,
                                             const at::Tensor& v) override;
    const KvPages* pages(int64_t layer, int64_t count) override;
    void advance(int64_t count) override;

  private:
    std::vector<KvSequence*> rows_;
    KvPages told_;  // what pages() points to, until it is asked again
    std::vector<std::vector<void*>> keys_, values_;
    std::vector<std::vector<float*>> key_scales_, value_scales_;
};

}  // namespace moonlet
