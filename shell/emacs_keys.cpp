// SPDX-License-Identifier: Apache-2.0
#include "shell/emacs_keys.h"

namespace moonlet {
namespace {

KeyEffect control_key(char code, EditBuffer& buffer, bool more) {
    switch (code) {
        case 'a': buffer.line_start(); return KeyEffect::moved;
        case 'b': buffer.left(); return KeyEffect::moved;
        case 'd': buffer.erase_right(); return KeyEffect::erased;
        case 'e': buffer.line_end(); return KeyEffect::moved;
        case 'f': buffer.right(); return KeyEffect::moved;
        case 'k': buffer.kill_to_line_end(more); return KeyEffect::killed;
        case 't': buffer.transpose(); return KeyEffect::moved;
        case 'u': buffer.kill_to_line_start(more); return KeyEffect::killed;
        case 'w': buffer.kill_word_left(true, more); return KeyEffect::killed;
        case 'y': buffer.yank(); return KeyEffect::yanked;
        default: return KeyEffect::none;
    }
}

KeyEffect alt_key(char code, EditBuffer& buffer, KeyEffect last) {
    bool more = last == KeyEffect::killed;
    switch (code) {
        case 'b': buffer.word_left(); return KeyEffect::moved;
        case 'f': buffer.word_right(); return KeyEffect::moved;
        case 'd': buffer.kill_word_right(more); return KeyEffect::killed;
        case 0x7f:
        case '\b': buffer.kill_word_left(false, more); return KeyEffect::killed;
        case 't': buffer.transpose_words(); return KeyEffect::moved;
        case 'u': buffer.case_word(WordCase::upper); return KeyEffect::moved;
        case 'l': buffer.case_word(WordCase::lower); return KeyEffect::moved;
        case 'c': buffer.case_word(WordCase::capital); return KeyEffect::moved;
        case 'y':
            return last == KeyEffect::yanked && buffer.yank_older() ? KeyEffect::yanked
                                                                    : KeyEffect::moved;
        case '<': buffer.move(0); return KeyEffect::moved;
        case '>': buffer.move(buffer.text().size()); return KeyEffect::moved;
        default: return KeyEffect::none;
    }
}

}  // namespace

KeyEffect emacs_key(const Key& key, EditBuffer& buffer, KeyEffect last) {
    switch (key.kind) {
        case KeyKind::alt_enter: buffer.insert_line(); return KeyEffect::moved;
        case KeyKind::backspace: buffer.erase_left(); return KeyEffect::erased;
        case KeyKind::erase: buffer.erase_right(); return KeyEffect::erased;
        case KeyKind::left: buffer.left(); return KeyEffect::moved;
        case KeyKind::right: buffer.right(); return KeyEffect::moved;
        case KeyKind::word_left: buffer.word_left(); return KeyEffect::moved;
        case KeyKind::word_right: buffer.word_right(); return KeyEffect::moved;
        case KeyKind::home: buffer.line_start(); return KeyEffect::moved;
        case KeyKind::end: buffer.line_end(); return KeyEffect::moved;
        case KeyKind::control: return control_key(key.code, buffer, last == KeyEffect::killed);
        case KeyKind::alt: return alt_key(key.code, buffer, last);
        default: return KeyEffect::none;
    }
}

}  // namespace moonlet
