// SPDX-License-Identifier: Apache-2.0
// os.execute under Ctrl-C, and children in the background. The C library's system() ignores SIGINT
// while the child runs, so a Ctrl-C that ends the child would leave
// `while true do os.execute("sleep 9") end` running for ever. As a shell does: a child that died of
// SIGINT counts as a Ctrl-C for us; one that took it as a key (an editor, a pager) does not. A
// command that ends in & writes where the editor can put it above the entry (side_output.h); any
// other has the terminal to itself. Linked in place of system() by --wrap=system.
#include <csignal>
#include <cstdlib>
#include <string_view>

#include <sys/wait.h>

#include "shell/side_output.h"

extern "C" int __real_system(const char* command);

extern "C" int __wrap_system(const char* command);

namespace {

// "server &", "(while …; done) &", "sh -c 'server &'".
bool goes_on_behind(const char* command) {
    std::string_view text = command ? command : "";
    std::size_t last = text.find_last_not_of(" \t\n;)'\"");
    return last != std::string_view::npos && text[last] == '&' &&
           (last == 0 || text[last - 1] != '&');
}

}  // namespace

extern "C" int __wrap_system(const char* command) {
    bool behind = goes_on_behind(command);
    if (behind) moonlet::side_output::lend();
    int status = __real_system(command);
    if (behind) moonlet::side_output::lend_no_more();
    bool died = command && status != -1 && WIFSIGNALED(status) && WTERMSIG(status) == SIGINT;
    bool shell_saw_it = command && status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 130;
    if (died || shell_saw_it) std::raise(SIGINT);
    return status;
}
