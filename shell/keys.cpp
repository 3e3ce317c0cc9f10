// SPDX-License-Identifier: Apache-2.0
#include "shell/keys.h"

#include <algorithm>

namespace moonlet {
namespace {

constexpr std::string_view kPasteEnd = "\x1b[201~";

// Sequences of xterm, its application mode, rxvt and the Linux console.
struct Sequence {
    std::string_view bytes;  // after ESC
    KeyKind kind;
};
constexpr Sequence kSequences[] = {{"[A", KeyKind::up},
                                   {"OA", KeyKind::up},
                                   {"[B", KeyKind::down},
                                   {"OB", KeyKind::down},
                                   {"[C", KeyKind::right},
                                   {"OC", KeyKind::right},
                                   {"[D", KeyKind::left},
                                   {"OD", KeyKind::left},
                                   {"[H", KeyKind::home},
                                   {"OH", KeyKind::home},
                                   {"[1~", KeyKind::home},
                                   {"[7~", KeyKind::home},
                                   {"[F", KeyKind::end},
                                   {"OF", KeyKind::end},
                                   {"[4~", KeyKind::end},
                                   {"[8~", KeyKind::end},
                                   {"[3~", KeyKind::erase},
                                   {"[5~", KeyKind::page_up},
                                   {"[6~", KeyKind::page_down},
                                   {"[Z", KeyKind::shift_tab},
                                   {"[1;5D", KeyKind::word_left},
                                   {"[1;3D", KeyKind::word_left},
                                   {"Od", KeyKind::word_left},
                                   {"[1;5C", KeyKind::word_right},
                                   {"[1;3C", KeyKind::word_right},
                                   {"Oc", KeyKind::word_right}};

std::size_t utf8_length(unsigned char first) {
    if (first < 0xc2) return 1;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 1;
}

}  // namespace

void KeyDecoder::feed(std::string_view bytes) { bytes_ += bytes; }

void KeyDecoder::consume(std::size_t count) {
    at_ += count;
    if (at_ < bytes_.size()) return;
    bytes_.clear();
    at_ = 0;
}

bool KeyDecoder::drop_through_interrupt() {
    std::size_t found = bytes_.rfind('\x03');
    if (found == std::string::npos || found < at_) return false;
    pasting_ = false;
    consume(found + 1 - at_);
    return true;
}

bool KeyDecoder::has_answer_end() const {
    for (std::size_t at = bytes_.find("\x1b[?", at_); at != std::string::npos;) {
        std::size_t end = bytes_.find_first_not_of("0123456789;", at + 3);
        if (end != std::string::npos && bytes_[end] == 'c') return true;
        at = bytes_.find("\x1b[?", at + 3);
    }
    return false;
}

bool KeyDecoder::take_paste(Key* key) {
    std::size_t end = bytes_.find(kPasteEnd, std::max(at_, searched_));
    if (end == std::string::npos) {
        searched_ = bytes_.size() > kPasteEnd.size() ? bytes_.size() - kPasteEnd.size() : 0;
        return false;
    }
    key->kind = KeyKind::paste;
    key->text = bytes_.substr(at_, end - at_);
    pasting_ = false;
    consume(end + kPasteEnd.size() - at_);
    return true;
}

// ESC ] 11;… BEL or ESC \: what a terminal answers. True when the bytes are one, whole or not:
// Alt-] is nothing but ESC ].
bool KeyDecoder::take_reply(Key* key, bool no_more, bool* whole) {
    constexpr std::size_t kMaxReply = 64;
    std::string_view rest = std::string_view(bytes_).substr(at_ + 1);
    *whole = false;
    std::size_t end = 1;
    while (end < rest.size() && rest[end] >= ' ' && rest[end] <= '~') ++end;
    bool answer = end > 1 && rest[1] >= '0' && rest[1] <= '9' && end < kMaxReply;
    if (end == rest.size()) return answer || (end == 1 && !no_more);
    if (!answer || (rest[end] != '\a' && rest[end] != '\x1b')) return false;
    if (rest[end] == '\x1b' && end + 1 == rest.size()) return true;
    *whole = true;
    key->kind = KeyKind::reply;
    key->text = rest.substr(1, end - 1);
    consume(1 + end + (rest[end] == '\a' ? 1 : 2));
    return true;
}

bool KeyDecoder::take_escape(Key* key, bool no_more) {
    std::string_view rest = std::string_view(bytes_).substr(at_ + 1);
    bool whole;
    if (!rest.empty() && rest[0] == ']' && take_reply(key, no_more, &whole)) return whole;
    if (rest.empty()) {
        if (!no_more) return false;
        key->kind = KeyKind::escape;
        consume(1);
        return true;
    }
    if (rest[0] == '[' || rest[0] == 'O') {
        std::size_t length = 1;
        while (length < rest.size() && length < 32 && (rest[length] < '@' || rest[length] > '~')) {
            ++length;
        }
        if (length >= rest.size() && !no_more) return false;
        std::string_view sequence = rest.substr(0, length + 1);
        key->kind = KeyKind::unknown;
        if (sequence.size() == 1) {  // Alt-O, Alt-[
            key->kind = KeyKind::alt;
            key->code = rest[0];
        }
        if (sequence == "[200~") {
            consume(1 + sequence.size());
            pasting_ = true;
            searched_ = at_;
            return take_paste(key);
        }
        if (sequence.size() > 2 && sequence[1] == '?' && sequence.back() == 'c') {
            key->kind = KeyKind::reply;
            key->text = sequence;
        }
        for (const Sequence& known : kSequences) {
            if (known.bytes == sequence) key->kind = known.kind;
        }
        // Not a sequence: Esc, O and text, typed fast in vi's keys. F1 to F4 are sequences.
        if (rest[0] == 'O' && key->kind == KeyKind::unknown && sequence.size() == 2 &&
            (sequence[1] < 'P' || sequence[1] > 'S')) {
            key->kind = KeyKind::alt;
            key->code = 'O';
            consume(2);
            return true;
        }
        consume(1 + sequence.size());
        return true;
    }
    if (rest[0] == '\r' || rest[0] == '\n') {
        key->kind = KeyKind::alt_enter;
        consume(2);
    } else if (rest[0] == '\x1b') {
        key->kind = KeyKind::escape;
        consume(1);
    } else {
        key->kind = KeyKind::alt;
        key->code = rest[0];
        consume(2);
    }
    return true;
}

bool KeyDecoder::take_text(Key* key, bool no_more) {
    std::size_t end = at_;
    while (end < bytes_.size()) {
        unsigned char c = static_cast<unsigned char>(bytes_[end]);
        if (c < ' ' || c == 0x7f) break;
        std::size_t length = utf8_length(c);
        if (end + length > bytes_.size() && !no_more) break;  // half a character
        end = std::min(end + length, bytes_.size());
    }
    if (end == at_) return false;
    key->kind = KeyKind::text;
    key->text = bytes_.substr(at_, end - at_);
    consume(end - at_);
    return true;
}

bool KeyDecoder::next(Key* key, bool no_more) {
    *key = Key{};
    if (pasting_) return take_paste(key);
    if (at_ >= bytes_.size()) return false;
    unsigned char c = static_cast<unsigned char>(bytes_[at_]);
    if (c == 0x1b) return take_escape(key, no_more);
    if (c >= ' ' && c != 0x7f) return take_text(key, no_more);
    if (c == '\r' || c == '\n') {
        key->kind = KeyKind::enter;
    } else if (c == '\t') {
        key->kind = KeyKind::tab;
    } else if (c == 0x7f || c == '\b') {
        key->kind = KeyKind::backspace;
    } else {
        key->kind = KeyKind::control;
        key->code = static_cast<char>(c < 27 ? c + 'a' - 1 : c + '@');
    }
    consume(1);
    return true;
}

}  // namespace moonlet
