// SPDX-License-Identifier: Apache-2.0
// Byte-pair encoding as a tokenizer.json describes it: byte-level or over characters, with unknown
// token (fused or not), fallback to <0xNN> bytes, prefixes and suffixes of word parts, and
// ignore_merges (a whole word that is a token is that token). Byte-level words are merged as bytes,
// without spelling them first. Random dropout is refused: encoding is deterministic here.
#include <array>

#include "core/error.h"
#include "tokenizers/bpe_merge.h"
#include "tokenizers/byte_level.h"
#include "tokenizers/pipeline.h"
#include "tokenizers/vocabulary.h"

namespace moonlet {

namespace {

class Bpe : public TokenModel {
  public:
    Bpe(const Json& json, const std::string& where)
        : vocabulary_(object_field(json, "vocab", where), where + ".vocab"),
          unknown_(string_field(json, "unk_token", where, "")),
          prefix_(string_field(json, "continuing_subword_prefix", where, "")),
          suffix_(string_field(json, "end_of_word_suffix", where, "")),
          fuse_unknown_(bool_field(json, "fuse_unk", where, false)),
          byte_fallback_(bool_field(json, "byte_fallback", where, false)),
          ignore_merges_(bool_field(json, "ignore_merges", where, false)) {
        has_unknown_ = json.contains("unk_token") && !json["unk_token"].is_null();
        if (json.contains("dropout") && !json["dropout"].is_null() &&
            !(json["dropout"].is_number() && json["dropout"].get<double>() == 0))
            throw Error(where + ".dropout is " + dump_json(json["dropout"], -1), "null or 0",
                        "random encoding is not supported; set it to null");
        read_merges(json, where + ".merges");
        for (int b = 0; b < 256; ++b) {
            char code[8];
            std::snprintf(code, sizeof code, "<0x%02X>", b);
            fallback_[static_cast<size_t>(b)] = vocabulary_.find(code);
        }
        if (json.contains("whole"))  // ours: words that are one token, however they merge
            for (const Json& word : array_field(json, "whole", where))
                if (word.is_string()) symbols_.add(word.get<std::string>(), 0);
        prepare_bytes();
    }

    void tokenize(std::string_view piece, std::vector<Token>& out) const override {
        if (ignore_merges_ || symbols_.find(piece) >= 0) {
            int id = vocabulary_.find(piece);
            if (id >= 0) {
                out.push_back({id, 0, piece.size()});
                return;
            }
        }
        cached(piece, number_, out, [&](std::vector<Symbol>& symbols) { spell(piece, symbols); });
    }

    bool takes_bytes() const override { return takes_bytes_; }

    void tokenize_bytes(std::string_view piece, std::vector<Token>& out) const override {
        if (piece.size() == 1 || ignore_merges_) {
            int id = piece.size() == 1 ? byte_ids_[static_cast<unsigned char>(piece[0])]
                                       : whole_.find(piece);
            if (id >= 0) {
                out.push_back({id, 0, piece.size()});
                return;
            }
        }
        cached(piece, number_ + 1, out, [&](std::vector<Symbol>& symbols) {
            for (char c : piece) symbols.push_back({byte_ids_[static_cast<unsigned char>(c)], 1});
        });
    }

    std::optional<int> token_to_id(std::string_view token) const override {
        int id = vocabulary_.find(token);
        return id < 0 ? std::nullopt : std::optional<int>(id);
    }
    std::optional<std::string_view> id_to_token(int id) const override {
        return vocabulary_.token(id);
    }
    size_t entries() const override { return vocabulary_.size(); }
    int highest_id() const override { return vocabulary_.highest_id(); }
    std::string name() const override { return "BPE"; }
    size_t memory() const override {
        return vocabulary_.memory() + whole_.memory() + merges_.memory();
    }

  private:
    void read_merges(const Json& json, const std::string& where) {
        const Json& merges = array_field(json, "merges", "model");
        merges_.reserve(merges.size());
        const Json none, *ranks = &none;  // "merge_ranks", ours: equal ranks, the leftmost first
        if (json.contains("merge_ranks")) ranks = &array_field(json, "merge_ranks", "model");
        uint32_t rank = 0;
        size_t n = 0;
        int next = -1;
        auto bad = [&](const Json& m, const std::string& why) {
            throw Error(where + "[" + std::to_string(n) + "] is " + quote(dump_json(m, -1)) + why,
                        "\"left right\" or [\"left\", \"right\"], tokens of the vocabulary");
        };
        std::string left, right, whole;
        for (const Json& m : merges) {
            if (m.is_string()) {
                const std::string& text = m.get_ref<const std::string&>();
                if (text.compare(0, 8, "#version") == 0) {
                    ++n;
                    continue;
                }
                size_t space = text.find(' ');
                if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos)
                    bad(m, "");
                left.assign(text, 0, space);
                right.assign(text, space + 1);
            } else if (m.is_array() && m.size() == 2 && m[0].is_string() && m[1].is_string()) {
                left = m[0].get_ref<const std::string&>();
                right = m[1].get_ref<const std::string&>();
            } else {
                bad(m, "");
            }
            if (right.size() < prefix_.size()) bad(m, ", shorter than continuing_subword_prefix");
            whole = left;
            whole.append(right, prefix_.size());
            int a = vocabulary_.find(left), b = vocabulary_.find(right);
            // Most vocabularies list the merged tokens in the order of the merges.
            int c = vocabulary_.token(next) == whole ? next : vocabulary_.find(whole);
            next = c + 1;
            if (a < 0 || b < 0 || c < 0)
                bad(m, ", and " +
                           quote(a < 0   ? left
                                 : b < 0 ? right
                                         : whole) +
                           " is not in the vocabulary");
            bool given = rank < ranks->size() && (*ranks)[rank].is_number_unsigned();
            merges_.set(a, b, {given ? (*ranks)[rank].get<uint32_t>() : rank, c});
            ++rank;
            ++n;
        }
    }

    // Merging bytes directly needs every byte to be a token, and nothing added to word parts.
    void prepare_bytes() {
        takes_bytes_ = prefix_.empty() && suffix_.empty();
        for (int b = 0; b < 256; ++b) {
            int id = vocabulary_.find(
                unicode::utf8(byte_level::character(static_cast<unsigned char>(b))));
            byte_ids_[static_cast<size_t>(b)] = id;
            takes_bytes_ = takes_bytes_ && id >= 0;
        }
        if (!takes_bytes_ || !ignore_merges_) return;
        whole_.reserve(vocabulary_.size(), 0);
        vocabulary_.each([&](std::string_view token, int id) {
            if (auto bytes = byte_level::bytes(token)) whole_.add(*bytes, id);
        });
    }

    template <class Spell>
    void cached(std::string_view piece, uint64_t model, std::vector<Token>& out,
                Spell spell) const {
        bool fits = piece.size() <= WordCache::kKey;
        uint64_t hash = fits ? hash_bytes(piece) : 0;
        size_t at = 0;
        if (fits) {
            const auto& slot = WordCache::slot(hash);
            if (slot.holds(model, hash, piece)) {
                for (size_t i = 0; i < slot.count; ++i) {
                    out.push_back({slot.ids[i], at, at + slot.lengths[i]});
                    at += slot.lengths[i];
                }
                return;
            }
        }
        thread_local std::vector<Symbol> symbols;
        symbols.clear();
        spell(symbols);
        merge_all(symbols, merges_);
        if (fits) WordCache::keep(WordCache::slot(hash), model, hash, piece, symbols);
        for (const Symbol& s : symbols) {
            out.push_back({s.id, at, at + s.length});
            at += s.length;
        }
    }

    // The symbols of the single characters, unknown ones dealt with.
    void spell(std::string_view word, std::vector<Symbol>& symbols) const {
        Symbol unknown{-1, 0};  // one that is waiting, to be fused perhaps
        auto flush = [&] {
            if (unknown.id >= 0) symbols.push_back(unknown);
            unknown.id = -1;
        };
        std::string spelled;
        for (size_t at = 0; at < word.size();) {
            size_t begin = at;
            unicode::next(word, at);
            auto length = static_cast<uint32_t>(at - begin);
            spelled.assign(begin > 0 ? prefix_ : "");
            spelled.append(word, begin, length);
            if (at == word.size()) spelled += suffix_;
            int id = vocabulary_.find(spelled);
            if (id >= 0) {
                flush();
                symbols.push_back({id, length});
                continue;
            }
            if (byte_fallback_ && fall_back(spelled, symbols)) continue;
            if (!has_unknown_) continue;  // such a character vanishes, as in Hugging Face's
            if (unknown.id >= 0 && fuse_unknown_) {
                unknown.length += length;
                continue;
            }
            flush();
            int unknown_id = vocabulary_.find(unknown_);
            if (unknown_id < 0)
                throw Error("the tokenizer does not know " + quote(spelled) +
                            " and its unknown token " + quote(unknown_) +
                            " is not in the vocabulary");
            unknown = {unknown_id, length};
        }
        flush();
    }

    bool fall_back(const std::string& spelled, std::vector<Symbol>& symbols) const {
        for (char c : spelled)
            if (fallback_[static_cast<unsigned char>(c)] < 0) return false;
        for (char c : spelled) symbols.push_back({fallback_[static_cast<unsigned char>(c)], 1});
        return true;
    }

    Vocabulary vocabulary_;
    MergeTable merges_;
    std::string unknown_, prefix_, suffix_;
    bool has_unknown_ = false, fuse_unknown_, byte_fallback_, ignore_merges_;
    bool takes_bytes_ = false;
    std::array<int, 256> byte_ids_, fallback_;
    Vocabulary symbols_;
    Vocabulary whole_;  // tokens by the bytes they spell, for ignore_merges
    // For the word cache: this number for spelled words, the next one for words of bytes.
    uint64_t number_ = WordCache::new_model() * 2;
};

const bool registered = ModelKinds::add("BPE", make<TokenModel, Bpe>);

}  // namespace

}  // namespace moonlet
