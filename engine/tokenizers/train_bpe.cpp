// SPDX-License-Identifier: Apache-2.0
// BPE training (Sennrich et al. 2016) with incremental pair counts: a merge touches only the words
// that hold the pair. The most frequent pair goes first, of equals the one with the lowest ids. The
// order of merges equals Hugging Face's BpeTrainer, which keeps a queue whose entries are brought
// up to date when they surface; a pair that is queued twice (its token has two spellings) is merged
// twice and keeps its later rank, as there.
#include "tokenizers/train.h"

#include <algorithm>
#include <queue>
#include <unordered_map>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/progress.h"
#include "tokenizers/byte_level.h"
#include "tokenizers/regex.h"
#include "tokenizers/vocabulary.h"

namespace moonlet {

namespace {

using Pair = std::pair<int, int>;
struct PairHash {
    size_t operator()(const Pair& p) const {
        uint64_t key = static_cast<uint64_t>(static_cast<uint32_t>(p.first)) << 32 |
                       static_cast<uint32_t>(p.second);
        key *= 0x9E3779B97F4A7C15u;
        return key ^ key >> 29;
    }
};

struct Queued {
    int64_t count;
    Pair pair;
    std::vector<uint32_t> words;  // where the pair stood when it was queued, each word once
    bool operator<(const Queued& o) const {
        return count != o.count ? count < o.count : pair > o.pair;
    }
};

class Trainer {
  public:
    explicit Trainer(const TrainOptions& options) : options_(options) {
        for (auto& token : options.special_tokens) name(token);
        std::vector<char32_t> alphabet;
        for (int b = 0; b < 256; ++b)
            alphabet.push_back(byte_level::character(static_cast<unsigned char>(b)));
        std::sort(alphabet.begin(), alphabet.end());
        for (char32_t c : alphabet) byte_ids_[byte_level::byte(c)] = name(unicode::utf8(c));
    }

    void feed(const std::string& text) {
        std::string repaired;
        std::string_view view = text;
        if (!unicode::valid(text)) view = repaired = unicode::lossy(text);
        found_.clear();
        words_of_.find_all(view, found_);  // leaves no gap: every character is in some word
        for (auto [begin, end] : found_) {
            std::string_view word = view.substr(begin, end - begin);
            int known = words_.find(word);
            if (known < 0) {
                words_.add(word, static_cast<int>(counts_.size()));
                counts_.push_back(1);
            } else {
                ++counts_[static_cast<size_t>(known)];
            }
        }
    }

    void merge() {
        start_words();
        while (static_cast<int>(names_.size()) < options_.vocab_size && !queue_.empty()) {
            Queued top = queue_.top();
            queue_.pop();
            int64_t now = pair_counts_[top.pair];
            if (top.count != now) {
                top.count = now;
                queue_.push(std::move(top));
                continue;
            }
            if (top.count < 1 || top.count < options_.min_frequency) break;
            int fresh = name(names_[static_cast<size_t>(top.pair.first)] +
                             names_[static_cast<size_t>(top.pair.second)]);
            merges_.push_back(top.pair);
            apply(top, fresh);
            interrupt::check();
            report_progress({"training tokenizer", static_cast<double>(names_.size()),
                             static_cast<double>(options_.vocab_size), "tokens",
                             std::to_string(merges_.size()) + " merges"});
        }
    }

    Json model() const {
        Json vocab = Json::object(), merges = Json::array();
        auto& entries = vocab.get_ref<Json::object_t&>();
        entries.reserve(names_.size());
        for (size_t i = 0; i < names_.size(); ++i) entries.push_back({names_[i], i});
        std::unordered_map<Pair, size_t, PairHash> last;
        for (size_t i = 0; i < merges_.size(); ++i) last[merges_[i]] = i;
        for (size_t i = 0; i < merges_.size(); ++i) {
            if (last[merges_[i]] != i) continue;
            merges.push_back(Json::array({names_[static_cast<size_t>(merges_[i].first)],
                                          names_[static_cast<size_t>(merges_[i].second)]}));
        }
        return {{"type", "BPE"},
                {"dropout", nullptr},
                {"unk_token", nullptr},
                {"continuing_subword_prefix", nullptr},
                {"end_of_word_suffix", nullptr},
                {"fuse_unk", false},
                {"byte_fallback", false},
                {"ignore_merges", false},
                {"vocab", std::move(vocab)},
                {"merges", std::move(merges)}};
    }

  private:
    // The id of a token, a new one if it has none.
    int name(const std::string& token) {
        int id = ids_.find(token);
        if (id >= 0) return id;
        id = static_cast<int>(names_.size());
        ids_.add(token, id);
        names_.push_back(token);
        return id;
    }

    void start_words() {
        std::unordered_map<Pair, std::vector<uint32_t>, PairHash> where;
        words_.each([&](std::string_view word, int) {
            std::vector<int> symbols;
            for (char c : word) symbols.push_back(byte_ids_[static_cast<unsigned char>(c)]);
            auto at = static_cast<uint32_t>(symbols_.size());
            for (size_t i = 0; i + 1 < symbols.size(); ++i) {
                Pair pair{symbols[i], symbols[i + 1]};
                pair_counts_[pair] += counts_[at];
                add(where[pair], at);
            }
            symbols_.push_back(std::move(symbols));
        });
        words_ = Vocabulary();
        enqueue(where);
    }

    static void add(std::vector<uint32_t>& words, uint32_t word) {
        if (words.empty() || words.back() != word) words.push_back(word);
    }

    void enqueue(std::unordered_map<Pair, std::vector<uint32_t>, PairHash>& where) {
        for (auto& [pair, words] : where) {
            int64_t count = pair_counts_[pair];
            if (count > 0) queue_.push({count, pair, std::move(words)});
        }
    }

    void apply(const Queued& top, int fresh) {
        auto [left, right] = top.pair;
        std::unordered_map<Pair, std::vector<uint32_t>, PairHash> where;
        for (uint32_t w : top.words) {
            auto& s = symbols_[w];
            int64_t count = counts_[w];
            size_t out = 0;  // s[0, out) is done
            for (size_t i = 0; i < s.size(); ++i) {
                if (s[i] != left || i + 1 >= s.size() || s[i + 1] != right) {
                    s[out++] = s[i];
                    continue;
                }
                if (out > 0) {
                    pair_counts_[{s[out - 1], left}] -= count;
                    pair_counts_[{s[out - 1], fresh}] += count;
                    add(where[{s[out - 1], fresh}], w);
                }
                if (i + 2 < s.size()) {
                    pair_counts_[{right, s[i + 2]}] -= count;
                    pair_counts_[{fresh, s[i + 2]}] += count;
                    add(where[{fresh, s[i + 2]}], w);
                }
                s[out++] = fresh;
                ++i;
            }
            s.resize(out);
        }
        enqueue(where);
    }

    const TrainOptions& options_;
    Regex words_of_{byte_level::kWords};
    Ranges found_;
    Vocabulary words_;             // distinct words -> their number
    std::vector<int64_t> counts_;  // how often each stood in the texts
    std::vector<std::vector<int>> symbols_;
    Vocabulary ids_;
    std::vector<std::string> names_;
    int byte_ids_[256];
    std::unordered_map<Pair, int64_t, PairHash> pair_counts_;
    std::priority_queue<Queued> queue_;
    std::vector<Pair> merges_;
};

void check(const TrainOptions& o) {
    auto least = 256 + o.special_tokens.size();
    if (o.vocab_size < static_cast<int>(least))
        throw Error("vocab_size is " + std::to_string(o.vocab_size),
                    "at least " + std::to_string(least) + " (256 bytes and " +
                        std::to_string(o.special_tokens.size()) + " special tokens)");
    check_special_tokens(o);
}

}  // namespace

std::shared_ptr<Tokenizer> train_bpe(const std::function<bool(std::string&)>& next_text,
                                     const TrainOptions& options) {
    check(options);
    interrupt::check_entry();
    Trainer trainer(options);
    double megabytes = 0;
    for (std::string text; next_text(text);) {
        trainer.feed(text);
        megabytes += static_cast<double>(text.size()) / 1e6;
        interrupt::check();
        report_progress({"reading text", megabytes, 0, "MB", ""});
    }
    trainer.merge();
    Json byte_level = {{"type", "ByteLevel"},
                       {"add_prefix_space", false},
                       {"trim_offsets", true},
                       {"use_regex", true}};
    return Tokenizer::from_json({{"version", "1.0"},
                                 {"truncation", nullptr},
                                 {"padding", nullptr},
                                 {"added_tokens", added_tokens(options)},
                                 {"normalizer", nullptr},
                                 {"pre_tokenizer", byte_level},
                                 {"post_processor", nullptr},
                                 {"decoder", byte_level},
                                 {"model", trainer.model()}},
                                "the trained tokenizer");
}

}  // namespace moonlet
