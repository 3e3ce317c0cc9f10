// SPDX-License-Identifier: Apache-2.0
// The text of one of moonlet's own objects fitted to the terminal: a report of one line is broken
// at blanks, lines of longer ones are cut with an ellipsis (`:last` shows them whole). What an
// object says for itself (metatable field __prose: an answer's text) and the text of the user's own
// objects stay as they are; what stands in for one of ours says so by the field __report.
#pragma once

#include <string>

struct lua_State;

namespace moonlet {

// text: what the object at the index prints. Reads its metatable raw.
std::string fit_object(lua_State* L, int index, std::string text, int width);

}  // namespace moonlet
