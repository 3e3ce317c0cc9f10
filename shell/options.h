// SPDX-License-Identifier: Apache-2.0
// The command line, taken apart but not acted upon.
#pragma once

#include <string>
#include <vector>

namespace moonlet {

struct StartAction {
    enum Kind { chunk, library } kind;  // -e, -l
    std::string text;
};

struct Options {
    bool interactive = false;  // -i
    bool replay = false;       // --replay
    std::string record{};      // --record: the file
    bool demo = false;         // --demo
    bool strict = false;       // --strict
    bool version = false;      // -v, --version
    bool help = false;
    bool environment = true;             // -E clears it
    bool read_rc = true;                 // --norc clears it
    bool color = true;                   // --no-color clears it
    bool from_stdin = false;             // -
    std::vector<StartAction> actions{};  // in order
    int script = 0;       // index into argv, 0 = none; what follows are its arguments
    std::string error{};  // not empty: what is wrong with the command line
};

Options parse_options(const std::vector<std::string>& argv);

// The text of --help.
extern const char* const kUsage;

}  // namespace moonlet
