// SPDX-License-Identifier: Apache-2.0
// Runs a saved session (saved_session.h) entry by entry: as a script, or as if it were typed once
// more, compared with what it printed when it was saved.
#pragma once

#include <string>
#include <vector>

#include "shell/saved_session.h"
#include "shell/script.h"
#include "shell/session.h"

namespace moonlet {

// Every entry of it compiles by itself. Where one does not (a block was put around several), the
// file is run as one chunk instead.
bool runs_by_entries(lua_State* L, const SavedSession& saved, std::string* problem);

// Stops at the first entry that fails. compare: shows prompt, input and output, says on stderr
// where the output differs from what is recorded, and fails when something does.
ScriptResult run_saved_session(Session& session, const SavedSession& saved, bool compare);

// "> text", as it was typed.
void print_input(const std::string& text);

// Lines of two outputs (output_lines): are they the same, and if not what stands in one only.
bool same_lines(const std::vector<std::string>& recorded, const std::vector<std::string>& now);
std::string output_difference(const std::vector<std::string>& recorded,
                              const std::vector<std::string>& now, bool color);

}  // namespace moonlet
