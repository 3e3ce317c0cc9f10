// SPDX-License-Identifier: Apache-2.0
// A session whose shell died: what the next start says of it, and running its entries again. By
// itself it runs nothing and asks nothing.
#pragma once

#include <string>

#include "shell/history.h"
#include "shell/session.h"

namespace moonlet {

// "" when the last sessions were left as they should be.
std::string lost_session_notice(History& history);

// Runs the entries that had worked as if they were typed, up to one that fails now. Returns what
// is to be said behind it.
std::string replay_lost_session(History& history, Session& session);

}  // namespace moonlet
