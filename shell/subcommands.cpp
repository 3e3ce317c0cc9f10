// SPDX-License-Identifier: Apache-2.0
#include "shell/subcommands.h"

#include <cstdio>
#include <filesystem>

#include "shell/commands.h"
#include "shell/options.h"
#include "shell/stdlib_call.h"

namespace moonlet {
namespace {

int wrong(const std::string& text) {
    std::fprintf(stderr, "moonlet: %s\n", text.c_str());
    return 2;
}

int print(const StdlibAnswer& answer) {
    if (!answer.ok) return wrong(answer.text);
    std::fwrite(answer.text.data(), 1, answer.text.size(), stdout);
    return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace

bool is_subcommand(const std::string& word) {
    if (word != "init" && word != "completions" && word != "man") return false;
    std::error_code failed;
    return !std::filesystem::is_regular_file(word, failed);
}

int run_subcommand(lua_State* L, const std::vector<std::string>& words) {
    const std::string& name = words[0];
    if (name == "init") {
        bool force = words.size() == 2 && words[1] == "--force";
        if (words.size() > 1 && !force) return wrong("init takes --force and nothing else");
        StdlibAnswer answer = call_stdlib(L, "project", "init", {force});
        if (!answer.ok) return wrong(answer.text);
        return answer.truth ? 0 : 1;
    }
    if (name == "completions") {
        if (words.size() != 2) return wrong("completions wants one of bash, zsh, fish");
        return print(call_stdlib(L, "completions", "text", {words[1], std::string(kUsage)}));
    }
    if (words.size() > 1) return wrong("man takes no arguments; moonlet man | man -l -");
    std::string rows;
    for (const Command& command : commands())
        rows += command.name + "\t" + command.arguments + "\t" + command.help + "\n";
    return print(call_stdlib(L, "manpage", "text",
                             {std::string(MOONLET_VERSION), std::string(kUsage), rows}));
}

}  // namespace moonlet
