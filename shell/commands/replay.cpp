// SPDX-License-Identifier: Apache-2.0
// :replay — runs again the entries that had worked in the session that a crash cut off.
#include "shell/commands.h"
#include "shell/lost_session.h"

namespace moonlet {
namespace {

std::string run_replay(CommandContext& context, const std::string&) {
    return replay_lost_session(context.history, context.session);
}

const CommandRegistrar row{
    {"replay", "", "runs again what had worked in a session that was cut off", run_replay}};

}  // namespace
}  // namespace moonlet
