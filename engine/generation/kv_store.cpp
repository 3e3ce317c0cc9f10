// SPDX-License-Identifier: Apache-2.0
#include "generation/kv_store.h"

#include <algorithm>
#include <fstream>
#include <string>

#include "core/error.h"

namespace moonlet {

namespace {

// Blocks start at 0, b, 2b, 4b, … and from kBlock on at every kBlock. A small b lets short chats
// use much again; a large one reads a single prompt in fewer calls, each of which costs about the
// reading of all weights. Where the weights are small that cost is nothing.
constexpr size_t kBlock = 512, kFirstBlock = 128, kFirstBlockSmall = 32;
constexpr size_t kSmallWeights = size_t{64} << 20;  // bytes
static_assert(kFirstBlockSmall % kKvPage == 0 && kFirstBlock % kKvPage == 0);

constexpr size_t kUnknown = size_t{1} << 30;  // where nobody says how much there is

// What the system could still give out.
size_t free_memory() {
    std::ifstream file("/proc/meminfo");
    std::string name;
    size_t kilobytes = 0;
    while (file >> name) {
        if (name == "MemAvailable:" && file >> kilobytes) return kilobytes * 1024;
        file.ignore(1 << 10, '\n');
    }
    return kUnknown;
}

KvLayout layout_of(Model& network, bool int8) {
    const Parameters& p = network.parameters();
    return {network.num_hidden_layers(),
            network.num_key_value_heads(),
            network.head_dim(),
            p.dtype(),
            p.device(),
            int8};
}

KvBudget budget_of(const KvOptions& options, const at::Device& device) {
    if (options.budget > 0) return {options.budget, true};
    return {device.is_cpu() ? free_memory() / 4 : kUnknown, false};
}

}  // namespace

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

struct KvStore::Node {
    std::map<std::vector<int>, std::unique_ptr<Node>> next;  // by the ids of the block behind it
    std::vector<KvPageRef> pages;                            // empty: a root
    uint64_t used = 0;

    bool held() const {
        return std::any_of(pages.begin(), pages.end(),
                           [](const KvPageRef& page) { return page.use_count() > 1; });
    }
};

KvStore::KvStore(std::shared_ptr<Model> network, const KvOptions& options)
    : network_(std::move(network)),
      pool_(std::make_shared<KvPool>(layout_of(*network_, options.int8),
                                     budget_of(options, network_->parameters().device()))),
      first_block_(network_->parameters().bytes() < kSmallWeights ? kFirstBlockSmall
                                                                  : kFirstBlock) {
    if (!network_->causal())
        throw Error("a " + network_->model_type() + " model, which is an encoder", "a causal model",
                    "it embeds text (m:embed) but has no next token to tell of");
    pool_->make_room = [this] { return drop_one(); };
}

// A sequence may outlive the store.
KvStore::~KvStore() { pool_->make_room = nullptr; }

KvSequence KvStore::sequence() const { return KvSequence(pool_, network_->max_positions()); }

size_t KvStore::block_end(size_t position) const {
    if (position < first_block_) return first_block_;
    return position < kBlock ? position * 2 : (position / kBlock + 1) * kBlock;
}

void KvStore::check_weights() {
    const uint64_t stamp = weights_stamp(*network_);
    if (stamp != stamp_) roots_.clear();
    stamp_ = stamp;
}

size_t KvStore::find(int64_t regime, const std::vector<int>& ids, size_t most,
                     KvSequence& sequence) {
    size_t begin = 0;
    ++tick_;
    auto root = roots_.find(regime);
    for (Node* node = root == roots_.end() ? nullptr : root->second.get(); node;) {
        const size_t end = block_end(begin);
        if (end > std::min(most, ids.size())) break;
        auto next = node->next.find({ids.begin() + begin, ids.begin() + end});
        if (next == node->next.end()) break;
        node = next->second.get();
        node->used = tick_;
        sequence.share(node->pages);
        begin = end;
    }
    ++counts_.asked;
    counts_.hits += begin > 0;
    counts_.reused += begin;
    counts_.read += ids.size();
    return begin;
}

void KvStore::keep(int64_t regime, const std::vector<int>& ids, const KvSequence& sequence) {
    auto& root = roots_[regime];
    if (!root) root = std::make_unique<Node>();
    Node* node = root.get();
    const size_t there = std::min(ids.size(), size_t(sequence.length()));
    for (size_t begin = 0, end; (end = block_end(begin)) <= there; begin = end) {
        auto& next = node->next[{ids.begin() + begin, ids.begin() + end}];
        if (!next) {
            next = std::make_unique<Node>();
            const auto& pages = sequence.pages();
            next->pages.assign(pages.begin() + begin / kKvPage, pages.begin() + end / kKvPage);
        }
        node = next.get();
        node->used = tick_;
    }
}

bool KvStore::drop_one() {
    Node* parent = nullptr;
    const std::vector<int>* key = nullptr;
    uint64_t oldest = UINT64_MAX;
    auto visit = [&](auto& self, Node& node) -> void {
        for (auto& [ids, next] : node.next) {
            if (!next->next.empty()) self(self, *next);
            else if (next->used < oldest && !next->held()) {
                oldest = next->used;
                parent = &node;
                key = &ids;
            }
        }
    };
    for (auto& [regime, root] : roots_) visit(visit, *root);
    if (!parent) return false;
    parent->next.erase(parent->next.find(*key));
    return true;
}

void KvStore::clear() {
    while (drop_one()) {
    }
}

KvStore::Counts KvStore::counts() const {
    Counts counts = counts_;
    auto visit = [&](auto& self, const Node& node) -> void {
        for (auto& [ids, next] : node.next) {
            ++counts.blocks;
            counts.tokens += ids.size();
            const size_t bytes = next->pages.size() * pool_->page_bytes();
            counts.bytes += bytes;
            if (!next->held()) counts.idle_bytes += bytes;
            self(self, *next);
        }
    };
    for (auto& [regime, root] : roots_) visit(visit, *root);
    return counts;
}

}  // namespace moonlet
