// SPDX-License-Identifier: Apache-2.0
// @path tests/shell/test_command_@name@.cpp
// :@name@ is found, and says in :help what it does.
#include <catch2/catch.hpp>

#include "shell/commands.h"

TEST_CASE("the command @name@ is registered with a line of help") {
    const moonlet::Command* found = nullptr;
    for (const moonlet::Command& command : moonlet::commands()) {
        if (command.name == "@name@") found = &command;
    }
    REQUIRE(found != nullptr);
    CHECK(found->help != "one line for :help");  // write it
}
