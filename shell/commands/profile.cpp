// SPDX-License-Identifier: Apache-2.0
// :profile code — runs it with a sampling profiler and shows where its time went: Lua functions and
// calls into the engine as one tree (stdlib/profile.lua). It runs aside, so it is no part of what
// :save writes. What Ctrl-C or an error ended is shown as far as it came.
#include "shell/code_argument.h"
#include "shell/commands.h"
#include "shell/stdlib_call.h"

namespace moonlet {
namespace {

std::string run_profile(CommandContext& context, const std::string& code) {
    if (code.empty()) return ":profile code — where its time goes\n";
    run_with_function(context.session, "profile", "require('moonlet.profile').run(", code, ")");
    return call_stdlib(context.session.lua(), "profile", "report").text + "\n";
}

const CommandRegistrar row{
    {"profile", "code", "runs it and shows where its time goes", run_profile}};

}  // namespace
}  // namespace moonlet
