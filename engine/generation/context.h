// SPDX-License-Identifier: Apache-2.0
// The ids a causal network has read and its cache of them. A LanguageModel keeps the last one, so
// that a chat's next turn reads only what is new. Reading goes by blocks that start at fixed
// positions, and only whole blocks read that way are ever used again: rows computed one by one
// while writing round differently, and a result must not depend on what was asked before. So the
// same ids give the same logits bit for bit, cached or not. It knows no text and no sampling.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "generation/kv_cache.h"
#include "models/model.h"

namespace moonlet {

class Context {
  public:
    // Error: an encoder, which writes nothing.
    explicit Context(std::shared_ptr<Model> network);

    // Makes `ids` what has been read, using again what earlier reading has in common with them, and
    // returns the logits after the last id, f32 [vocab]; undefined when an interrupt was requested
    // between two blocks. `reused` receives how many ids did not have to be read.
    // Error: no ids, more than the network's context holds, an id it does not know.
    at::Tensor read(const std::vector<int>& ids, size_t* reused = nullptr);
    // Reads one more id (of those it may write): the logits after it, f32 [vocab]; undefined as
    // with read, since where the network restarts_at this length everything is read anew.
    at::Tensor step(int id);
    // Reads `count` more ids in one call: the logits after each, f32 [count, vocab], on the
    // network's device. What rounds as one call of many rows, not as `count` steps. Error: as step,
    // or where not extends(count).
    at::Tensor extend(const int* ids, size_t count);
    // Whether that many more have room and are read with the same rotary angles.
    bool extends(size_t count) const;
    // Forgets every id from `length` on. Error: more than length().
    void crop(size_t length);

    // Reads `ids` from the start, without using anything again, and hands the states after the last
    // norm of every block, [1, n, hidden_size], to `each`. Runs under inference mode, as all of the
    // above do. Interrupted between blocks. Error as read.
    void scan(const std::vector<int>& ids,
              const std::function<void(const at::Tensor& states, size_t first)>& each);

    bool reads(const Model& network) const { return network_.get() == &network; }
    size_t length() const { return ids_.size(); }
    size_t bytes() const { return cache_.bytes(); }

  private:
    at::Tensor forward(const int* ids, size_t count, size_t length);
    at::Tensor last_logits(const at::Tensor& states);
    void check(const std::vector<int>& ids) const;
    size_t block_end(size_t position) const;

    std::shared_ptr<Model> network_;
    KvCache cache_;
    std::vector<int> ids_;  // what the cache holds, in step with cache_.length()
    size_t prompt_ = 0;     // so many of them were read by read(), not by step()
    uint64_t stamp_ = 0;    // of the weights they were read with
    int64_t regime_ = 0;    // of the rotary angles they were read with
    size_t first_block_;
};

struct LanguageModel;

// The model's kept context for the time of one call: taken out, so that a call made from within
// (a callback that asks the same model something) gets a fresh one, and put back at the end.
class BorrowedContext {
  public:
    explicit BorrowedContext(LanguageModel& model);
    ~BorrowedContext();
    BorrowedContext(const BorrowedContext&) = delete;
    BorrowedContext& operator=(const BorrowedContext&) = delete;
    Context* operator->() const { return context_.get(); }
    Context& operator*() const { return *context_; }

  private:
    LanguageModel& model_;
    std::shared_ptr<Context> context_;
};

}  // namespace moonlet
