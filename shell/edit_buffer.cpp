// SPDX-License-Identifier: Apache-2.0
#include "shell/edit_buffer.h"

#include "shell/lexer.h"
#include "shell/text.h"

namespace moonlet {
namespace {

bool is_word(char c) { return is_name_char(c); }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

}  // namespace

void EditBuffer::set(std::string text, std::size_t cursor) {
    text_ = std::move(text);
    cursor_ = cursor == std::string::npos ? text_.size() : cursor;
    snap();
}

// A change can join what stands on both sides of the cursor to one character: it then stands
// behind.
void EditBuffer::snap() {
    if (cursor_ == 0 || cursor_ >= text_.size()) return;
    std::size_t end = next_cluster(text_, previous_cluster(text_, cursor_));
    if (end > cursor_) cursor_ = end;
}

void EditBuffer::snap_left() {
    if (cursor_ == 0 || cursor_ >= text_.size()) return;
    std::size_t start = previous_cluster(text_, cursor_);
    if (next_cluster(text_, start) > cursor_) cursor_ = start;
}

void EditBuffer::move(std::size_t cursor) {
    cursor_ = cursor;
    snap();
}

void EditBuffer::insert(std::string_view what) {
    text_.insert(cursor_, what);
    cursor_ += what.size();
    snap();
}

std::size_t EditBuffer::start_of_line(std::size_t at) const {
    if (at == 0) return 0;
    std::size_t found = text_.rfind('\n', at - 1);
    return found == std::string::npos ? 0 : found + 1;
}

std::size_t EditBuffer::end_of_line(std::size_t at) const {
    std::size_t found = text_.find('\n', at);
    return found == std::string::npos ? text_.size() : found;
}

void EditBuffer::insert_line() {
    std::string_view before = std::string_view(text_).substr(0, cursor_);
    std::size_t spaces = indentation(before, false);
    insert("\n" + std::string(spaces, ' '));
}

void EditBuffer::dedent() {
    std::size_t start = start_of_line(cursor_);
    if (start == 0 || cursor_ != end_of_line(cursor_)) return;
    std::string_view line = std::string_view(text_).substr(start, cursor_ - start);
    std::size_t blanks = line.find_first_not_of(' ');
    if (blanks == std::string_view::npos || !closes_block(line.substr(blanks))) return;
    std::size_t wanted = indentation(std::string_view(text_).substr(0, start - 1), true);
    if (wanted >= blanks) return;
    text_.erase(start, blanks - wanted);
    cursor_ -= blanks - wanted;
}

bool EditBuffer::left() {
    if (cursor_ == 0) return false;
    cursor_ = previous_cluster(text_, cursor_);
    return true;
}

bool EditBuffer::right() {
    if (cursor_ == text_.size()) return false;
    cursor_ = next_cluster(text_, cursor_);
    return true;
}

void EditBuffer::to_column(std::size_t line, int column) {
    std::size_t end = end_of_line(line);
    cursor_ = line;
    int at = 0;
    while (cursor_ < end) {
        std::size_t next = next_cluster(text_, cursor_);
        at += cluster_width(std::string_view(text_).substr(cursor_, next - cursor_));
        if (at > column) break;
        cursor_ = next;
    }
}

bool EditBuffer::up() {
    std::size_t start = start_of_line(cursor_);
    if (start == 0) return false;
    int column = text_width(std::string_view(text_).substr(start, cursor_ - start));
    to_column(start_of_line(start - 1), column);
    return true;
}

bool EditBuffer::down() {
    std::size_t end = end_of_line(cursor_);
    if (end == text_.size()) return false;
    std::size_t start = start_of_line(cursor_);
    int column = text_width(std::string_view(text_).substr(start, cursor_ - start));
    to_column(end + 1, column);
    return true;
}

void EditBuffer::line_start() { cursor_ = start_of_line(cursor_); }
void EditBuffer::line_end() { cursor_ = end_of_line(cursor_); }

std::size_t EditBuffer::word_before(bool to_blank) const {
    std::size_t at = cursor_;
    auto inside = [&](char c) { return to_blank ? !is_blank(c) : is_word(c); };
    while (at > 0 && !inside(text_[at - 1])) --at;
    while (at > 0 && inside(text_[at - 1])) --at;
    return at;
}

std::size_t EditBuffer::word_after() const {
    std::size_t at = cursor_;
    while (at < text_.size() && !is_word(text_[at])) ++at;
    while (at < text_.size() && is_word(text_[at])) ++at;
    return at;
}

bool EditBuffer::is_word_at(std::size_t at) const { return is_word(text_[at]); }

void EditBuffer::word_left() {
    cursor_ = word_before(false);
    snap_left();
}

void EditBuffer::word_right() {
    cursor_ = word_after();
    snap();
}

bool EditBuffer::erase_left() {
    if (cursor_ == 0) return false;
    std::size_t start = start_of_line(cursor_);
    std::size_t blanks = text_.find_first_not_of(' ', start);
    std::size_t begin = previous_cluster(text_, cursor_);
    bool indent = cursor_ > start && (blanks == std::string::npos || blanks >= cursor_);
    if (indent && (cursor_ - start) % 2 == 0) begin = cursor_ - 2;
    // U+1160 to U+11FF: a vowel or final consonant that was joined to a syllable.
    if (cursor_ - begin > 3 && (cursor_ - begin) % 3 == 0) {
        auto byte = [&](std::size_t back) {
            return static_cast<unsigned char>(text_[cursor_ - back]);
        };
        bool part = byte(3) == 0xe1 &&
                    ((byte(2) == 0x85 && byte(1) >= 0xa0) || byte(2) == 0x86 || byte(2) == 0x87);
        if (part) begin = cursor_ - 3;
    }
    text_.erase(begin, cursor_ - begin);
    cursor_ = begin;
    snap();
    return true;
}

bool EditBuffer::erase_right() {
    if (cursor_ == text_.size()) return false;
    text_.erase(cursor_, next_cluster(text_, cursor_) - cursor_);
    snap();
    return true;
}

void EditBuffer::kill(std::size_t begin, std::size_t end, bool forward, bool more) {
    if (begin == end) return;
    ring_.add(text_.substr(begin, end - begin), more, forward);
    text_.erase(begin, end - begin);
    cursor_ = begin;
    snap();
}

void EditBuffer::kill_range(std::size_t begin, std::size_t end) { kill(begin, end, true, false); }

void EditBuffer::yank() {
    yanked_at_ = cursor_;
    if (!ring_.empty()) insert(ring_.newest());
}

bool EditBuffer::yank_older() {
    if (ring_.empty() || yanked_at_ > cursor_) return false;
    replace(yanked_at_, cursor_, ring_.older());
    return true;
}

void EditBuffer::kill_to_line_end(bool more) {
    std::size_t end = end_of_line(cursor_);
    if (end == cursor_ && end < text_.size()) ++end;
    kill(cursor_, end, true, more);
}

void EditBuffer::kill_to_line_start(bool more) {
    std::size_t start = start_of_line(cursor_);
    if (start == cursor_ && start > 0) --start;
    kill(start, cursor_, false, more);
}

void EditBuffer::kill_word_left(bool to_blank, bool more) {
    kill(word_before(to_blank), cursor_, false, more);
}

void EditBuffer::kill_word_right(bool more) { kill(cursor_, word_after(), true, more); }

bool EditBuffer::on_first_line() const { return start_of_line(cursor_) == 0; }
bool EditBuffer::on_last_line() const { return end_of_line(cursor_) == text_.size(); }

}  // namespace moonlet
