// SPDX-License-Identifier: Apache-2.0
// What a model keeps of the texts it has read: a radix tree of blocks, each with its ids and pages,
// so that chats, agents and forks that begin alike read their beginning once, whoever came between.
// A block begins and ends at fixed positions and was read by prefill; nothing else is ever kept,
// because rows computed otherwise round differently and a result must not depend on what was asked
// before. When the pool's budget is used up, the block least recently used goes first, never one
// that a running text holds. Weights that change make everything worthless.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "generation/kv_sequence.h"
#include "models/model.h"

namespace moonlet {

struct KvOptions {
    // Bytes of all pages, past which is an error. 0: a quarter of the memory free at first use (on
    // a GPU 1 GiB), past which what is kept makes room but a text that needs more takes it.
    size_t budget = 0;
    bool int8 = false;  // store keys and values as int8
};

// Changes whenever a weight does: trained in place (the tensor's version), exchanged (its address),
// or wrapped by an adapter (the Linear's kind).
uint64_t weights_stamp(Model& network);

class KvStore {
  public:
    explicit KvStore(std::shared_ptr<Model> network, const KvOptions& options = {});
    ~KvStore();
    KvStore(const KvStore&) = delete;
    KvStore& operator=(const KvStore&) = delete;

    KvSequence sequence() const;  // an empty one

    // Where the block that holds `position` ends.
    size_t block_end(size_t position) const;
    // Drops everything if the weights are others than at the last call.
    void check_weights();
    // Puts the blocks that `ids` begin with, as far as they are kept, into the empty `sequence`;
    // at most `most` positions. How many.
    size_t find(int64_t regime, const std::vector<int>& ids, size_t most, KvSequence& sequence);
    // Keeps the whole blocks of what `sequence` holds of `ids`.
    void keep(int64_t regime, const std::vector<int>& ids, const KvSequence& sequence);
    // Drops what no running text holds.
    void clear();

    struct Counts {
        size_t blocks = 0, tokens = 0, bytes = 0;  // kept
        size_t idle_bytes = 0;                     // of these what no running text holds
        size_t asked = 0, hits = 0;                // texts read, and those that had a beginning
        size_t read = 0, reused = 0;               // their tokens
    };
    Counts counts() const;
    KvPool& pool() const { return *pool_; }
    bool keeps_for(const Model& network) const { return network_.get() == &network; }

  private:
    struct Node;
    bool drop_one();

    std::shared_ptr<Model> network_;
    std::shared_ptr<KvPool> pool_;
    size_t first_block_;
    std::map<int64_t, std::unique_ptr<Node>> roots_;  // by the regime of the rotary angles
    uint64_t stamp_ = 0, tick_ = 0;
    Counts counts_;
};

}  // namespace moonlet
