// SPDX-License-Identifier: Apache-2.0
#include "shell/options.h"

namespace moonlet {

const char* const kUsage =
    "usage: moonlet [options] [script [args]]\n"
    "       moonlet init [--force] | completions bash|zsh|fish | man\n"
    "  -e chunk     run the chunk; -e and -l may be repeated and run in order\n"
    "  -l name      require the module\n"
    "  -i           the prompt after the script or chunks\n"
    "  --record f   write every entry of the prompt, and every answer of a model, to the file f\n"
    "  --replay     run a saved session or a record as if typed, and compare what it prints;\n"
    "               models of a record answer from it, no model or network is needed\n"
    "  --demo       step through the script at the prompt, a step at each Enter\n"
    "  --strict     a global that nobody declared is an error, with the name that was meant\n"
    "  -v           show the version\n"
    "  -E           ignore LUA_INIT, LUA_PATH, LUA_CPATH, MOONLET_STDLIB and the start file\n"
    "  --norc       do not run the start file (~/.config/moonlet/init.lua, at the prompt only)\n"
    "  --no-color   no colours (also NO_COLOR, TERM=dumb)\n"
    "  -            run standard input as a script\n"
    "  --           end of the options\n"
    "  --version --help\n"
    "Without a script: the prompt on a terminal, else standard input is run as a script.\n";

Options parse_options(const std::vector<std::string>& argv) {
    Options options;
    std::size_t i = 1;
    for (; i < argv.size(); ++i) {
        const std::string& word = argv[i];
        if (word.empty() || word[0] != '-') break;
        if (word == "-") {
            options.from_stdin = true;
            break;
        }
        if (word == "--") {
            ++i;
            break;
        }
        char letter = word[1];
        if (letter == 'e' || letter == 'l') {
            std::string text = word.substr(2);
            if (text.empty()) {
                if (++i >= argv.size()) {
                    options.error = word + " needs an argument";
                    return options;
                }
                text = argv[i];
            }
            options.actions.push_back(
                {letter == 'e' ? StartAction::chunk : StartAction::library, text});
        } else if (word == "-i") {
            options.interactive = true;
        } else if (word == "--record") {
            if (++i >= argv.size()) {
                options.error = "--record needs the name of a file";
                return options;
            }
            options.record = argv[i];
        } else if (word == "--replay") {
            options.replay = true;
        } else if (word == "--demo") {
            options.demo = true;
        } else if (word == "--strict") {
            options.strict = true;
        } else if (word == "-v" || word == "--version") {
            options.version = true;
        } else if (word == "-E") {
            options.environment = false;
        } else if (word == "--norc") {
            options.read_rc = false;
        } else if (word == "--no-color") {
            options.color = false;
        } else if (word == "--help" || word == "-h") {
            options.help = true;
        } else {
            options.error = "unknown option " + word;
            return options;
        }
    }
    if (options.replay && (i >= argv.size() || options.from_stdin))
        options.error = "--replay needs the file of a saved session";
    if (options.demo && (i >= argv.size() || options.from_stdin))
        options.error = "--demo needs the file of a script";
    // `-` is the script's name, and so are the arguments behind it its own.
    if (i < argv.size()) options.script = static_cast<int>(i);
    return options;
}

}  // namespace moonlet
