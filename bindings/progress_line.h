// SPDX-License-Identifier: Apache-2.0
// Progress of long work: to the shell, which draws it. Under a plain LuaJIT on stderr: on a
// terminal one line with a bar, overwritten, gone when the work is done; elsewhere nothing, or, for
// work that takes minutes, a plain line now and then.
#pragma once

struct lua_State;

namespace moonlet::bindings {

// Once, before show_progress(): where the shell takes reports, if there is one.
void use_progress_sink(lua_State* L);

// From now on, on this thread. `lines`: plain lines where stderr is no terminal, the first after
// two seconds, then one every ten, and one at the end if there was one before.
void show_progress(bool lines = false);

}  // namespace moonlet::bindings
