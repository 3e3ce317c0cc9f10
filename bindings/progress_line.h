// SPDX-License-Identifier: Apache-2.0
// Progress of long work on stderr. On a terminal: one line with a bar, overwritten, gone when the
// work is done. Elsewhere nothing, or, for work that takes minutes, a plain line now and then.
#pragma once

namespace moonlet::bindings {

// From now on, on this thread. `lines`: plain lines where stderr is no terminal, the first after
// two seconds, then one every ten, and one at the end if there was one before.
void show_progress(bool lines = false);

}  // namespace moonlet::bindings
