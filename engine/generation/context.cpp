// SPDX-License-Identifier: Apache-2.0
#include "generation/context.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "core/interrupt.h"
#include "generation/language_model.h"

namespace moonlet {

namespace {

// Blocks start at 0, b, 2b, 4b, … and from kBlock on at every kBlock. A small b lets short chats
// use much again; a large one reads a single prompt in fewer calls, each of which costs about the
// reading of all weights. Where the weights are small that cost is nothing.
constexpr size_t kBlock = 512, kFirstBlock = 128, kFirstBlockSmall = 32;
constexpr size_t kSmallWeights = size_t{64} << 20;  // bytes

// Changes whenever a weight does: trained in place (the tensor's version), exchanged (its address),
// or wrapped by an adapter (the Linear's kind).
uint64_t weights_stamp(Model& network) {
    uint64_t stamp = 14695981039346656037ull;  // FNV-1a over words
    auto mix = [&](uint64_t word) { stamp = (stamp ^ word) * 1099511628211ull; };
    for (auto& entry : network.parameters().entries()) {
        mix(reinterpret_cast<uint64_t>(entry.tensor.const_data_ptr()));
        if (!entry.tensor.is_inference()) mix(entry.tensor._version());
    }
    for (auto& named : network.parameters().linears()) {
        mix(reinterpret_cast<uint64_t>(named.linear.weight().get()));
        mix(named.linear.weight()->version());
    }
    return stamp;
}

}  // namespace

Context::Context(std::shared_ptr<Model> network)
    : network_(std::move(network)),
      cache_(network_->num_hidden_layers(), network_->max_positions()),
      first_block_(network_->parameters().bytes() < kSmallWeights ? kFirstBlockSmall
                                                                  : kFirstBlock) {
    if (!network_->causal())
        throw Error("a " + network_->model_type() + " model, which is an encoder", "a causal model",
                    "it embeds text (m:embed) but has no next token to tell of");
}

void Context::check(const std::vector<int>& ids) const {
    if (ids.empty()) throw Error("no token ids", "at least one", "give some text to begin with");
    int64_t most = network_->max_positions();
    if (most > 0 && static_cast<int64_t>(ids.size()) > most)
        throw Error(std::to_string(ids.size()) + " tokens",
                    "at most " + std::to_string(most) + ", the model's context",
                    "shorten the text or leave out its beginning");
    for (int id : ids)
        if (id < 0 || id >= network_->vocab_size())
            throw Error("token id " + std::to_string(id),
                        "0 to " + std::to_string(network_->vocab_size() - 1));
}

size_t Context::block_end(size_t position) const {
    if (position < first_block_) return first_block_;
    return position < kBlock ? position * 2 : (position / kBlock + 1) * kBlock;
}

// One call of the network over ids that follow what the cache holds.
at::Tensor Context::forward(const int* ids, size_t count, size_t length) {
    ModelInput input;
    input.ids = at::empty({1, static_cast<int64_t>(count)}, at::kLong);
    std::copy(ids, ids + count, input.ids.data_ptr<int64_t>());
    input.ids = input.ids.to(network_->parameters().device());
    input.cache = &cache_;
    input.lengths = at::full({1, 1}, static_cast<int64_t>(length), at::kLong);
    at::Tensor states = network_->hidden(input);
    ids_.insert(ids_.end(), ids, ids + count);
    return states;
}

at::Tensor Context::last_logits(const at::Tensor& states) {
    at::Tensor last = states.narrow(1, states.size(1) - 1, 1);
    return network_->logits(last).to(at::kFloat).reshape({-1});
}

at::Tensor Context::read(const std::vector<int>& ids, size_t* reused) {
    check(ids);
    c10::InferenceMode guard;
    size_t common = 0,
           most = std::min(prompt_, ids.size() - 1);  // the last id is read for its logits
    if (uint64_t stamp = weights_stamp(*network_); stamp != stamp_) {
        stamp_ = stamp;
        most = 0;
    }
    const auto length = static_cast<int64_t>(ids.size());
    if (network_->regime(length) != regime_) most = 0;
    regime_ = network_->regime(length);
    while (common < most && ids[common] == ids_[common]) ++common;
    size_t kept = 0;
    while (block_end(kept) <= common) kept = block_end(kept);
    ids_.resize(kept);
    prompt_ = kept;
    cache_.crop(static_cast<int64_t>(kept));
    if (reused) *reused = kept;

    at::Tensor states;
    while (ids_.size() < ids.size()) {
        if (interrupt::requested()) return {};
        size_t end = std::min(block_end(ids_.size()), ids.size());
        states = forward(ids.data() + ids_.size(), end - ids_.size(), ids.size());
        prompt_ = ids_.size();
    }
    return last_logits(states);
}

at::Tensor Context::step(int id) {
    c10::InferenceMode guard;
    const size_t length = ids_.size() + 1;
    if (!network_->restarts_at(static_cast<int64_t>(length)))
        return last_logits(forward(&id, 1, length));
    std::vector<int> whole = ids_;
    whole.push_back(id);
    return read(whole);
}

bool Context::extends(size_t count) const {
    const auto from = static_cast<int64_t>(ids_.size()), to = from + static_cast<int64_t>(count);
    const int64_t most = network_->max_positions();
    if (count == 0 || (most > 0 && to > most)) return false;
    for (int64_t length = from + 1; length <= to; ++length)
        if (network_->restarts_at(length) || network_->regime(length) != regime_) return false;
    return true;
}

at::Tensor Context::extend(const int* ids, size_t count) {
    if (!extends(count))
        throw Error(std::to_string(count) + " more tokens in one call",
                    "room for them in the context, and one rotary scaling for all", "step by step");
    c10::InferenceMode guard;
    const at::Tensor states = forward(ids, count, ids_.size() + count);
    return network_->logits(states).to(at::kFloat).squeeze(0);
}

void Context::crop(size_t length) {
    cache_.crop(static_cast<int64_t>(length));
    ids_.resize(length);
    prompt_ = std::min(prompt_, length);
}

void Context::scan(const std::vector<int>& ids,
                   const std::function<void(const at::Tensor&, size_t)>& each) {
    check(ids);
    c10::InferenceMode guard;
    ids_.clear();
    prompt_ = 0;
    cache_.crop(0);
    while (ids_.size() < ids.size()) {
        interrupt::check();
        size_t first = ids_.size(), end = std::min(block_end(first), ids.size());
        each(forward(ids.data() + first, end - first, ids.size()), first);
    }
}

BorrowedContext::BorrowedContext(LanguageModel& model) : model_(model) {
    context_.swap(model.context);
    // Another network was put in: what was read is worth nothing.
    if (!context_ || !context_->reads(*model.network))
        context_ = std::make_shared<Context>(model.network);
}

BorrowedContext::~BorrowedContext() { model_.context = std::move(context_); }

}  // namespace moonlet
