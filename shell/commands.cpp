// SPDX-License-Identifier: Apache-2.0
#include "shell/commands.h"

#include <algorithm>

#include "shell/text.h"

namespace moonlet {
namespace {

std::vector<Command>& table() {
    static std::vector<Command> rows;
    return rows;
}

std::string trimmed(const std::string& text) {
    std::size_t begin = text.find_first_not_of(" \t\n");
    if (begin == std::string::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\n") + 1 - begin);
}

}  // namespace

CommandRegistrar::CommandRegistrar(Command command) {
    auto& rows = table();
    auto place = std::find_if(rows.begin(), rows.end(),
                              [&](const Command& other) { return other.name > command.name; });
    rows.insert(place, std::move(command));
}

const std::vector<Command>& commands() { return table(); }

std::string run_command(CommandContext& context, const std::string& line) {
    std::string text = trimmed(line).substr(1);
    std::size_t blank = text.find_first_of(" \t\n");
    std::string name = text.substr(0, blank);
    std::string argument = blank == std::string::npos ? "" : trimmed(text.substr(blank));
    std::vector<const Command*> starts;
    std::vector<std::string> names;
    for (const Command& command : commands()) {
        if (command.name == name) return command.run(context, argument);
        names.push_back(command.name);
        // What writes over things (`save!`) is never meant by the start of its name.
        if (!name.empty() && command.name.rfind(name, 0) == 0 && command.name.back() != '!')
            starts.push_back(&command);
    }
    if (starts.size() == 1) return starts[0]->run(context, argument);
    std::string out = name.empty() ? "a command has a name" : "no command :" + name;
    auto near = nearest(name, names, 1);
    if (!near.empty()) return out + "; did you mean :" + near[0] + "?\n";
    out += "; there are";
    for (const auto& known : names) out += " :" + known;
    return out + "\n";
}

}  // namespace moonlet
