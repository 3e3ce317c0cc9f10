// SPDX-License-Identifier: Apache-2.0
// A text in the user's own editor: $VISUAL, else $EDITOR, else vi, on a file of its own. The
// terminal must be in its normal mode. Ctrl-C is the editor's meanwhile.
#pragma once

#include <string>

namespace moonlet {

// Replaces `text` by what was saved, without line breaks at its end. Returns "" or what went wrong,
// with what to do; the text is then as it was.
std::string edit_in_editor(std::string* text);

}  // namespace moonlet
