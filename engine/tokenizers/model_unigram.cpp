// SPDX-License-Identifier: Apache-2.0
// Unigram (Kudo 2018): of all ways to cut a piece into tokens the one with the highest sum of
// scores, found from left to right over the bytes; of equal sums the one that was found first. A
// character that is no token costs the lowest score less 10 and is unknown; unknown characters in a
// row are one, which may still be written as its bytes. Sampling is refused: encoding is
// deterministic here.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "core/error.h"
#include "tokenizers/bpe_merge.h"
#include "tokenizers/pipeline.h"
#include "tokenizers/prefix_trie.h"
#include "tokenizers/vocabulary.h"

namespace moonlet {

namespace {

constexpr double kUnknownPenalty = 10.0;

// The score as Hugging Face's library reads it from the file: its JSON reader takes the digits as
// an integer and divides once by a power of ten, which is not always the nearest number. Where two
// ways to cut a text cost the same up to rounding ("aaaa"), this decides. The digits are those of
// the shortest spelling, as all writers of such files print them.
double as_read(double value) {
    char text[40] = {};
    auto end = std::to_chars(text, text + sizeof text, value).ptr;
    uint64_t digits = 0;
    int exponent = 0;
    bool point = false;
    const char* at = text;
    for (; at < end && *at != 'e'; ++at) {
        if (*at == '.') point = true;
        if (*at < '0' || *at > '9') continue;
        digits = digits * 10 + static_cast<uint64_t>(*at - '0');
        exponent -= point;
    }
    if (at < end) exponent += std::atoi(at + 1);
    // Whole numbers, and powers beyond the doubles', are read exactly or not at all.
    if (!point || exponent < -300 || exponent > 300) return value;
    static const std::vector<double> powers = [] {
        std::vector<double> all;
        for (int e = 0; e <= 300; ++e)
            all.push_back(std::strtod(("1e" + std::to_string(e)).c_str(), nullptr));
        return all;
    }();
    double power = powers[static_cast<size_t>(std::abs(exponent))];
    double read =
        exponent < 0 ? static_cast<double>(digits) / power : static_cast<double>(digits) * power;
    return value < 0 ? -read : read;
}

class Unigram : public TokenModel {
  public:
    Unigram(const Json& json, const std::string& where)
        : byte_fallback_(bool_field(json, "byte_fallback", where, false)),
          single_(bool_field(json, "single_precision", where, false)) {
        for (const char* name : {"alpha", "nbest_size"})
            if (json.contains(name) && json[name].is_number() && json[name].get<double>() != 0)
                throw Error(where + "." + name + " is " + dump_json(json[name], -1), "null or 0",
                            "random encoding is not supported; set it to null");
        Json hidden = json.contains("hidden") ? json["hidden"] : Json::array();
        read_vocabulary(array_field(json, "vocab", where), hidden, where + ".vocab");
        int64_t unknown = integer_field(json, "unk_id", where, -1);
        bool named = json.contains("unk_id") && !json["unk_id"].is_null();
        if (named && (unknown < 0 || unknown >= static_cast<int64_t>(tokens_.size())))
            throw Error(where + ".unk_id is " + std::to_string(unknown),
                        "an index of the vocabulary of " + std::to_string(tokens_.size()));
        unknown_ = static_cast<int>(unknown);
        for (size_t b = 0; b < 256; ++b) {
            char code[8];
            std::snprintf(code, sizeof code, "<0x%02X>", static_cast<unsigned>(b));
            fallback_[b] = vocabulary_.find(code);
        }
    }

    void tokenize(std::string_view piece, std::vector<Token>& out) const override {
        bool fits = piece.size() <= WordCache::kKey;
        uint64_t hash = fits ? hash_bytes(piece) : 0;
        size_t at = 0;
        if (fits) {
            const auto& slot = WordCache::slot(hash);
            if (slot.holds(number_, hash, piece)) {
                for (size_t i = 0; i < slot.count; ++i) {
                    out.push_back({slot.ids[i], at, at + slot.lengths[i]});
                    at += slot.lengths[i];
                }
                return;
            }
        }
        thread_local std::vector<Symbol> symbols;
        symbols.clear();
        size_t first = out.size();
        best_path(piece, out);
        for (size_t i = first; i < out.size() && fits; ++i) {
            fits = out[i].begin == at;  // the bytes of an unknown share one range
            at = out[i].end;
            symbols.push_back({out[i].id, static_cast<uint32_t>(out[i].end - out[i].begin)});
        }
        if (fits) WordCache::keep(WordCache::slot(hash), number_, hash, piece, symbols);
    }

    bool spelled_as_text(int id) const override { return id == unknown_; }
    std::optional<int> token_to_id(std::string_view token) const override {
        int id = vocabulary_.find(token);
        return id < 0 ? std::nullopt : std::optional<int>(id);
    }
    std::optional<std::string_view> id_to_token(int id) const override {
        if (id < 0 || static_cast<size_t>(id) >= tokens_.size()) return std::nullopt;
        return tokens_[static_cast<size_t>(id)];
    }
    size_t entries() const override { return tokens_.size(); }
    int highest_id() const override { return static_cast<int>(tokens_.size()) - 1; }
    std::string name() const override { return "Unigram"; }
    size_t memory() const override {
        return vocabulary_.memory() + trie_.memory() + blob_.capacity() + tokens_.capacity() * 24;
    }

  private:
    // `none_text` ("hidden", ours): ids of pieces that stand for no text, such as <s> and <0x41>.
    void read_vocabulary(const Json& entries, const Json& none_text, const std::string& where) {
        size_t bytes = 0;
        for (const Json& entry : entries) {
            if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() ||
                !entry[1].is_number())
                throw Error(where + " has " + quote(dump_json(entry, -1)), "[\"token\", score]");
            bytes += entry[0].get_ref<const std::string&>().size();
        }
        blob_.reserve(bytes);
        tokens_.reserve(entries.size());
        scores_.reserve(entries.size());
        vocabulary_.reserve(entries.size(), bytes);
        std::vector<std::pair<std::string_view, int>> all;
        all.reserve(entries.size());
        lowest_ = std::numeric_limits<double>::infinity();
        std::vector<bool> hidden(entries.size(), false);
        for (const Json& id : none_text)
            if (id.is_number_unsigned() && id.get<size_t>() < hidden.size())
                hidden[id.get<size_t>()] = true;
        for (const Json& entry : entries) {
            const std::string& token = entry[0].get_ref<const std::string&>();
            size_t at = blob_.size();
            blob_ += token;
            tokens_.push_back(std::string_view(blob_).substr(at, token.size()));
            scores_.push_back(as_read(entry[1].get<double>()));
            auto id = static_cast<int>(tokens_.size() - 1);
            vocabulary_.add(token, id);
            if (hidden[tokens_.size() - 1]) continue;
            lowest_ = std::min(lowest_, scores_.back());
            all.emplace_back(tokens_.back(), id);
        }
        trie_ = PrefixTrie(all);
    }

    void best_path(std::string_view piece, std::vector<Token>& out) const {
        struct Best {  // of the paths that end here
            double score;
            uint32_t begin;
            int id = -2;  // no path yet
        };
        thread_local std::vector<Best> best;
        best.assign(piece.size() + 1, Best{0, 0, -2});
        double unknown_score = lowest_ - kUnknownPenalty;
        if (single_) unknown_score = static_cast<float>(unknown_score);
        for (size_t at = 0; at < piece.size();) {
            size_t width = unicode::width(static_cast<unsigned char>(piece[at]));
            double here = best[at].score;
            bool single = false;
            auto offer = [&](size_t length, int id, double score) {
                Best& end = best[at + length];
                double sum = score + here;
                if (single_ && id == unknown_) sum = static_cast<float>(sum);
                if (end.id == -2 || sum > end.score)
                    end = {single_ ? static_cast<float>(sum) : sum, static_cast<uint32_t>(at), id};
            };
            trie_.each_prefix(piece, at, [&](size_t length, int id) {
                offer(length, id, scores_[static_cast<size_t>(id)]);
                single = single || length == width;
            });
            if (!single) {
                if (unknown_ < 0 && best[at + width].id == -2) no_unknown(piece.substr(at, width));
                offer(width, unknown_, unknown_score);
            }
            at += width;
        }
        size_t first = out.size();
        for (size_t end = piece.size(); end > 0;) {
            size_t begin = best[end].begin;
            bool unknown = best[end].id == unknown_;
            while (unknown && begin > 0 && best[begin].id == unknown_) begin = best[begin].begin;
            emit_backwards(piece, begin, end, unknown ? -1 : best[end].id, out);
            end = begin;
        }
        std::reverse(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
    }

    // Appends the token of [begin, end), its bytes in reverse; id -1: unknown so far.
    void emit_backwards(std::string_view piece, size_t begin, size_t end, int id,
                        std::vector<Token>& out) const {
        if (id < 0) id = vocabulary_.find(piece.substr(begin, end - begin));
        if (id < 0 && byte_fallback_) {
            bool all = true;
            for (size_t i = begin; i < end; ++i)
                all = all && fallback_[static_cast<unsigned char>(piece[i])] >= 0;
            for (size_t i = end; all && i > begin; --i)
                out.push_back({fallback_[static_cast<unsigned char>(piece[i - 1])], begin, end});
            if (all) return;
        }
        if (id < 0 && unknown_ < 0) no_unknown(piece.substr(begin, end - begin));
        out.push_back({id < 0 ? unknown_ : id, begin, end});
    }

    [[noreturn]] static void no_unknown(std::string_view text) {
        throw Error("the tokenizer does not know " + quote(text) + " and has no unknown token",
                    "a model with unk_id");
    }

    std::string blob_;
    std::vector<std::string_view> tokens_;  // in blob_, by id
    std::vector<double> scores_;
    Vocabulary vocabulary_;
    PrefixTrie trie_;
    double lowest_ = 0;
    int unknown_ = -1;
    bool byte_fallback_;
    bool single_;  // "single_precision", ours: sums are kept as floats, as sentencepiece keeps them
    std::array<int, 256> fallback_;
    uint64_t number_ = WordCache::new_model() * 2;
};

const bool registered = ModelKinds::add("Unigram", make<TokenModel, Unigram>);

}  // namespace

}  // namespace moonlet
