// SPDX-License-Identifier: Apache-2.0
#include "tokenizers/added_tokens.h"

#include <algorithm>

#include "core/error.h"

namespace moonlet {

AddedTokens::AddedTokens(const Json& array, const TokenModel& model, const Normalizer* normalizer) {
    if (!array.is_array())
        throw Error("added_tokens is " + quote(dump_json(array, -1)), "an array");
    int next_id = static_cast<int>(model.entries());
    size_t n = 0;
    for (const Json& entry : array) {
        std::string where = "added_tokens[" + std::to_string(n++) + "]";
        AddedToken token;
        token.content = string_field(entry, "content", where);
        token.single_word = bool_field(entry, "single_word", where, false);
        token.lstrip = bool_field(entry, "lstrip", where, false);
        token.rstrip = bool_field(entry, "rstrip", where, false);
        token.special = bool_field(entry, "special", where, false);
        token.normalized = bool_field(entry, "normalized", where, !token.special);
        if (token.content.empty()) continue;
        int id;
        if (auto known = find(token.content)) id = *known;
        else if (auto in_model = model.token_to_id(token.content)) id = *in_model;
        else id = next_id++;
        ids_[token.content] = id;
        highest_ = std::max(highest_, id);
        if (token.special) special_.insert(token.content);
        if (token.normalized && normalizer) {
            AlignedText text(token.content);
            normalizer->apply(text);
            if (text.view() != token.content) normal_[id] = std::string(text.view());
        }
        tokens_[id] = std::move(token);
    }
    for (auto& [id, token] : tokens_) {
        auto it = normal_.find(id);
        const std::string& pattern = token.normalized && it != normal_.end() ? it->second
                                                                             : token.content;
        if (!pattern.empty()) (token.normalized ? normalized_ : given_).add(pattern, id);
    }
}

void AddedTokens::Trie::add(std::string_view pattern, int id) {
    starts_[static_cast<unsigned char>(pattern[0])] = true;
    uint32_t node = 0;
    for (char c : pattern) {
        auto byte = static_cast<unsigned char>(c);
        auto& next = nodes_[node].next;
        auto it = std::find_if(next.begin(), next.end(), [&](auto& e) { return e.first == byte; });
        if (it != next.end()) {
            node = it->second;
        } else {
            auto fresh = static_cast<uint32_t>(nodes_.size());
            next.emplace_back(byte, fresh);
            nodes_.emplace_back();
            node = fresh;
        }
    }
    nodes_[node].id = id;
}

AddedTokens::Trie::Match AddedTokens::Trie::find(std::string_view text, size_t from) const {
    for (size_t begin = from; begin < text.size(); ++begin) {
        if (!starts_[static_cast<unsigned char>(text[begin])]) continue;
        Match best{begin, begin, -1};
        uint32_t node = 0;
        for (size_t i = begin; i < text.size(); ++i) {
            auto byte = static_cast<unsigned char>(text[i]);
            auto& next = nodes_[node].next;
            auto it =
                std::find_if(next.begin(), next.end(), [&](auto& e) { return e.first == byte; });
            if (it == next.end()) break;
            node = it->second;
            if (nodes_[node].id >= 0) best = {begin, i + 1, nodes_[node].id};
        }
        if (best.id >= 0) return best;
    }
    return {text.size(), text.size(), -1};
}

namespace {

size_t before(std::string_view text, size_t at) {  // where the character that ends at `at` begins
    do --at;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
    return at;
}

bool word_before(std::string_view text, size_t at) {
    if (at == 0) return false;
    size_t i = before(text, at);
    return unicode::is_word(unicode::next(text, i));
}

bool word_at(std::string_view text, size_t at) {
    return at < text.size() && unicode::is_word(unicode::next(text, at));
}

}  // namespace

void AddedTokens::cut(const Piece& piece, const Trie& trie, std::vector<Piece>& out) const {
    std::string_view view = piece.view();
    size_t done = 0;
    auto emit = [&](size_t begin, size_t end, int id) {
        if (begin >= end) return;
        Piece part = piece;
        part.begin = piece.begin + begin;
        part.end = piece.begin + end;
        part.id = id;
        out.push_back(part);
    };
    for (size_t from = 0; !trie.empty();) {
        auto match = trie.find(view, from);
        if (match.id < 0) break;
        from = match.end;
        const AddedToken& token = tokens_.at(match.id);
        size_t begin = match.begin, end = match.end;
        if (token.single_word && (word_before(view, begin) || word_at(view, end))) continue;
        if (token.lstrip) {
            while (begin > done) {
                size_t i = before(view, begin), at = i;
                if (!unicode::is_space(unicode::next(view, i))) break;
                begin = at;
            }
            begin = std::max(begin, done);
        }
        if (token.rstrip) {
            while (end < view.size()) {
                size_t i = end;
                if (!unicode::is_space(unicode::next(view, i))) break;
                end = i;
            }
        }
        if (done < begin) emit(done, begin, -1);
        emit(begin, end, match.id);
        done = end;
    }
    if (done < view.size()) emit(done, view.size(), -1);
}

void AddedTokens::extract(Pieces& pieces, const Normalizer* normalizer) const {
    pieces.cut([&](const Piece& p, std::vector<Piece>& out) { cut(p, given_, out); });
    if (!normalizer && normalized_.empty()) return;
    pieces.cut([&](const Piece& given, std::vector<Piece>& out) {
        Piece piece = given;
        if (normalizer) {
            AlignedText& text = pieces.own(given);
            normalizer->apply(text);
            piece = Piece{&text, 0, text.size()};
        }
        if (piece.begin < piece.end) cut(piece, normalized_, out);
    });
}

std::optional<int> AddedTokens::find(const std::string& content) const {
    auto it = ids_.find(content);
    return it == ids_.end() ? std::nullopt : std::optional<int>(it->second);
}

const AddedToken* AddedTokens::token(int id) const {
    auto it = tokens_.find(id);
    return it == tokens_.end() ? nullptr : &it->second;
}

const std::string* AddedTokens::shown(int id) const {
    auto it = normal_.find(id);
    if (it != normal_.end()) return &it->second;
    auto* t = token(id);
    return t ? &t->content : nullptr;
}

}  // namespace moonlet
