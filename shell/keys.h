// SPDX-License-Identifier: Apache-2.0
// Bytes from a terminal as keys. Keeps what is unfinished (half a UTF-8 character, an escape
// sequence, a bracketed paste) until the rest arrives. A paste takes time linear in its size.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace moonlet {

enum class KeyKind {
    text,     // printable characters in `text`
    paste,    // a bracketed paste in `text`
    control,  // `code` is the letter: 'a' for Ctrl-A
    alt,      // `code` is the letter
    enter,
    alt_enter,
    tab,
    shift_tab,
    backspace,
    escape,
    up,
    down,
    left,
    right,
    home,
    end,
    erase,
    page_up,
    page_down,
    word_left,
    word_right,
    reply,    // a terminal's answer to a question: "11;rgb:…" of an OSC, "[?62;22c" of DA1
    unknown,  // a sequence that means nothing here
};

struct Key {
    KeyKind kind = KeyKind::unknown;
    char code = 0;
    std::string text{};
};

class KeyDecoder {
  public:
    void feed(std::string_view bytes);
    // Takes the next whole key. false: nothing whole is there. `no_more` says that no byte followed
    // for a while: a pending ESC is then the Escape key.
    bool next(Key* key, bool no_more);
    bool pending() const { return at_ < bytes_.size(); }
    bool in_paste() const { return pasting_; }
    // What a terminal answers to DA1 is among what is pending: the end of all answers.
    bool has_answer_end() const;
    // Drops what is pending up to and with the last Ctrl-C; false when there is none.
    bool drop_through_interrupt();

  private:
    std::string bytes_;
    std::size_t at_ = 0;
    bool pasting_ = false;
    std::size_t searched_ = 0;  // in a paste: no terminator starts before this byte

    bool take_paste(Key* key);
    bool take_escape(Key* key, bool no_more);
    bool take_reply(Key* key, bool no_more, bool* whole);
    bool take_text(Key* key, bool no_more);
    void consume(std::size_t count);
};

}  // namespace moonlet
