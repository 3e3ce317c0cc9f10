// SPDX-License-Identifier: Apache-2.0
#include "generation/context.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "core/interrupt.h"
#include "generation/language_model.h"

namespace moonlet {

Context::Context(LanguageModel& model)
    : network_(model.network), store_(model.kv()), sequence_(store_->sequence()) {}

Context::Context(std::shared_ptr<Model> network)
    : network_(std::move(network)),
      store_(std::make_shared<KvStore>(network_)),
      sequence_(store_->sequence()) {}

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

// One call of the network over ids that follow what the sequence holds.
at::Tensor Context::forward(const int* ids, size_t count, size_t length) {
    PagedCache cache({&sequence_});
    ModelInput input;
    input.ids = at::empty({1, static_cast<int64_t>(count)}, at::kLong);
    std::copy(ids, ids + count, input.ids.data_ptr<int64_t>());
    input.ids = input.ids.to(network_->parameters().device());
    input.cache = &cache;
    input.lengths = at::full({1, 1}, static_cast<int64_t>(length), at::kLong);
    at::Tensor states = network_->hidden(input);
    ids_.insert(ids_.end(), ids, ids + count);
    return states;
}

at::Tensor Context::last_logits(const at::Tensor& states) {
    at::Tensor last = states.narrow(1, states.size(1) - 1, 1);
    return network_->logits(last).to(at::kFloat).reshape({-1});
}

size_t Context::begin(const std::vector<int>& ids) {
    check(ids);
    return begin(ids, ids.size() - 1);  // the last id is read for its logits
}

size_t Context::begin(const std::vector<int>& ids, size_t most) {
    store_->check_weights();
    regime_ = network_->regime(static_cast<int64_t>(ids.size()));
    asked_ = ids;
    crop(0);
    const size_t kept = store_->find(regime_, ids, most, sequence_);
    ids_.assign(ids.begin(), ids.begin() + kept);
    return kept;
}

at::Tensor Context::forward_block(size_t keep) {
    const size_t first = ids_.size(), end = std::min(store_->block_end(first), asked_.size());
    at::Tensor states = forward(asked_.data() + first, end - first, asked_.size());
    if (end <= keep && end == store_->block_end(first)) store_->keep(regime_, ids_, sequence_);
    return states;
}

at::Tensor Context::read_block() {
    c10::InferenceMode guard;
    at::Tensor states = forward_block(asked_.size());
    return ids_.size() == asked_.size() ? last_logits(states) : at::Tensor();
}

at::Tensor Context::read(const std::vector<int>& ids, size_t* reused) {
    const size_t kept = begin(ids);
    if (reused) *reused = kept;
    at::Tensor logits;
    while (!logits.defined()) {
        if (interrupt::requested()) return {};
        logits = read_block();
    }
    return logits;
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

at::Tensor Context::step_all(const std::vector<Context*>& contexts, const std::vector<int>& ids) {
    c10::InferenceMode guard;
    const auto rows = static_cast<int64_t>(contexts.size());
    std::vector<KvSequence*> sequences;
    for (Context* context : contexts) sequences.push_back(&context->sequence_);
    PagedCache cache(sequences);
    const int64_t past = cache.length();
    Model& network = *contexts.at(0)->network_;
    ModelInput input;
    input.cache = &cache;
    input.ids = at::empty({rows, 1}, at::kLong);
    input.positions = at::empty({rows, 1}, at::kLong);
    at::Tensor mask = at::ones({rows, past + 1}, at::kBool);
    for (int64_t i = 0; i < rows; ++i) {
        const int64_t length = sequences[size_t(i)]->length();
        input.ids.data_ptr<int64_t>()[i] = ids.at(size_t(i));
        input.positions.data_ptr<int64_t>()[i] = length;
        std::fill_n(mask.data_ptr<bool>() + i * (past + 1), past - length, false);
    }
    input.lengths = input.positions + 1;
    const at::Device device = network.parameters().device();
    input.ids = input.ids.to(device);
    input.mask = mask.to(device);
    at::Tensor states = network.hidden(input);
    for (size_t i = 0; i < contexts.size(); ++i) contexts[i]->ids_.push_back(ids[i]);
    return network.logits(states).to(at::kFloat).squeeze(1);
}

void Context::crop(size_t length) {
    sequence_.crop(static_cast<int64_t>(length));
    ids_.resize(length);
}

void Context::scan(const std::vector<int>& ids,
                   const std::function<void(const at::Tensor&, size_t)>& each, size_t untold) {
    check(ids);
    c10::InferenceMode guard;
    begin(ids, untold);
    while (ids_.size() < ids.size()) {
        interrupt::check();
        const size_t first = ids_.size();
        each(forward_block(untold), first);
    }
}

}  // namespace moonlet
