// SPDX-License-Identifier: Apache-2.0
// Precompiled: sentencepiece's normalization rules ("precompiled_charsmap", base64), as T5, XLM-R
// and their kin carry them. The bytes are the size of a double-array trie (uint32, little endian),
// the trie (uint32 units of darts-clone) and the replacements, each ended by NUL; the trie's values
// are offsets into them. A grapheme cluster of less than 6 bytes is replaced as a whole by what its
// shortest known beginning stands for, any other one character by character: so does Hugging Face.
// With "longest" (ours) the longest known beginning is replaced, as sentencepiece itself does, but
// nothing in the texts of "keep".
#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "tokenizers/pipeline.h"
#include "tokenizers/unicode.h"

namespace moonlet {

namespace {

std::string base64_bytes(std::string_view text, const std::string& where) {
    std::string out;
    out.reserve(text.size() / 4 * 3);
    uint32_t bits = 0;
    int count = 0;
    for (char c : text) {
        int value = c >= 'A' && c <= 'Z'   ? c - 'A'
                    : c >= 'a' && c <= 'z' ? c - 'a' + 26
                    : c >= '0' && c <= '9' ? c - '0' + 52
                    : c == '+'             ? 62
                    : c == '/'             ? 63
                                           : -1;
        if (c == '=') break;
        if (value < 0) throw Error(where + " is not base64: it has " + quote(std::string(1, c)));
        bits = bits << 6 | static_cast<uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out += static_cast<char>(bits >> count & 255);
        }
    }
    return out;
}

class Precompiled : public Normalizer {
  public:
    Precompiled(const Json& json, const std::string& where) {
        std::string field = where + ".precompiled_charsmap";
        std::string bytes = base64_bytes(string_field(json, "precompiled_charsmap", where), field);
        uint32_t size = 0;
        if (bytes.size() >= 4) std::memcpy(&size, bytes.data(), 4);
        if (bytes.size() < 4 || size > bytes.size() - 4 || size < 4 || size % 4 != 0)
            throw Error(field + " has " + std::to_string(bytes.size()) + " bytes",
                        "the size of a trie, the trie and its replacements");
        units_.resize(size / 4);
        std::memcpy(units_.data(), bytes.data() + 4, size);
        replacements_ = bytes.substr(4 + size);
        longest_ = bool_field(json, "longest", where, false);
        if (json.contains("keep")) {
            for (const Json& text : array_field(json, "keep", where))
                if (text.is_string()) keep_.push_back(text.get<std::string>());
            std::sort(keep_.begin(), keep_.end(),
                      [](auto& a, auto& b) { return a.size() > b.size(); });
        }
        if (!unicode::valid(replacements_)) throw Error(field + " has text that is not UTF-8");
    }

    void apply(AlignedText& text) const override {
        std::string_view view = text.view();
        std::vector<unicode::Change> changes;
        changes.reserve(view.size());
        bool modified = false;
        for (size_t at = 0; longest_ && at < view.size();) {
            std::string_view found;
            size_t kept = kept_length(view.substr(at));
            size_t length = kept > 0 ? 0 : find_longest(view.substr(at), found);
            for (size_t end = at + kept; at < end;) changes.push_back({unicode::next(view, at), 0});
            if (kept > 0) continue;
            if (length > 0) {
                replace(changes, view.substr(at, length), found);
                modified = true;
                at += length;
            } else {
                changes.push_back({unicode::next(view, at), 0});
            }
        }
        for (size_t at = longest_ ? view.size() : 0; at < view.size();) {
            size_t end = unicode::grapheme_end(view, at);
            std::string_view found;
            if (end - at < 6 && find(view.substr(at, end - at), found)) {
                replace(changes, view.substr(at, end - at), found);
                modified = true;
                at = end;
                continue;
            }
            while (at < end) {
                size_t begin = at;
                char32_t c = unicode::next(view, at);
                if (find(view.substr(begin, at - begin), found)) {
                    replace(changes, view.substr(begin, at - begin), found);
                    modified = true;
                } else {
                    changes.push_back({c, 0});
                }
            }
        }
        if (modified) text.apply(changes);
    }

  private:
    // Bytes of the longest text of "keep" that stands here.
    size_t kept_length(std::string_view text) const {
        for (auto& kept : keep_)
            if (text.substr(0, kept.size()) == kept) return kept.size();
        return 0;
    }

    // Bytes of the longest beginning of `text` that has a replacement; 0: none has.
    size_t find_longest(std::string_view text, std::string_view& out) const {
        size_t node = offset(units_[0]), best = 0;
        for (size_t i = 0; i < text.size(); ++i) {
            auto label = static_cast<unsigned char>(text[i]);
            node ^= label;
            if (label == 0 || node >= units_.size()) break;
            uint32_t unit = units_[node];
            if ((unit & (1u << 31 | 0xFF)) != label) break;
            node ^= offset(unit);
            if (!(unit >> 8 & 1) || node >= units_.size()) continue;
            size_t begin = units_[node] & ((1u << 31) - 1);
            bool whole =
                i + 1 == text.size() || (static_cast<unsigned char>(text[i + 1]) & 0xC0) != 0x80;
            if (begin >= replacements_.size() || !whole ||
                (static_cast<unsigned char>(replacements_[begin]) & 0xC0) == 0x80)
                continue;
            out = std::string_view(replacements_).substr(begin);
            out = out.substr(0, out.find('\0'));
            best = i + 1;
        }
        return best;
    }

    // The replacement for the shortest beginning of `key` that has one.
    bool find(std::string_view key, std::string_view& out) const {
        size_t node = offset(units_[0]);
        for (char c : key) {
            auto label = static_cast<unsigned char>(c);
            if (label == 0) return false;
            node ^= label;
            if (node >= units_.size()) return false;
            uint32_t unit = units_[node];
            if ((unit & (1u << 31 | 0xFF)) != label) return false;
            node ^= offset(unit);
            if (!(unit >> 8 & 1)) continue;
            if (node >= units_.size()) return false;
            size_t begin = units_[node] & ((1u << 31) - 1);
            if (begin >= replacements_.size() ||
                (static_cast<unsigned char>(replacements_[begin]) & 0xC0) == 0x80)
                return false;
            out = std::string_view(replacements_).substr(begin);
            out = out.substr(0, out.find('\0'));
            return true;
        }
        return false;
    }

    static size_t offset(uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); }

    static size_t count(std::string_view text) {
        size_t n = 0;
        for (char c : text) n += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
        return n;
    }

    // Surplus characters are new ones behind the others; missing ones go with the last written.
    static void replace(std::vector<unicode::Change>& changes, std::string_view old,
                        std::string_view fresh) {
        for (size_t i = 0; i < fresh.size();) changes.push_back({unicode::next(fresh, i), 0});
        auto more =
            static_cast<std::ptrdiff_t>(count(fresh)) - static_cast<std::ptrdiff_t>(count(old));
        for (std::ptrdiff_t i = 0; i < more; ++i)
            changes[changes.size() - 1 - size_t(i)].change = 1;
        if (more < 0 && !changes.empty()) changes.back().change += static_cast<int>(more);
    }

    std::vector<uint32_t> units_;
    std::string replacements_;
    bool longest_ = false;
    std::vector<std::string> keep_;  // the longest first
};

// Nmt: the cleaning of neural machine translation, control characters away and odd spaces to " ".
class Nmt : public Normalizer {
  public:
    Nmt(const Json&, const std::string&) {}
    void apply(AlignedText& text) const override {
        text.filter([](char32_t c) {
            return !((c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) ||
                     c == 0x7F || c == 0x8F || c == 0x9F);
        });
        std::vector<unicode::Change> changes;
        changes.reserve(text.size());
        for (size_t i = 0; i < text.size();) {
            char32_t c = unicode::next(text.view(), i);
            bool space = c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 ||
                         (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 ||
                         c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
            changes.push_back({space ? U' ' : c, 0});
        }
        text.apply(changes);
    }
};

const bool registered = NormalizerKinds::add("Precompiled", make<Normalizer, Precompiled>) &&
                        NormalizerKinds::add("Nmt", make<Normalizer, Nmt>);

}  // namespace

}  // namespace moonlet
