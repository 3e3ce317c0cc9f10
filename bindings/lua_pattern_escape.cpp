// SPDX-License-Identifier: Apache-2.0
// The matcher has no name to look up: its functions are static. What tells it is the shape of the
// stack, from the interrupted function up to LuaJIT's interpreter:
//     M  {M or one other}…  M  A  interpreter        (M match, other max_expand, A string.find …)
// The function that a library function calls directly, that calls itself, and that was just
// running. Allocation and collection, the code that must not be left, never has this shape: there
// the first call goes to a function that does not recur. Functions of C++ with something to destroy
// are told by their exception tables.
#include "bindings/lua_pattern_escape.h"

#include <cstdint>

#include <ucontext.h>
#include <unwind.h>

extern "C" char lj_vm_asm_begin[];  // LuaJIT's interpreter; one frame description covers all of it
extern "C" char __executable_start[], etext[];  // set by the linker

namespace moonlet {
namespace {

constexpr int kDeepest = 1000;  // the matcher gives up at 200 levels of its own

struct Walk {
    std::uintptr_t interrupted;
    bool begun = false, in_interpreter = false;
    int depth = 0;
    void *first = nullptr, *other = nullptr;       // M, and the other one
    void *before_last = nullptr, *last = nullptr;  // the two frames seen last
    int times_first = 0;
    bool strange = false;  // a third function, which only the last frame may be

    // Takes the next frame outwards; false = enough is known.
    bool take(void* function) {
        if (!function || ++depth > kDeepest) return false;
        if (function == lj_vm_asm_begin) {
            in_interpreter = true;
            return false;
        }
        if (strange) return false;  // something stands between it and the interpreter
        if (!first) first = function;
        if (function == first) {
            ++times_first;
        } else if (!other && last != nullptr) {
            other = function;
        } else if (function != other) {
            strange = true;
        }
        before_last = last;
        last = function;
        return true;
    }

    bool is_matcher() const {
        if (!in_interpreter || times_first < 2 || before_last != first) return false;
        // Without a third function A took the place of the other one, and stands there only.
        return strange || last != first;
    }
};

// Compiled Lua is not: the unwinder gives up on its frames with abort().
bool in_program(std::uintptr_t place) {
    return place >= reinterpret_cast<std::uintptr_t>(__executable_start) &&
           place < reinterpret_cast<std::uintptr_t>(etext);
}

_Unwind_Reason_Code visit(_Unwind_Context* context, void* data) {
    auto& walk = *static_cast<Walk*>(data);
    int exact = 0;
    std::uintptr_t place = _Unwind_GetIPInfo(context, &exact);
    if (!walk.begun) {
        if (place != walk.interrupted) return _URC_NO_REASON;
        walk.begun = true;
        exact = 1;
    }
    if (!in_program(place)) return _URC_END_OF_STACK;
    if (!exact) --place;  // a return address may be the start of the next function
    void* function = _Unwind_FindEnclosingFunction(reinterpret_cast<void*>(place));
    if (function != lj_vm_asm_begin && _Unwind_GetLanguageSpecificData(context))
        return _URC_END_OF_STACK;
    return walk.take(function) ? _URC_NO_REASON : _URC_END_OF_STACK;
}

}  // namespace

bool is_in_pattern_matcher(void* context) {
    Walk walk{};
#if defined(__x86_64__)
    auto* machine = &static_cast<ucontext_t*>(context)->uc_mcontext;
    walk.interrupted = static_cast<std::uintptr_t>(machine->gregs[REG_RIP]);
#elif defined(__aarch64__)
    walk.interrupted = static_cast<ucontext_t*>(context)->uc_mcontext.pc;
#else
    return false;
#endif
    if (!in_program(walk.interrupted)) return false;
    _Unwind_Backtrace(visit, &walk);
    return walk.is_matcher();
}

}  // namespace moonlet
