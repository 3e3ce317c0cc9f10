// SPDX-License-Identifier: Apache-2.0
// Pages of keys and values: one page holds kKvPage positions of all layers of one text, and may be
// shared by several texts that begin alike. A pool hands them out and counts their bytes against a
// budget; a page goes back when nobody holds it any more. It knows no ids: what the positions mean
// is the business of who holds the page.
//
// Layout: numbers [layers, 2, heads, kKvPage, head_dim], keys before values, in the compute dtype
// or as int8 with scales f32 [layers, 2, heads, kKvPage]: a vector x is stored as the integers
// round(x * (127 / max|x|)), half to even, and the scale max|x| / 127 that they are multiplied by.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <memory>

namespace moonlet {

// Blocks of reading (generation/context.h) begin at multiples of it, so that whole pages are
// shared.
constexpr int64_t kKvPage = 32;

struct KvLayout {
    int64_t layers = 0, heads = 0, head_dim = 0;
    at::ScalarType dtype = at::kFloat;  // what attention computes with
    at::Device device = at::kCPU;
    bool int8 = false;  // stored as int8
};

struct KvPage {
    at::Tensor numbers, scales;
    std::shared_ptr<size_t> held;  // the pool's count, which outlives the pool
    size_t bytes = 0;
    KvPage() = default;
    KvPage(const KvPage&) = delete;
    KvPage& operator=(const KvPage&) = delete;
    ~KvPage() {
        if (held) *held -= bytes;
    }
};
using KvPageRef = std::shared_ptr<KvPage>;

struct KvBudget {
    size_t bytes = 0;     // of all pages; 0 = no limit
    bool strict = false;  // past it an error; else only what is kept for later makes room
};

class KvPool {
  public:
    explicit KvPool(const KvLayout& layout, KvBudget budget = {});

    // A page of unknown content. Where the budget is used up, `make_room` is asked for pages first.
    // Error: a strict budget is used up by what is being computed.
    KvPageRef take();
    KvPageRef copy(const KvPage& page);

    // Gives back something that is kept for later; false when there is nothing left to give.
    std::function<bool()> make_room;

    const KvLayout& layout() const { return layout_; }
    const KvBudget& budget() const { return budget_; }
    size_t page_bytes() const { return page_bytes_; }
    size_t bytes() const { return *held_; }  // of all pages that somebody holds
    // Whether `pages` more fit, if all that is kept for later is given back.
    bool fits(size_t pages, size_t kept_bytes) const;

  private:
    KvLayout layout_;
    KvBudget budget_;
    size_t page_bytes_;
    std::shared_ptr<size_t> held_ = std::make_shared<size_t>(0);
};

// Writes x [heads, T, head_dim] to the positions from `first` on of `layer`: part 0 keys, 1 values.
// All T lie in this page.
void write_page(KvPage& page, const KvLayout& layout, int64_t layer, int part, int64_t first,
                const at::Tensor& x);
// The first `count` positions, as numbers of `out`'s dtype, into out [heads, count, head_dim],
// which may be a view whose last dimension is contiguous.
void read_page(const KvPage& page, const KvLayout& layout, int64_t layer, int part, int64_t count,
               const at::Tensor& out);

}  // namespace moonlet
