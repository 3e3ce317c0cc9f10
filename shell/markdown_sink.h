// SPDX-License-Identifier: Apache-2.0
// Answers at the prompt go through MarkdownStream: the field `render` of moonlet.session. What is
// kept of the entry is the source of the answer, whatever was drawn. Off where stdout is no
// terminal or has no colours; `:markdown off` shows the source.
#pragma once

struct lua_State;

namespace moonlet {

void install_markdown(lua_State* L, bool color);

// `:markdown`. At the start it is on.
bool markdown_is_on();
void set_markdown(bool on);

}  // namespace moonlet
