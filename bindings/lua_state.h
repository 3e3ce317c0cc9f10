// SPDX-License-Identifier: Apache-2.0
// Opens Lua states for the shell and owns the interrupt that ends running Lua code. It knows Lua,
// the embedded stdlib and where the native modules lie; it knows no engine type and no terminal.
//
// Interrupt: SIGINT on the main thread sets the flag to 1 and arms a count hook; the hook throws
// LuaInterrupt, a C++ exception outside std::exception. A pcall, xpcall or coroutine that stops it
// sees the text "C++ exception", but the hook stays armed with count 1 and throws again at the next
// instruction until call_protected() of the outermost frame returns. Patterns that backtrack, where
// no hook is called, are left from the handler itself (lua_pattern_escape.h). Out of reach: other C
// functions that run long by themselves (string.rep of a gigabyte) and __gc handlers.
// An engine call polls the flag itself, returns its partial result and sets the flag to 2; the hook
// then grants kInterruptGrace more instructions, so that `g = m:generate(…)` still assigns.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>

#include <lua.hpp>

namespace moonlet {

// One file of the stdlib inside the binary: module name ("moonlet", "moonlet.chat"), its text.
struct EmbeddedFile {
    const char* name;
    const unsigned char* data;
    std::size_t size;
};

// Thrown by the hook. Nothing may catch it on purpose; never write catch (...) on a Lua path.
struct LuaInterrupt {};

// Lua registry field: light userdata, the address of the std::atomic<int> below, for native
// modules.
inline constexpr const char* kInterruptFlagKey = "moonlet.interrupt_flag";
inline constexpr int kInterruptNone = 0, kInterruptRequested = 1, kInterruptDelivered = 2;
inline constexpr int kInterruptGrace = 10000;  // Lua instructions

struct StateOptions {
    bool environment = true;  // false (-E): LUA_PATH, LUA_CPATH and MOONLET_STDLIB are ignored
};

// A state with the standard libraries, the embedded stdlib in package.preload (or the *.lua files
// of the folder MOONLET_STDLIB: init.lua is "moonlet", x.lua is "moonlet.x"), the binary's own
// folder first in package.cpath, and the module tables of "moonlet.globals" in _G. What went wrong
// with the last is put into *problem (empty when fine); the state is usable all the same. nullptr:
// no memory. The caller closes it with lua_close.
lua_State* open_state(const StateOptions& options, std::string* problem);

// The text of a Lua file as messages call it: "moonlet/chat.lua" of the embedded stdlib, else the
// path of a regular file of at most 8 MB; empty when it cannot be had.
std::string source_text(const std::string& path);

// The folder of the running program, without a slash at the end; "." where it is unknown.
std::string program_folder();

std::atomic<int>& interrupt_flag();

// Installs the SIGINT handler for this state; call it on the main thread. A signal that reaches
// another thread is passed on to this one. kill_after: so many presses that nothing has answered
// end the process (scripts stuck in C); 0 = never.
void install_interrupt(lua_State* L, int kill_after);

// Disarms the hook, puts the user's own hook back and clears the flag.
void reset_interrupt();

// "file:line" of the place where the last interrupt was thrown; empty when none was.
std::string interrupt_location();

enum class CallStatus { ok, failed, interrupted };

// lua_pcall from a frame below which no Lua runs. Only inside it the hook throws: an interrupt that
// came before is thrown at its first instruction, unless reset_interrupt() was called. On failed
// and interrupted one value (the message, or what `handler` made of it) is on the stack. The
// interrupt stays armed: the shell calls reset_interrupt() before the next entry, a script ends.
// `handler` may be nullptr.
CallStatus call_protected(lua_State* L, int arguments, int results, lua_CFunction handler);

}  // namespace moonlet
