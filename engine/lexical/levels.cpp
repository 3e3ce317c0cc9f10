// SPDX-License-Identifier: Apache-2.0
// Pieces are spans that follow each other without a gap, so a packed chunk is a span too. A
// separator begins the piece behind it. One scan per level and per byte: lengths are counted once
// for each level that a byte gets to.
#include "lexical/levels.h"

#include "core/interrupt.h"
#include "lexical/characters.h"

namespace moonlet::lexical {

namespace {

struct Piece {
    size_t begin, end, length;
};

// Code points; in broken UTF-8 the bytes that continue nothing are not counted.
size_t length_of(std::string_view text) {
    size_t count = 0;
    for (char byte : text) count += (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
    return count;
}

class Splitting {
  public:
    Splitting(std::string_view text, const std::vector<Level>& levels, size_t size, size_t overlap,
              std::vector<Chunk>& chunks)
        : text_(text), levels_(levels), size_(size), overlap_(overlap), chunks_(chunks) {}

    void run(size_t begin, size_t end, size_t first_level) {
        size_t level = first_level;
        while (level + 1 < levels_.size() && !occurs(begin, end, levels_[level])) ++level;
        bool last = levels_[level].separator.empty() && !levels_[level].sentences;
        last = last || level + 1 == levels_.size();
        std::vector<Piece> pieces;
        cut(begin, end, levels_[level], pieces);
        std::vector<Piece> good;
        for (const Piece& piece : pieces) {
            interrupt::check();
            if (piece.length < size_) {
                good.push_back(piece);
                continue;
            }
            pack(good);
            good.clear();
            if (last) chunks_.push_back({piece.begin, piece.end, {}});
            else run(piece.begin, piece.end, level + 1);
        }
        pack(good);
    }

  private:
    bool occurs(size_t begin, size_t end, const Level& level) const {
        if (level.sentences) return sentence_spans(text_.substr(begin, end - begin)).size() > 1;
        if (level.separator.empty()) return true;
        return text_.substr(begin, end - begin).find(level.separator) != std::string_view::npos;
    }

    void add(std::vector<Piece>& pieces, size_t begin, size_t end) const {
        if (begin < end)
            pieces.push_back({begin, end, length_of(text_.substr(begin, end - begin))});
    }

    void cut(size_t begin, size_t end, const Level& level, std::vector<Piece>& pieces) const {
        std::string_view part = text_.substr(0, end);
        size_t from = begin;
        if (level.sentences) {
            for (auto [first, last] : sentence_spans(part.substr(begin))) {
                if (begin + first == from) continue;
                add(pieces, from, begin + first);
                from = begin + first;
            }
        } else if (level.separator.empty()) {
            pieces.reserve(end - begin);
            for (size_t at = from; at < end; from = at) {
                next_character(part, at);
                pieces.push_back({from, at, 1});
            }
        } else {
            const std::string& separator = level.separator;
            for (size_t at = part.find(separator, begin); at != std::string_view::npos;
                 at = part.find(separator, at + separator.size())) {
                add(pieces, from, at);
                from = at;
            }
        }
        add(pieces, from, end);
    }

    void emit(size_t begin, size_t end) {
        strip(text_, begin, end);
        if (begin < end) chunks_.push_back({begin, end, {}});
    }

    // Fills chunks up to the size; the next one begins with as many of the last pieces as fit into
    // the overlap.
    void pack(const std::vector<Piece>& pieces) {
        size_t first = 0, total = 0;
        for (size_t i = 0; i < pieces.size(); ++i) {
            size_t length = pieces[i].length;
            if (total + length > size_ && first < i) {
                emit(pieces[first].begin, pieces[i - 1].end);
                while (total > overlap_ || (total + length > size_ && total > 0))
                    total -= pieces[first++].length;
            }
            total += length;
        }
        if (first < pieces.size()) emit(pieces[first].begin, pieces.back().end);
    }

    std::string_view text_;
    const std::vector<Level>& levels_;
    size_t size_, overlap_;
    std::vector<Chunk>& chunks_;
};

}  // namespace

void split_levels(std::string_view text, size_t begin, size_t end, const std::vector<Level>& levels,
                  size_t size, size_t overlap, std::vector<Chunk>& chunks) {
    Splitting(text, levels, size, overlap, chunks).run(begin, end, 0);
}

}  // namespace moonlet::lexical
