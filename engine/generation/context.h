// SPDX-License-Identifier: Apache-2.0
// A text that a causal network has read, and its keys and values. Reading goes by blocks that start
// at fixed positions; whole blocks read that way stay in the model's KvStore, where any later text
// that begins alike finds them. What is written token by token is not kept: rows computed one by
// one round differently, and a result must not depend on what was asked before. So the same ids
// give the same logits bit for bit, cached or not. It knows no text and no sampling.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "generation/kv_store.h"
#include "models/model.h"

namespace moonlet {

struct LanguageModel;

class Context {
  public:
    // With the blocks that the model keeps; or with a store of its own. Error: an encoder, which
    // writes nothing.
    explicit Context(LanguageModel& model);
    explicit Context(std::shared_ptr<Model> network);

    // Makes `ids` what has been read, using again what earlier reading has in common with them, and
    // returns the logits after the last id, f32 [vocab]; undefined when an interrupt was requested
    // between two blocks. `reused` receives how many ids did not have to be read.
    // Error: no ids, more than the network's context holds, an id it does not know, a kv_budget
    // that is used up.
    at::Tensor read(const std::vector<int>& ids, size_t* reused = nullptr);
    // The same in parts: begin(), which uses again what it can, then read_block() until it returns
    // the logits (until then: undefined).
    size_t begin(const std::vector<int>& ids);
    at::Tensor read_block();

    // Reads one more id (of those it may write): the logits after it, f32 [vocab]; undefined as
    // with read, since where the network restarts_at this length everything is read anew.
    at::Tensor step(int id);
    // Reads `count` more ids in one call, guesses that crop() may take back: the logits after each,
    // f32 [count, vocab]. Error: where not extends(count).
    at::Tensor extend(const int* ids, size_t count);
    // Whether that many more have room and are read with the same rotary angles.
    bool extends(size_t count) const;
    // One more id for each of several contexts of one model, in one call: the logits after each,
    // f32 [contexts, vocab]. All of them extend(1).
    static at::Tensor step_all(const std::vector<Context*>& contexts, const std::vector<int>& ids);
    // Forgets the ids from `length` on. Error: more than there are.
    void crop(size_t length);

    // Reads `ids` and hands the states after the last norm of every block, [1, n, hidden_size], to
    // `each`; of the first `untold` ids what was kept is used again and not told of. Runs under
    // inference mode, as all of the above do. Interrupted between blocks. Error as read.
    void scan(const std::vector<int>& ids,
              const std::function<void(const at::Tensor& states, size_t first)>& each,
              size_t untold = 0);

    size_t length() const { return ids_.size(); }
    const std::vector<int>& ids() const { return ids_; }
    const KvSequence& sequence() const { return sequence_; }
    KvSequence& sequence() { return sequence_; }
    int64_t regime() const { return regime_; }

  private:
    size_t begin(const std::vector<int>& ids, size_t most);
    at::Tensor forward(const int* ids, size_t count, size_t length);
    at::Tensor forward_block(size_t keep);  // kept where it ends within so many ids
    at::Tensor last_logits(const at::Tensor& states);
    void check(const std::vector<int>& ids) const;

    std::shared_ptr<Model> network_;
    std::shared_ptr<KvStore> store_;
    KvSequence sequence_;
    std::vector<int> ids_;    // what the sequence holds, in step with its length
    std::vector<int> asked_;  // of begin()
    int64_t regime_ = 0;      // of the rotary angles they are read with
};

// A context for one call. Calls made from within (a callback that asks the same model something)
// have their own, over the same store.
class BorrowedContext {
  public:
    explicit BorrowedContext(LanguageModel& model) : context_(model) {}
    Context* operator->() { return &context_; }
    Context& operator*() { return context_; }

  private:
    Context context_;
};

}  // namespace moonlet
