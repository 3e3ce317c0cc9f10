// SPDX-License-Identifier: Apache-2.0
#include "shell/code_argument.h"

#include <cstdio>

#include "shell/parse_state.h"
#include "shell/session.h"

namespace moonlet {

bool run_with_function(Session& session, const std::string& name, const std::string& before,
                       const std::string& code, const std::string& after) {
    std::string chunk = "=(" + name + ")";
    ParsedEntry parsed = parse_entry(session.lua(), code, chunk);
    if (parsed.state != ParseState::complete) {
        std::string message = parsed.message;
        if (parsed.state == ParseState::incomplete) message = chunk.substr(1) + ": unfinished";
        std::fprintf(stderr, "%s\n", message.c_str());
        return false;
    }
    // `, nil` makes it no tail call, which would take its place out of tracebacks.
    std::string body = parsed.expression ? "return " + parsed.code + "\n, nil" : parsed.code + "\n";
    return session.run_aside(before + "function() " + body + " end" + after, chunk);
}

}  // namespace moonlet
