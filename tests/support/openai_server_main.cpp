// SPDX-License-Identifier: Apache-2.0
// The misbehaving OpenAI server as a program, for the Lua specs: prints its base URL and serves
// until whoever reads that has gone.
#include <poll.h>
#include <unistd.h>

#include <cstdio>

#include "openai_server.h"

int main() {
    moonlet::test::OpenAiServer server;
    std::printf("%s\n", server.url().c_str());
    std::fflush(stdout);
    pollfd reader{STDOUT_FILENO, 0, 0};  // POLLERR: the pipe has no reader any more
    while (poll(&reader, 1, 100) == 0) {
    }
}
