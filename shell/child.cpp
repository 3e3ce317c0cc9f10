// SPDX-License-Identifier: Apache-2.0
// os.execute under Ctrl-C. The C library's system() ignores SIGINT while the child runs, so a
// Ctrl-C that ends the child would leave `while true do os.execute("sleep 9") end` running for
// ever. As a shell does: a child that died of SIGINT counts as a Ctrl-C for us; one that took it as
// a key (an editor, a pager) does not. Linked in place of system() by --wrap=system.
#include <csignal>
#include <cstdlib>

#include <sys/wait.h>

extern "C" int __real_system(const char* command);

extern "C" int __wrap_system(const char* command);

extern "C" int __wrap_system(const char* command) {
    int status = __real_system(command);
    bool died = command && status != -1 && WIFSIGNALED(status) && WTERMSIG(status) == SIGINT;
    bool shell_saw_it = command && status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 130;
    if (died || shell_saw_it) std::raise(SIGINT);
    return status;
}
