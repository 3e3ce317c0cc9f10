// SPDX-License-Identifier: Apache-2.0
// What others write to descriptors 1 and 2 while an entry is edited: threads of native libraries,
// children in the background. For that time both lead into a pipe, and the editor shows what comes
// out of it above the entry; the terminal itself is reached through terminal(). A descriptor that
// leads elsewhere (`2> log`) is left alone. One per process; it draws nothing.
#pragma once

#include <string>

namespace moonlet::side_output {

// Both descriptors lead into the pipe from now on; nothing happens where there is no pipe.
void begin();
// They lead to the terminal again. Safe in a signal handler: what is left in the pipe, as the last
// words of a library that aborts, goes to the terminal.
void end();

// Where the editor writes: descriptor 1 as it was.
int terminal();
// To be polled while it is on; -1 otherwise.
int readable();
// What has come, without waiting.
std::string take();

// Around a child that goes on in the background: it writes into the pipe for good.
void lend();
void lend_no_more();

}  // namespace moonlet::side_output
