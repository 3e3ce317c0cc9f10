// SPDX-License-Identifier: Apache-2.0
// Changes of words and neighbours in the buffer: transpose, upper and lower case.
#include <utf8proc.h>

#include "shell/edit_buffer.h"
#include "shell/text.h"

namespace moonlet {
namespace {

std::string cased(std::string_view word, WordCase wanted) {
    std::string out;
    bool first = true;
    for (std::size_t at = 0; at < word.size();) {
        utf8proc_int32_t point;
        auto n = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(word.data() + at),
                                  static_cast<utf8proc_ssize_t>(word.size() - at), &point);
        if (n <= 0) {
            out += word[at++];
            continue;
        }
        bool upper = wanted == WordCase::upper || (wanted == WordCase::capital && first);
        point = upper ? utf8proc_toupper(point) : utf8proc_tolower(point);
        utf8proc_uint8_t bytes[4];
        out.append(bytes, bytes + utf8proc_encode_char(point, bytes));
        at += static_cast<std::size_t>(n);
        first = false;
    }
    return out;
}

}  // namespace

void EditBuffer::replace(std::size_t begin, std::size_t end, std::string_view instead) {
    text_.replace(begin, end - begin, instead);
    cursor_ = begin + instead.size();
    snap();
}

// The character before the cursor goes behind the one after it; at the end of a line the last two
// change places.
void EditBuffer::transpose() {
    std::size_t end = end_of_line(cursor_), start = start_of_line(cursor_);
    std::size_t middle =
        cursor_ == end && cursor_ > start ? previous_cluster(text_, cursor_) : cursor_;
    if (middle == start || middle == end) return;
    std::size_t begin = previous_cluster(text_, middle), stop = next_cluster(text_, middle);
    std::string pair = text_.substr(middle, stop - middle) + text_.substr(begin, middle - begin);
    replace(begin, stop, pair);
}

void EditBuffer::transpose_words() {
    std::size_t second_end = word_after();
    if (second_end == cursor_) second_end = text_.size();
    std::size_t keep = cursor_;
    cursor_ = second_end;
    std::size_t second = word_before(false);
    second_end = second;
    while (second_end < text_.size() && is_word_at(second_end)) ++second_end;
    cursor_ = second;
    std::size_t first = word_before(false), first_end = first;
    while (first_end < second && is_word_at(first_end)) ++first_end;
    if (first == second || first_end == first || second_end == second) {
        cursor_ = keep;
        return;
    }
    std::string swapped = text_.substr(second, second_end - second) +
                          text_.substr(first_end, second - first_end) +
                          text_.substr(first, first_end - first);
    replace(first, second_end, swapped);
}

void EditBuffer::case_word(WordCase wanted) {
    std::size_t end = word_after(), begin = cursor_;
    while (begin < end && !is_word_at(begin)) ++begin;
    replace(begin, end, cased(std::string_view(text_).substr(begin, end - begin), wanted));
}

}  // namespace moonlet
