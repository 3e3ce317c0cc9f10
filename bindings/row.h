// SPDX-License-Identifier: Apache-2.0
// One row per public function, and everything that follows from it: the binding, the argument and
// option checks, `?name`, completion and the stubs. A row's signature is written as people read it:
//   "text: string, opts?: EncodeOptions -> integer[]"
// parameters are name[?]: type, types are Lua's, a class name, T[], or a union with '|'. The last
// parameter may be an options table whose rows stand in `options`; unknown names and wrong types
// are refused before the function runs. The trampoline is the only place where exceptions become
// Lua errors.
#pragma once

#include <lua.hpp>

#include <functional>
#include <string>
#include <vector>

#include "core/options.h"

namespace moonlet::bindings {

struct Row {
    const char* name;       // "tokenizers.load", a method "Tokenizer:encode", a field "Model.name"
    lua_CFunction call;     // check, call, push
    const char* signature;  // see above
    const char* doc;        // one line
    const char* example;    // runnable, "" = none
    OptionTable options = {};
};

// Adds rows to this module's list; used as a static initialiser, one per file:
//   static const bool registered = add_rows({...});
bool add_rows(std::vector<Row> rows);

// Pushes {functions = {["name"] = f}, rows = {…}} of this native module: classes get their methods,
// module functions are handed to stdlib, which puts them where they belong.
void push_module(lua_State* L);

// The text of a C++ exception for Lua; the engine module replaces it to leave out backtraces.
extern std::string (*describe_exception)(const std::exception& e);

// Calls F and turns what it throws into a Lua error: the way in for functions that are no rows.
int call_guarded(lua_State* L, const char* name, lua_CFunction function);
template <lua_CFunction F>
int guarded(lua_State* L) {
    return call_guarded(L, nullptr, F);
}

// Thrown by callbacks when the Lua function failed: the error value waits in the registry.
struct CallbackError {
    int reference;
};

}  // namespace moonlet::bindings
