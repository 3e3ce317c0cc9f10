// SPDX-License-Identifier: Apache-2.0
// BPE training (Sennrich et al. 2016) with incremental pair counts: a merge touches only the words
// that hold the pair. The most frequent pair goes first, of equals the one with the lowest ids. The
// order of merges equals Hugging Face's BpeTrainer, which keeps a queue whose entries are brought
// up to date when they surface; a pair that is queued twice (its token has two spellings) is merged
// twice and keeps its later rank, as there. WordPiece is trained by the same merges (its trainer
// there does so, too) and keeps the vocabulary only.
#include "tokenizers/train.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <map>
#include <queue>
#include <unordered_map>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/progress.h"
#include "tokenizers/byte_level.h"
#include "tokenizers/unicode.h"
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
    Trainer(const WordCounts& words, const TrainOptions& options)
        : options_(options), counts_(words.counts) {
        for (auto& token : options.special_tokens) name(token);
        if (options.byte_fallback) {
            for (unsigned b = 0; b < 256; ++b) {
                char code[8];
                std::snprintf(code, sizeof code, "<0x%02X>", b);
                name(code);
            }
        }
        take_alphabet(words);
        if (static_cast<int>(names_.size()) > options.vocab_size)
            throw Error("vocab_size is " + std::to_string(options.vocab_size),
                        "at least " + std::to_string(names_.size()) +
                            ": the special tokens and the alphabet");
        split(words);
    }

    void merge() {
        auto longest = options_.max_token_length > 0
                           ? static_cast<uint32_t>(options_.max_token_length)
                           : std::numeric_limits<uint32_t>::max();
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
            const std::string& prefix = options_.continuing_subword_prefix;
            std::string_view right = names_[static_cast<size_t>(top.pair.second)];
            if (!prefix.empty() && right.substr(0, prefix.size()) == prefix)
                right.remove_prefix(prefix.size());
            int fresh = name(names_[static_cast<size_t>(top.pair.first)] + std::string(right));
            merges_.push_back(top.pair);
            apply(top, fresh, longest);
            interrupt::check();
            report_progress({"training tokenizer", static_cast<double>(names_.size()),
                             static_cast<double>(options_.vocab_size), "tokens",
                             std::to_string(merges_.size()) + " merges"});
        }
    }

    Json vocabulary() const {
        Json vocab = Json::object();
        auto& entries = vocab.get_ref<Json::object_t&>();
        entries.reserve(names_.size());
        for (size_t i = 0; i < names_.size(); ++i) entries.push_back({names_[i], i});
        return vocab;
    }

    Json merges() const {
        Json merges = Json::array();
        std::unordered_map<Pair, size_t, PairHash> last;
        for (size_t i = 0; i < merges_.size(); ++i) last[merges_[i]] = i;
        for (size_t i = 0; i < merges_.size(); ++i) {
            if (last[merges_[i]] != i) continue;
            merges.push_back(Json::array({names_[static_cast<size_t>(merges_[i].first)],
                                          names_[static_cast<size_t>(merges_[i].second)]}));
        }
        return merges;
    }

  private:
    struct Part {
        int id;
        uint32_t length;  // characters
    };

    // The id of a token, a new one if it has none.
    int name(const std::string& token) {
        int id = ids_.find(token);
        if (id >= 0) return id;
        id = static_cast<int>(names_.size());
        ids_.add(token, id);
        names_.push_back(token);
        return id;
    }

    // The characters that get a token, by code point; the most frequent where they are limited, of
    // equals the lower code points.
    void take_alphabet(const WordCounts& words) {
        std::map<char32_t, int64_t> seen;
        for (size_t w = 0; w < words.words.size(); ++w)
            for (size_t i = 0; i < words.words[w].size();)
                seen[unicode::next(words.words[w], i)] += words.counts[w];
        for (auto& text : options_.initial_alphabet)
            for (size_t i = 0; i < text.size();)
                seen[unicode::next(text, i)] = std::numeric_limits<int64_t>::max();
        std::vector<std::pair<char32_t, int64_t>> kept(seen.begin(), seen.end());
        if (options_.limit_alphabet > 0 &&
            kept.size() > static_cast<size_t>(options_.limit_alphabet)) {
            std::stable_sort(kept.begin(), kept.end(),
                             [](auto& a, auto& b) { return a.second > b.second; });
            kept.resize(static_cast<size_t>(options_.limit_alphabet));
            std::sort(kept.begin(), kept.end());
        }
        for (auto& [c, count] : kept) name(unicode::utf8(c));
    }

    void split(const WordCounts& words) {
        std::unordered_map<Pair, std::vector<uint32_t>, PairHash> where;
        std::string spelled;
        for (const std::string& word : words.words) {
            std::vector<Part> symbols;
            for (size_t i = 0; i < word.size();) {
                size_t at = i;
                unicode::next(word, i);
                std::string_view character = std::string_view(word).substr(at, i - at);
                if (ids_.find(character) < 0) continue;  // outside of the alphabet
                spelled = at > 0 ? options_.continuing_subword_prefix : "";
                spelled += character;
                if (i == word.size()) spelled += options_.end_of_word_suffix;
                symbols.push_back({name(spelled), 1});
            }
            auto at = static_cast<uint32_t>(symbols_.size());
            for (size_t i = 0; i + 1 < symbols.size(); ++i) {
                Pair pair{symbols[i].id, symbols[i + 1].id};
                pair_counts_[pair] += counts_[at];
                add(where[pair], at);
            }
            symbols_.push_back(std::move(symbols));
        }
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

    void apply(const Queued& top, int fresh, uint32_t longest) {
        auto [left, right] = top.pair;
        std::unordered_map<Pair, std::vector<uint32_t>, PairHash> where;
        for (uint32_t w : top.words) {
            auto& s = symbols_[w];
            int64_t count = counts_[w];
            auto fits = [&](const Part& a, const Part& b) {  // may the two merge one day
                return uint64_t{a.length} + b.length < longest;
            };
            size_t out = 0;  // s[0, out) is done
            for (size_t i = 0; i < s.size(); ++i) {
                if (s[i].id != left || i + 1 >= s.size() || s[i + 1].id != right) {
                    s[out++] = s[i];
                    continue;
                }
                Part merged{fresh, s[i].length + s[i + 1].length};
                if (out > 0) {
                    pair_counts_[{s[out - 1].id, left}] -= count;
                    if (fits(s[out - 1], merged)) {
                        pair_counts_[{s[out - 1].id, fresh}] += count;
                        add(where[{s[out - 1].id, fresh}], w);
                    }
                }
                if (i + 2 < s.size()) {
                    pair_counts_[{right, s[i + 2].id}] -= count;
                    if (fits(merged, s[i + 2])) {
                        pair_counts_[{fresh, s[i + 2].id}] += count;
                        add(where[{fresh, s[i + 2].id}], w);
                    }
                }
                s[out++] = merged;
                ++i;
            }
            s.resize(out);
        }
        enqueue(where);
    }

    const TrainOptions& options_;
    const std::vector<int64_t>& counts_;  // how often each word stood in the texts
    std::vector<std::vector<Part>> symbols_;
    Vocabulary ids_;
    std::vector<std::string> names_;
    std::unordered_map<Pair, int64_t, PairHash> pair_counts_;
    std::priority_queue<Queued> queue_;
    std::vector<Pair> merges_;
};

bool spells_bytes(const Json& part) {
    if (!part.is_object()) return false;
    auto type = part.find("type");
    if (type != part.end() && *type == "ByteLevel") return true;
    for (const char* list : {"pretokenizers", "normalizers"})
        if (part.contains(list) && part[list].is_array())
            for (const Json& p : part[list])
                if (spells_bytes(p)) return true;
    return false;
}

}  // namespace

Json train_bpe_model(const WordCounts& words, const TrainOptions& given) {
    TrainOptions options = given;
    if (spells_bytes(options.pre_tokenizer) || spells_bytes(options.normalizer)) {
        for (unsigned b = 0; b < 256; ++b)
            options.initial_alphabet.push_back(
                unicode::utf8(byte_level::character(static_cast<unsigned char>(b))));
    }
    auto or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
    if (options.byte_fallback && options.unk_token.empty()) options.unk_token = "<unk>";
    auto& special = options.special_tokens;
    bool named = std::find(special.begin(), special.end(), options.unk_token) != special.end();
    if (!options.unk_token.empty() && !named) special.insert(special.begin(), options.unk_token);
    Trainer trainer(words, options);
    trainer.merge();
    return {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", or_null(options.unk_token)},
            {"continuing_subword_prefix", or_null(options.continuing_subword_prefix)},
            {"end_of_word_suffix", or_null(options.end_of_word_suffix)},
            {"fuse_unk", options.byte_fallback},
            {"byte_fallback", options.byte_fallback},
            {"ignore_merges", false},
            {"vocab", trainer.vocabulary()},
            {"merges", trainer.merges()}};
}

Json train_wordpiece_model(const WordCounts& words, const TrainOptions& options) {
    Trainer trainer(words, options);
    trainer.merge();
    return {{"type", "WordPiece"},
            {"unk_token", options.unk_token},
            {"continuing_subword_prefix", options.continuing_subword_prefix},
            {"max_input_chars_per_word", 100},
            {"vocab", trainer.vocabulary()}};
}

// The most frequent words, of equals the first in byte order.
Json train_wordlevel_model(const WordCounts& words, const TrainOptions& options) {
    std::vector<size_t> order;
    for (size_t i = 0; i < words.words.size(); ++i)
        if (words.counts[i] >= options.min_frequency) order.push_back(i);
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
        return words.counts[a] != words.counts[b] ? words.counts[a] > words.counts[b]
                                                  : words.words[a] < words.words[b];
    });
    std::vector<const std::string*> names;
    for (auto& token : options.special_tokens) names.push_back(&token);
    for (size_t i : order) names.push_back(&words.words[i]);
    Vocabulary ids;  // a word that is also a special token keeps the later id, as there
    for (size_t i = 0; i < names.size() && i < static_cast<size_t>(options.vocab_size); ++i)
        ids.add(*names[i], static_cast<int>(i));
    Json vocab = Json::object();
    auto& entries = vocab.get_ref<Json::object_t&>();
    ids.each([&](std::string_view word, int id) { entries.push_back({std::string(word), id}); });
    return {{"type", "WordLevel"}, {"vocab", std::move(vocab)}, {"unk_token", options.unk_token}};
}

}  // namespace moonlet
