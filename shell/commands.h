// SPDX-License-Identifier: Apache-2.0
// `:commands` of the prompt as one table: name, arguments, one-line help, function. A command is a
// file in shell/commands/ that ends in one line:
//     static const CommandRegistrar row{{"time", "expr", "wall and CPU time of it", run_time}};
// Its object must be linked as an object, not out of a static library.
#pragma once

#include <string>
#include <vector>

#include "shell/history.h"
#include "shell/rows.h"
#include "shell/session.h"

namespace moonlet {

// What a command may use. Text it returns is printed as it is; it also may write to stdout itself.
struct CommandContext {
    Session& session;
    History& history;
    Rows& rows;
    bool leave = false;         // set to end the shell
    bool clear_screen = false;  // set to start on an empty screen
    std::string demo{};         // set to a script to step through it
    std::string run_next{};     // set to text that runs as the next entry
};

struct Command {
    std::string name, arguments, help;
    std::string (*run)(CommandContext& context, const std::string& argument);
};

// All commands, sorted by name.
const std::vector<Command>& commands();

struct CommandRegistrar {
    explicit CommandRegistrar(Command command);
};

// Runs ":name argument"; an unknown name, or the start of several, gives a text that says so.
std::string run_command(CommandContext& context, const std::string& line);

}  // namespace moonlet
