// SPDX-License-Identifier: Apache-2.0
// :bench code — runs it until its time is known well: mean, spread, median, least, how many runs.
// It runs aside, so nothing of it is saved. `bench(f)` is the same as a value.
#include "shell/code_argument.h"
#include "shell/commands.h"

namespace moonlet {
namespace {

std::string run_bench(CommandContext& context, const std::string& code) {
    if (code.empty()) return ":bench code — runs it many times; bench(f) gives the figures\n";
    run_with_function(context.session, "bench", "require('moonlet.timing').show_bench(", code, ")");
    return {};
}

const CommandRegistrar row{
    {"bench", "code", "runs it many times: mean, spread, median, runs", run_bench}};

}  // namespace
}  // namespace moonlet
