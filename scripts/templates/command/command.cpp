// SPDX-License-Identifier: Apache-2.0
// @path shell/commands/@name@.cpp
// :@name@ — what it shows or does. Where its words come from, and what it leaves alone.
#include "shell/commands.h"

namespace moonlet {
namespace {

std::string run_@name@(CommandContext&, const std::string& argument) {
    return "@name@: " + (argument.empty() ? std::string("nothing given") : argument) + "\n";
}

const CommandRegistrar row{{"@name@", "[text]", "one line for :help", run_@name@}};

}  // namespace
}  // namespace moonlet
