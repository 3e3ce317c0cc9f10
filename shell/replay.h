// SPDX-License-Identifier: Apache-2.0
// Runs a saved session (saved_session.h) entry by entry: as a script, or as if it were typed once
// more, compared with what it printed when it was saved.
#pragma once

#include <string>

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

}  // namespace moonlet
