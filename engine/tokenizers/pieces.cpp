// SPDX-License-Identifier: Apache-2.0
// Cutting. The five behaviors are those of Hugging Face's SplitDelimiterBehavior:
// "the-final--countdown" at "-" gives
//   removed              the final countdown
//   isolated             the - final - - countdown
//   merged_with_previous the- final- - countdown
//   merged_with_next     the -final - -countdown
//   contiguous           the - final -- countdown
#include "tokenizers/pieces.h"

#include "core/error.h"
#include "tokenizers/byte_level.h"

namespace moonlet {

Behavior behavior_from(const std::string& name) {
    if (name == "Removed" || name == "removed") return Behavior::removed;
    if (name == "Isolated" || name == "isolated") return Behavior::isolated;
    if (name == "MergedWithPrevious" || name == "merged_with_previous")
        return Behavior::merged_with_previous;
    if (name == "MergedWithNext" || name == "merged_with_next") return Behavior::merged_with_next;
    if (name == "Contiguous" || name == "contiguous") return Behavior::contiguous;
    throw Error("unknown split behavior " + quote(name),
                "Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous");
}

void Pieces::cut(const std::function<void(const Piece&, std::vector<Piece>&)>& cut) {
    std::vector<Piece> old;
    old.swap(list);
    list.reserve(old.size());
    for (const Piece& piece : old) {
        if (piece.id >= 0) list.push_back(piece);
        else cut(piece.bytes ? written_out(piece) : piece, list);
    }
}

AlignedText& Pieces::own(const Piece& piece) {
    return texts.emplace_back(*piece.text, piece.begin, piece.end);
}

Piece Pieces::written_out(const Piece& piece) {
    AlignedText& text = own(piece);
    text.apply(byte_level::changes(text.view()));
    return Piece{&text, 0, text.size()};
}

void cut_at(const Piece& piece, const Ranges& matches, Behavior behavior, bool invert,
            std::vector<Piece>& out) {
    size_t base = piece.begin, size = piece.end - piece.begin, done = 0;
    bool before = false, any = false;   // was the last part a match; has this piece given one
    size_t pending_begin = 0, pending_end = 0;
    bool pending = false;  // merged_with_next: a match waiting for what follows
    auto emit = [&](size_t begin, size_t end) {
        if (begin >= end) return;
        Piece part = piece;
        part.begin = base + begin;
        part.end = base + end;
        out.push_back(part);
        any = true;
    };
    auto part = [&](size_t begin, size_t end, bool match) {
        match = match != invert;
        switch (behavior) {
            case Behavior::removed:
                if (!match) emit(begin, end);
                break;
            case Behavior::isolated:
                emit(begin, end);
                break;
            case Behavior::contiguous:
            case Behavior::merged_with_previous: {
                bool join = behavior == Behavior::contiguous ? match == before : match && !before;
                if (join && any) out.back().end = base + end;
                else emit(begin, end);
                break;
            }
            case Behavior::merged_with_next:
                if (pending && match) emit(pending_begin, pending_end);
                if (match) {
                    pending = true;
                    pending_begin = begin;
                    pending_end = end;
                } else {
                    emit(pending ? pending_begin : begin, end);
                    pending = false;
                }
                break;
        }
        before = match;
    };
    for (auto [begin, end] : matches) {
        if (done < begin) part(done, begin, false);
        part(begin, end, true);
        done = end;
    }
    if (done < size) part(done, size, false);
    if (pending) emit(pending_begin, pending_end);
}

Ranges occurrences(std::string_view text, std::string_view needle) {
    Ranges out;
    for (size_t at = text.find(needle); at != std::string_view::npos;
         at = text.find(needle, at + needle.size()))
        out.emplace_back(at, at + needle.size());
    return out;
}

}  // namespace moonlet
