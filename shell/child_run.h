// SPDX-License-Identifier: Apache-2.0
// This program once more, as a process of its own, with what it says on stderr kept: how `:save!`
// finds out whether a file gives the same again. Ctrl-C ends it.
#pragma once

#include <string>
#include <vector>

namespace moonlet {

struct ChildResult {
    int status = -1;  // exit code, 128 + signal, -1 = it could not be started
    std::string errors;
};

ChildResult run_self(const std::vector<std::string>& arguments);

}  // namespace moonlet
