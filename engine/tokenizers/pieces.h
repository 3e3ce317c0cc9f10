// SPDX-License-Identifier: Apache-2.0
// What one encode works on: the text cut into pieces, each a range of an AlignedText that pieces
// may share, so that cutting copies nothing. A piece is either open (to be cut and tokenized) or
// one added token. Pieces are in text order and never empty.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizers/aligned_text.h"
#include "tokenizers/regex.h"

namespace moonlet {

struct Piece {
    AlignedText* text;
    size_t begin, end;   // bytes of text->view()
    int id = -1;         // >= 0: the added token that was found here
    bool bytes = false;  // its bytes stand for their byte-level characters (see byte_level.h)

    std::string_view view() const { return text->view().substr(begin, end - begin); }
    std::pair<size_t, size_t> source(size_t b, size_t e) const {
        return text->source(begin + b, begin + e);
    }
};

// How a pattern's matches become pieces (Split, Punctuation, ...).
enum class Behavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };
Behavior behavior_from(const std::string& name);  // "Removed", "removed", ...; Error otherwise

struct Pieces {
    std::deque<AlignedText> texts;  // addresses stay
    std::vector<Piece> list;

    // Replaces every open piece by what `cut` appends to its second argument; empty ones vanish.
    // Byte pieces are written out first.
    void cut(const std::function<void(const Piece&, std::vector<Piece>&)>& cut);
    // A text of its own for the piece, free to be rewritten.
    AlignedText& own(const Piece& piece);
    // Turns a byte piece into one that spells its byte-level characters.
    Piece written_out(const Piece& piece);
};

// Cuts `piece` at `matches` (ranges of its view); `invert` swaps matches and what lies between.
void cut_at(const Piece& piece, const Ranges& matches, Behavior behavior, bool invert,
            std::vector<Piece>& out);

// Ranges of the single characters for which `is` holds.
template <class Is>
Ranges characters(std::string_view text, Is is) {
    Ranges out;
    for (size_t i = 0; i < text.size();) {
        size_t begin = i;
        if (is(unicode::next(text, i))) out.emplace_back(begin, i);
    }
    return out;
}

// Every place where `needle` (not empty) stands, from left to right, not overlapping.
Ranges occurrences(std::string_view text, std::string_view needle);

}  // namespace moonlet
