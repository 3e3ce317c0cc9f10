// SPDX-License-Identifier: Apache-2.0
// Unigram training (Kudo 2018) as Hugging Face's UnigramTrainer does it: candidates are the
// substrings that repeat among the distinct words, scored by length times occurrences; rounds of
// expectation (over all ways to cut each word) and maximisation; between them the pieces whose loss
// hurts least are dropped, until a tenth more than wanted are left. Sums are taken in the order of
// the words, so the same texts give the same scores (there they depend on the order of a hash).
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/progress.h"
#include "tokenizers/prefix_trie.h"
#include "tokenizers/suffixes.h"
#include "tokenizers/train.h"
#include "tokenizers/unicode.h"

namespace moonlet {

namespace {

constexpr double kUnknownPenalty = 10.0;
constexpr double kLeastExpected = 0.5;  // pieces expected less often are dropped

struct Scored {
    std::string text;
    double score;
};

// Piece 0 is the unknown one, "<UNK>", and has no score.
using PieceList = std::vector<Scored>;

double digamma(double x) {
    double result = 0;
    for (; x < 7; ++x) result -= 1 / x;
    x -= 0.5;
    double xx = 1 / x, xx2 = xx * xx, xx4 = xx2 * xx2;
    return result + std::log(x) + (1.0 / 24.0) * xx2 - 7.0 / 960.0 * xx4 +
           (31.0 / 8064.0) * xx4 * xx2 - (127.0 / 30720.0) * xx4 * xx4;
}

double log_add(double a, double b) {
    double low = std::min(a, b), high = std::max(a, b);
    return high > low + 50 ? high : high + std::log(std::exp(low - high) + 1);
}

// The ways to cut a word: nodes are pieces at their places, in order of their beginning.
class Lattice {
  public:
    explicit Lattice(const PieceList& pieces) : pieces_(pieces) {
        std::vector<std::pair<std::string_view, int>> tokens;
        double lowest = std::numeric_limits<double>::infinity();
        for (size_t i = 1; i < pieces.size(); ++i) {
            tokens.emplace_back(pieces[i].text, static_cast<int>(i));
            lowest = std::min(lowest, pieces[i].score);
        }
        trie_ = PrefixTrie(tokens);
        unknown_score_ = lowest - kUnknownPenalty;
    }

    struct Node {
        int id;
        uint32_t begin, end;
        double score;
    };

    void set(std::string_view word) {
        size_ = word.size();
        nodes_.clear();
        for (size_t at = 0; at < size_;) {
            size_t width = unicode::width(static_cast<unsigned char>(word[at]));
            bool single = false;
            trie_.each_prefix(word, at, [&](size_t length, int id) {
                add(id, at, at + length, pieces_[static_cast<size_t>(id)].score);
                single = single || length == width;
            });
            if (!single) add(0, at, at + width, unknown_score_);
            at += width;
        }
    }

    // Adds how often each piece is expected in `count` such words; returns their log likelihood.
    double expect(double count, std::vector<double>& expected) {
        constexpr double kNone = -std::numeric_limits<double>::infinity();
        before_.assign(size_ + 1, kNone);  // log sum over the ways to come here
        after_.assign(size_ + 1, kNone);   // and to go on from here
        before_[0] = after_[size_] = 0;
        auto add_to = [&](double& sum, double value) {
            sum = sum == kNone ? value : log_add(sum, value);
        };
        for (const Node& n : nodes_) add_to(before_[n.end], before_[n.begin] + n.score);
        for (size_t i = nodes_.size(); i-- > 0;)
            add_to(after_[nodes_[i].begin], after_[nodes_[i].end] + nodes_[i].score);
        double all = before_[size_];
        for (const Node& n : nodes_)
            expected[static_cast<size_t>(n.id)] +=
                count * std::exp(before_[n.begin] + n.score + after_[n.end] - all);
        return count * all;
    }

    // The ids of the best way, or of the second best (nothing where there is only one).
    std::vector<int> best(size_t which = 0) {
        ways_.assign(size_ + 1, {});
        ways_[0][0] = {0, -1, 0};
        for (size_t i = 0; i < nodes_.size(); ++i) {
            const Node& n = nodes_[i];
            for (int k = 0; k < 2; ++k) {
                const Way& from = ways_[n.begin][k];
                if (from.node == kNoWay) continue;
                Way way{from.score + n.score, static_cast<int>(i), k};
                auto& to = ways_[n.end];
                if (to[0].node == kNoWay || way.score > to[0].score) {
                    to[1] = to[0];
                    to[0] = way;
                } else if (to[1].node == kNoWay || way.score > to[1].score) {
                    to[1] = way;
                }
            }
        }
        std::vector<int> ids;
        size_t at = size_;
        auto k = static_cast<int>(which);
        if (ways_[at][k].node == kNoWay) return ids;
        while (at > 0) {
            const Way& way = ways_[at][k];
            const Node& n = nodes_[static_cast<size_t>(way.node)];
            ids.push_back(n.id);
            at = n.begin;
            k = way.rank;
        }
        std::reverse(ids.begin(), ids.end());
        return ids;
    }

  private:
    static constexpr int kNoWay = -2;
    struct Way {
        double score = 0;
        int node = kNoWay;  // the last one
        int rank = 0;       // which of the ways to its beginning
    };
    struct TwoWays {
        Way way[2];
        Way& operator[](int i) { return way[i]; }
    };

    void add(int id, size_t begin, size_t end, double score) {
        nodes_.push_back({id, static_cast<uint32_t>(begin), static_cast<uint32_t>(end), score});
    }

    const PieceList& pieces_;
    PrefixTrie trie_;
    double unknown_score_;
    size_t size_ = 0;
    std::vector<Node> nodes_;
    std::vector<double> before_, after_;
    std::vector<TwoWays> ways_;
};

PieceList seeds(const WordCounts& words, const TrainOptions& options) {
    std::vector<char32_t> flat;
    std::map<char32_t, int64_t> characters;
    for (size_t w = 0; w < words.words.size(); ++w) {
        if (words.words[w].empty()) continue;
        for (size_t i = 0; i < words.words[w].size();) {
            char32_t c = unicode::next(words.words[w], i);
            flat.push_back(c);
            if (c != 0) characters[c] += words.counts[w];
        }
        flat.push_back(0);
    }
    struct Candidate {
        uint64_t score;
        size_t begin, length;
    };
    std::vector<Candidate> found;
    auto longest = static_cast<size_t>(std::max(1, options.max_piece_length));
    repeated_substrings(flat, [&](size_t begin, size_t length, size_t count) {
        if (length < 2 || length > longest) return;
        auto at = flat.begin() + static_cast<std::ptrdiff_t>(begin);
        if (std::find(at, at + static_cast<std::ptrdiff_t>(length), U'\0') !=
            at + static_cast<std::ptrdiff_t>(length))
            return;
        found.push_back({uint64_t{count} * length, begin, length});
    });
    auto text = [&](const Candidate& c) {
        return std::u32string_view(flat.data() + c.begin, c.length);
    };
    std::sort(found.begin(), found.end(), [&](const Candidate& a, const Candidate& b) {
        return a.score != b.score ? a.score > b.score : text(a) > text(b);
    });
    std::vector<std::pair<int64_t, char32_t>> single;
    for (auto& [c, count] : characters) single.emplace_back(count, c);
    std::sort(single.rbegin(), single.rend());
    PieceList pieces{{"<UNK>", std::nan("")}};
    for (auto& [count, c] : single) pieces.push_back({unicode::utf8(c), double(count)});
    for (const Candidate& c : found) {
        std::string spelled;
        for (char32_t x : text(c)) unicode::append(spelled, x);
        pieces.push_back({std::move(spelled), double(c.score)});
        if (pieces.size() > static_cast<size_t>(std::max(1, options.seed_size))) break;
    }
    double sum = 0;
    for (size_t i = 1; i < pieces.size(); ++i) sum += pieces[i].score;
    double log_sum = std::log(sum);
    for (size_t i = 1; i < pieces.size(); ++i)
        pieces[i].score = std::log(pieces[i].score) - log_sum;
    return pieces;
}

// One round of expectation and maximisation (with the sparse prior of variational EM).
PieceList improved(const PieceList& pieces, const WordCounts& words) {
    Lattice lattice(pieces);
    std::vector<double> expected(pieces.size(), 0.0);
    for (size_t w = 0; w < words.words.size(); ++w) {
        if ((w & 1023) == 0) interrupt::check();
        lattice.set(words.words[w]);
        lattice.expect(static_cast<double>(words.counts[w]), expected);
    }
    PieceList out{pieces[0]};
    double sum = 0;
    for (size_t i = 1; i < pieces.size(); ++i) {
        if (expected[i] < kLeastExpected) continue;
        out.push_back({pieces[i].text, expected[i]});
        sum += expected[i];
    }
    double log_sum = digamma(sum);
    for (size_t i = 1; i < out.size(); ++i) out[i].score = digamma(out[i].score) - log_sum;
    return out;
}

// Drops the pieces whose absence costs the least likelihood, if their occurrences were cut in the
// second best way.
PieceList pruned(const PieceList& pieces, const WordCounts& words, const TrainOptions& options,
                 size_t wanted) {
    Lattice lattice(pieces);
    size_t n = pieces.size();
    std::vector<bool> keep(n, true);
    std::vector<std::vector<int>> instead(n);
    for (size_t id = 1; id < n; ++id) {
        if ((id & 1023) == 0) interrupt::check();
        lattice.set(pieces[id].text);
        auto best = lattice.best(0), second = lattice.best(1);
        if (second.empty()) continue;
        if (best.size() >= 2) keep[id] = false;
        else instead[id] = second;
    }
    std::vector<double> count(n, 0.0);
    double texts = 0;
    for (size_t w = 0; w < words.words.size(); ++w) {
        if ((w & 1023) == 0) interrupt::check();
        auto times = static_cast<double>(words.counts[w]);
        texts += times;
        lattice.set(words.words[w]);
        for (int id : lattice.best()) count[static_cast<size_t>(id)] += times;
    }
    double sum = 0;
    for (double c : count) sum += c;
    double log_sum = std::log(sum);
    PieceList out{pieces[0]};
    std::vector<std::pair<size_t, double>> candidates;
    for (size_t id = 1; id < n; ++id) {
        if (count[id] == 0 && !keep[id]) continue;
        if (instead[id].empty()) {
            out.push_back(pieces[id]);
            continue;
        }
        if (count[id] == 0) continue;
        double log_piece = std::log(count[id]) - log_sum;
        double log_sum_without =
            std::log(sum + count[id] * static_cast<double>(instead[id].size() - 1));
        double log_instead = 0;
        for (int other : instead[id])
            log_instead +=
                std::log(count[static_cast<size_t>(other)] + count[id]) - log_sum_without;
        candidates.emplace_back(id, count[id] / texts * (log_piece - log_instead));
    }
    auto left = static_cast<size_t>(static_cast<double>(n) * options.shrinking_factor);
    left = std::max(left, wanted);
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    for (auto& [id, loss] : candidates) {
        if (out.size() == left) break;
        out.push_back(pieces[id]);
    }
    return out;
}

// The pieces of the final vocabulary, best first: every character, then as many as there is room.
PieceList chosen(const PieceList& pieces, const std::vector<std::string>& characters, size_t room) {
    std::unordered_map<std::string_view, double> known;
    double lowest = std::numeric_limits<double>::infinity(), penalty = 0;
    for (size_t i = 1; i < pieces.size(); ++i) {
        known.emplace(pieces[i].text, pieces[i].score);
        lowest = std::min(lowest, pieces[i].score);
    }
    if (known.empty()) lowest = 0;
    std::unordered_set<std::string_view> inserted;
    PieceList out;
    for (const std::string& c : characters) {
        auto it = known.find(c);
        out.push_back({c, it != known.end() ? it->second : lowest + penalty});
        if (it == known.end()) penalty += 0.0001;
        inserted.insert(c);
    }
    for (size_t i = 1; i < pieces.size() && out.size() != room; ++i)
        if (inserted.insert(pieces[i].text).second) out.push_back(pieces[i]);
    std::stable_sort(out.begin(), out.end(),
                     [](const Scored& a, const Scored& b) { return a.score > b.score; });
    return out;
}

}  // namespace

Json train_unigram_model(const WordCounts& words, const TrainOptions& options) {
    if (!(options.shrinking_factor > 0 && options.shrinking_factor < 1))
        throw Error("shrinking_factor is " + std::to_string(options.shrinking_factor),
                    "between 0 and 1");
    std::map<char32_t, bool> needed;
    for (auto* list : {&words.words, &options.initial_alphabet})
        for (const std::string& text : *list)
            for (size_t i = 0; i < text.size();) needed[unicode::next(text, i)] = true;
    std::vector<std::string> characters;
    for (auto& [c, yes] : needed) characters.push_back(unicode::utf8(c));

    std::vector<std::string> special = options.special_tokens;
    auto unknown = std::find(special.begin(), special.end(), options.unk_token);
    if (!options.unk_token.empty() && unknown == special.end())
        unknown = special.insert(special.begin(), options.unk_token);
    std::vector<std::string> fixed = special;
    if (options.byte_fallback) {
        for (unsigned b = 0; b < 256; ++b) {
            char code[8];
            std::snprintf(code, sizeof code, "<0x%02X>", b);
            fixed.push_back(code);
        }
    }
    auto size = static_cast<size_t>(std::max(0, options.vocab_size));
    if (characters.size() + fixed.size() > size)
        throw Error("vocab_size is " + std::to_string(options.vocab_size),
                    "at least " + std::to_string(characters.size() + fixed.size()) +
                        ": the special tokens and every character");
    PieceList pieces = seeds(words, options);
    size_t wanted = size * 11 / 10, round = 0;
    for (;;) {
        for (int i = 0; i < std::max(1, options.n_sub_iterations); ++i) {
            report_progress({"training tokenizer", static_cast<double>(wanted),
                             static_cast<double>(pieces.size()), "pieces",
                             "round " + std::to_string(++round)});
            pieces = improved(pieces, words);
        }
        if (pieces.size() <= wanted) break;
        pieces = pruned(pieces, words, options, wanted);
    }
    PieceList best = chosen(pieces, characters, size - fixed.size());
    Json vocab = Json::array();
    for (const std::string& token : fixed) vocab.push_back(Json::array({token, 0.0}));
    for (const Scored& piece : best) vocab.push_back(Json::array({piece.text, piece.score}));
    Json unk_id = options.unk_token.empty() ? Json() : Json(unknown - special.begin());
    return {{"type", "Unigram"},
            {"unk_id", unk_id},
            {"vocab", std::move(vocab)},
            {"byte_fallback", options.byte_fallback}};
}

}  // namespace moonlet
