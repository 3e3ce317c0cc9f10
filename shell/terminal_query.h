// SPDX-License-Identifier: Apache-2.0
// Asks the terminal what it can while an entry runs: for pictures, at the first one. The question
// ends in one that every terminal answers (DA1), so that no answer need be waited for in vain. What
// was typed meanwhile is kept for the next entry.
#pragma once

#include <string>
#include <string_view>

struct lua_State;

namespace moonlet {

// What came back until the reply to DA1, at most so long; "" where there is no terminal.
std::string ask_terminal(std::string_view question, int milliseconds);

// Keys that were typed into an answer.
std::string take_early_keys();

// session.ask_terminal(question, milliseconds) -> string, session.cell_size() -> width, height of a
// character in pixels, nil where the terminal does not say.
void install_terminal_query(lua_State* L);

}  // namespace moonlet
