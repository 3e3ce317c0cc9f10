// SPDX-License-Identifier: Apache-2.0
// Progress of long work on stderr, where that is a terminal: one line, overwritten, gone when the
// work is done.
#pragma once

namespace moonlet::bindings {

void show_progress();  // from now on, on this thread

}  // namespace moonlet::bindings
