// SPDX-License-Identifier: Apache-2.0
// What the parts of the sandbox share: the limits of one run, found from its Lua state by the
// allocator's pointer. Once a limit is passed the run is over: the hook raises the same error at
// every instruction, so that no pcall inside outlives it.
#pragma once

#include <lua.hpp>

#include <cstdint>
#include <string>

namespace moonlet::bindings {

struct Sandbox {
    size_t memory_limit = 0, memory = 0;   // bytes of the state
    int64_t instructions = 0;              // left
    uint64_t pattern_steps = 0;            // left
    double deadline = 0;                   // monotonic seconds
    std::string stopped;                   // why it is over, "" = it is not
    std::string output;                    // of print
    size_t output_limit = 0, dropped = 0;  // bytes
    int depth = 0;                         // of C calling Lua calling C
};

Sandbox& sandbox_of(lua_State* L);
// Ends the run for this reason: a Lua error that comes again at every instruction.
int sandbox_stop(lua_State* L, const std::string& why);
// While it lives, C calls Lua: Lua error when that is nested too deep for the machine's stack.
class SandboxDepth {
  public:
    explicit SandboxDepth(lua_State* L);
    ~SandboxDepth() { --box_.depth; }

  private:
    Sandbox& box_;
};
// Puts find, match, gmatch and gsub with a budget into the table `string` on top of the stack.
void sandbox_strings(lua_State* L);

}  // namespace moonlet::bindings
