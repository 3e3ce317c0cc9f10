// SPDX-License-Identifier: Apache-2.0
// The list under the entry after Tab. It opens with nothing selected; Tab, Shift-Tab and the arrows
// walk, Enter takes what is selected, Esc closes. Under the list stands what is known of the
// selected one. It changes no text: it says what was taken.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "shell/completion.h"
#include "shell/keys.h"
#include "shell/render.h"

namespace moonlet {

// What an open menu did with a key.
enum class MenuStep {
    stay,           // the key was the menu's
    take,           // the selected candidate is wanted; the key is used up
    take_then_key,  // wanted, and the key is an edit behind it: `(` after a name
    close,          // Esc
    key             // not the menu's: it closes, and the key does what it always does
};

class CompletionMenu {
  public:
    void open(Completion completion);
    void close() { completion_ = {}; }
    bool is_open() const { return !completion_.candidates.empty(); }
    MenuStep handle(const Key& key);

    const Completion& completion() const { return completion_; }
    const Candidate* selected() const;

    // At most 12 lines of candidates, and what `describe` says of the selected one. Without colour
    // it stands in brackets.
    std::vector<Row> rows(std::size_t width, bool color,
                          const std::function<std::string(const Candidate&)>& describe) const;

  private:
    static constexpr std::size_t kNone = std::string::npos;
    Completion completion_;
    std::size_t selected_ = kNone;
    mutable std::size_t lines_ = 1;  // of the last drawing: what a step to the side is

    void move(std::size_t by, bool back);
    void add_description(std::vector<Row>& rows, std::size_t width,
                         const std::function<std::string(const Candidate&)>& describe) const;
};

}  // namespace moonlet
