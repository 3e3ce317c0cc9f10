// SPDX-License-Identifier: Apache-2.0
// The hub of the tests as a program, for the Lua specs: `hub_server [FOLDER of org/tiny]` prints
// its address and the other host's, and serves until whoever reads that has gone. GET /log: what it
// was asked.
#include <poll.h>
#include <unistd.h>

#include <cstdio>

#include "hub_server.h"

int main(int count, char** arguments) {
    moonlet::test::HubServer server(count > 1 ? arguments[1] : "");
    std::printf("%s\n%s\n", server.url().c_str(), server.other_host().c_str());
    std::fflush(stdout);
    pollfd reader{STDOUT_FILENO, 0, 0};  // POLLERR: the pipe has no reader any more
    while (poll(&reader, 1, 100) == 0) {
    }
}
