// SPDX-License-Identifier: Apache-2.0
// Where candidates come from, one function and one file a source. None runs user code: tables are
// read raw, and of functions only native ones of our own are called. They may raise Lua errors
// (memory).
#pragma once

#include "shell/completion_place.h"

namespace moonlet {

// Keywords, globals, locals of the session and of the entry.
void offer_names(CompletionPlace& place);
// Behind `a.b.` or `a:`: fields, methods, columns of a row. The tokens end with the dot or colon.
void offer_members(CompletionPlace& place);
void offer_members(CompletionPlace& place, const std::vector<std::string>& chain, bool method);
// Option names inside the braces of a call that takes options.
void offer_options(CompletionPlace& place);
// Values of an option that is a choice, a boolean or an object, where no quote was typed.
void offer_values(CompletionPlace& place);
// Inside a string: keys of a table, then what the option or parameter knows, then paths.
void offer_string(CompletionPlace& place, char quote);
// Inside a string, by what the call wants there: choices, models, adapters, columns.
void offer_known_strings(CompletionPlace& place);
// Files whose extension fits; extensions divided by blanks, "" = any, "/" = folders alone.
void offer_paths(CompletionPlace& place, char quote, const std::string& extensions);
std::string extensions_for(CompletionPlace& place);
// `:command arguments` and `?name`.
void offer_special(CompletionPlace& place);
// `:time code` with the command blanked, where it takes Lua; else the text as it is.
std::string lua_in_command(const std::string& text, const std::vector<CommandName>& commands);

// Columns of the dataset that the chain names, as far as they are known; none without.
std::vector<std::string> dataset_columns(CompletionPlace& place,
                                         const std::vector<std::string>& chain);
// The names that a type or a doc lists: "a"|"b", or `a, b or c`.
std::vector<std::string> choices_of(const RowField& field);

}  // namespace moonlet
