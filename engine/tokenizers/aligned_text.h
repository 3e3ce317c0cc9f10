// SPDX-License-Identifier: Apache-2.0
// A text that is being rewritten and still knows, byte for byte, which bytes of the given text it
// came from. All bytes of one character share one source range. The rules for what an inserted or
// merged character points at are Hugging Face's, so that offsets agree.
// Invariant: view() is valid UTF-8, at most 4 GiB.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizers/unicode.h"

namespace moonlet {

class AlignedText {
  public:
    // The text as given; `shift` is where it begins in the whole. Borrows valid UTF-8, copies and
    // repairs (U+FFFD) what is not.
    explicit AlignedText(std::string_view given, size_t shift = 0);
    AlignedText(const AlignedText&) = delete;
    AlignedText& operator=(const AlignedText&) = delete;
    // Bytes [begin, end) of another one, which must outlive it.
    AlignedText(const AlignedText& whole, size_t begin, size_t end);

    std::string_view view() const { return view_; }
    size_t size() const { return view_.size(); }
    // The source bytes of [begin, end) here; {begin, begin} + shift for an empty range.
    std::pair<size_t, size_t> source(size_t begin, size_t end) const;

    // Rewrites the whole text; `dropped` characters at its beginning vanish first.
    void apply(const std::vector<unicode::Change>& changes, size_t dropped = 0);
    // Keeps the characters for which keep(c); those removed belong to nobody.
    template <class Keep>
    void filter(Keep keep);
    // Puts `text` in front; it points at the first character. Nothing happens to an empty text.
    void prepend(std::string_view text);
    // Replaces each byte range by `content`, which points at the last character of the range.
    void replace(const std::vector<std::pair<size_t, size_t>>& ranges, std::string_view content);

  private:
    struct Span {
        uint32_t begin, end;
    };
    Span at(size_t byte) const;
    void materialise();  // builds map_ from the identity
    void set(std::string text, std::vector<Span> map);

    std::string own_;
    std::string_view view_;
    bool identity_ = true;   // byte i is source byte shift_ + i, map_ is empty
    std::vector<Span> map_;  // else per byte
    size_t shift_ = 0;
};

template <class Keep>
void AlignedText::filter(Keep keep) {
    std::vector<unicode::Change> changes;
    changes.reserve(view_.size());
    size_t dropped = 0;
    bool any = false;
    for (size_t i = 0; i < view_.size();) {
        char32_t c = unicode::next(view_, i);
        if (keep(c)) {
            changes.push_back({c, 0});
        } else {
            any = true;
            if (changes.empty()) ++dropped;
            else --changes.back().change;
        }
    }
    if (any) apply(changes, dropped);
}

}  // namespace moonlet
