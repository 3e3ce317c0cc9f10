// SPDX-License-Identifier: Apache-2.0
// Runs Lua text of a stranger (a model) in a state of its own: no files, no system, no loading of
// code, no FFI, no JIT compiler, and limits on memory, instructions, seconds and output. Everything
// that touches the state runs inside lua_cpcall: outside it an out-of-memory error would end the
// process. The state lives for one run.
#include "bindings/base/sandbox.h"

#include <cstdlib>

#include "bindings/convert.h"
#include "bindings/row.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "protocols/job.h"

namespace moonlet::bindings {

namespace {

constexpr int kEvery = 100;  // instructions between two looks at the limits
constexpr int kMaxNesting = 60;
constexpr int kDeepest = 30000;  // slots of a stack

void* allocate(void* ud, void* block, size_t old_size, size_t new_size) {
    auto& box = *static_cast<Sandbox*>(ud);
    if (new_size > old_size && box.memory + (new_size - old_size) > box.memory_limit) {
        if (box.memory_limit > 0) return nullptr;
    }
    void* result = nullptr;
    if (new_size == 0) std::free(block);
    else if (!(result = std::realloc(block, new_size))) return nullptr;
    box.memory += new_size - old_size;
    return result;
}

// Calls are looked at for their depth alone: near the end of its stack LuaJIT drops the hook for
// want of room, and `function f() pcall(f) f() end` would stay there for ever. i_ci is the frame's
// place on the stack in slots (of at most 65500).
void on_hook(lua_State* L, lua_Debug* record) {
    Sandbox& box = sandbox_of(L);
    if (record->event == LUA_HOOKCALL) {
        if (record->i_ci > kDeepest) luaL_error(L, "stack overflow");
        return;
    }
    box.instructions -= kEvery;
    if (!box.stopped.empty()) {
        luaL_error(L, "%s", box.stopped.c_str());
    } else if (box.instructions <= 0) {
        sandbox_stop(L, "stopped: too many instructions");
    } else if (monotonic_seconds() >= box.deadline) {
        sandbox_stop(L, "stopped: out of time");
    } else if (interrupt::requested()) {
        sandbox_stop(L, "stopped: interrupted");
    }
}

int print(lua_State* L) {
    Sandbox& box = sandbox_of(L);
    int count = lua_gettop(L);
    for (int i = 1; i <= count; ++i) {
        lua_pushvalue(L, lua_upvalueindex(1));  // tostring
        lua_pushvalue(L, i);
        lua_call(L, 1, 1);
        size_t size = 0;
        const char* text = lua_tolstring(L, -1, &size);
        if (!text) return luaL_error(L, "'tostring' must return a string to 'print'");
        std::string_view piece(text, size);
        size_t room = box.output_limit - std::min(box.output_limit, box.output.size());
        if (i > 1 && room > 0) {
            box.output += '\t';
            --room;
        }
        box.output += piece.substr(0, room);
        box.dropped += piece.size() - std::min(piece.size(), room);
        lua_pop(L, 1);
    }
    if (box.output.size() < box.output_limit) box.output += '\n';
    return 0;
}

// LuaJIT calls the handler where the error is raised: inside the hook, if that raised it, where no
// hook reaches it. Here the handler runs when the error has left the function.
int protected_call(lua_State* L) {
    Sandbox& box = sandbox_of(L);
    luaL_checkany(L, 2);
    SandboxDepth depth(L);
    lua_pushvalue(L, 1);
    lua_insert(L, 3);  // function, handler, function, arguments …
    int status = lua_pcall(L, lua_gettop(L) - 3, LUA_MULTRET, 0);
    if (!box.stopped.empty()) return luaL_error(L, "%s", box.stopped.c_str());
    if (status != 0) {
        lua_pushvalue(L, 2);
        lua_insert(L, 3);
        lua_call(L, 1, LUA_MULTRET);
    }
    lua_pushboolean(L, status == 0);
    lua_replace(L, 2);
    return lua_gettop(L) - 1;
}

void open_library(lua_State* L, lua_CFunction open, const char* name) {
    lua_pushcfunction(L, open);
    lua_pushstring(L, name);
    lua_call(L, 1, 0);
}

// The libraries without what reaches out of the state, loads code or makes finalizers.
void open_libraries(lua_State* L) {
    open_library(L, luaopen_base, "");
    open_library(L, luaopen_string, "string");
    open_library(L, luaopen_table, "table");
    open_library(L, luaopen_math, "math");
    open_library(L, luaopen_bit, "bit");
    for (const char* name : {"collectgarbage", "dofile", "gcinfo", "getfenv", "load", "loadfile",
                             "loadstring", "module", "newproxy", "require", "setfenv"}) {
        lua_pushnil(L);
        lua_setglobal(L, name);
    }
    lua_pushcfunction(L, protected_call);
    lua_setglobal(L, "xpcall");
    lua_getglobal(L, "string");
    lua_pushnil(L);
    lua_setfield(L, -2, "dump");
    sandbox_strings(L);
    lua_pop(L, 1);
    lua_getglobal(L, "tostring");
    lua_pushcclosure(L, print, 1);
    lua_setglobal(L, "print");
}

struct Run {
    Sandbox box;
    std::string code;
    Json globals = Json::object();
    Json result;  // null: nothing returned
    std::string error;
};

// A value that has no JSON form (a function, a table with itself in it) by its tostring.
void take_result(lua_State* L, int index, Run& run) {
    try {
        run.result = to_json(L, index);
        return;
    } catch (const Error&) {
        run.result = nullptr;
    }
    lua_getglobal(L, "tostring");
    lua_pushvalue(L, index);
    lua_call(L, 1, 1);
    size_t size = 0;
    const char* text = lua_tolstring(L, -1, &size);
    if (text) run.result = std::string(text, size);
}

int load_code(lua_State* L, const std::string& code) {
    std::string expression = "return " + code;
    if (luaL_loadbufferx(L, expression.data(), expression.size(), "=code", "t") == 0) return 0;
    lua_pop(L, 1);
    return luaL_loadbufferx(L, code.data(), code.size(), "=code", "t");
}

int body(lua_State* L) {
    auto& run = *static_cast<Run*>(lua_touserdata(L, 1));
    open_libraries(L);
    for (auto& [name, value] : run.globals.items()) {
        push_json(L, value);
        lua_setglobal(L, name.c_str());
    }
    if (load_code(L, run.code) != 0) return lua_error(L);
    lua_sethook(L, on_hook, LUA_MASKCOUNT | LUA_MASKCALL, kEvery);
    lua_call(L, 0, 1);
    take_result(L, lua_gettop(L), run);
    return 0;
}

void execute(Run& run) {
    size_t limit = run.box.memory_limit;
    run.box.memory_limit = 0;  // the empty state itself is free
    lua_State* L = lua_newstate(allocate, &run.box);
    if (!L) throw Error("no memory for a Lua state");
    run.box.memory_limit = run.box.memory + limit;
    int status = lua_cpcall(L, body, &run);
    if (status != 0) {
        size_t size = 0;
        const char* text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : nullptr;
        if (!run.box.stopped.empty()) run.error = run.box.stopped;
        else if (status == LUA_ERRMEM) run.error = "not enough memory";
        else run.error = text ? std::string(text, size) : "an error that is no text";
    }
    lua_sethook(L, nullptr, 0, 0);
    lua_close(L);
}

const OptionTable kRunOptions = {
    {"instructions", "integer", "10000000", "until it is stopped"},
    {"memory", "integer", "16777216", "bytes"},
    {"timeout", "number", "5", "seconds"},
    {"max_output", "integer", "16384", "bytes kept of what it prints"},
    {"globals", "table", "{}", "plain data that it finds as globals"},
};

void set_string(lua_State* L, const char* name, const std::string& value) {
    push_string(L, value);
    lua_setfield(L, -2, name);
}

int run_code(lua_State* L) {
    interrupt::check_entry();
    Run run;
    run.code = check_string(L, 1);
    Json options = options_json(L, 2, kRunOptions);
    int64_t memory = 16 << 20, output = 16384;
    double seconds = 5;
    run.box.instructions = 10000000;
    read_option(options, "instructions", run.box.instructions);
    read_option(options, "memory", memory);
    read_option(options, "timeout", seconds);
    read_option(options, "max_output", output);
    read_option(options, "globals", run.globals);
    if (memory < 65536 || output < 0 || run.box.instructions <= 0)
        throw Error("tools.lua: a limit is too small", "memory of at least 65536 bytes");
    run.box.memory_limit = size_t(memory);
    run.box.output_limit = size_t(output);
    run.box.pattern_steps = uint64_t(run.box.instructions) * 5;
    run.box.deadline = monotonic_seconds() + seconds;
    execute(run);
    lua_createtable(L, 0, 4);
    set_string(L, "output", run.box.output);
    lua_pushinteger(L, lua_Integer(run.box.dropped));
    lua_setfield(L, -2, "dropped");
    if (!run.error.empty()) set_string(L, "error", run.error);
    else if (!run.result.is_null()) {
        push_ordered_json(L, run.result);
        lua_setfield(L, -2, "result");
    }
    return 1;
}

const bool registered = add_rows({
    {"_sandbox.run", run_code, "code: string, opts?: SandboxOptions -> table",
     "Runs Lua text apart: {output=, dropped=, result= or error=}.", "", kRunOptions},
});

}  // namespace

Sandbox& sandbox_of(lua_State* L) {
    void* ud = nullptr;
    lua_getallocf(L, &ud);
    return *static_cast<Sandbox*>(ud);
}

SandboxDepth::SandboxDepth(lua_State* L) : box_(sandbox_of(L)) {
    if (box_.depth >= kMaxNesting) luaL_error(L, "C functions and Lua nested too deep");
    ++box_.depth;
}

int sandbox_stop(lua_State* L, const std::string& why) {
    Sandbox& box = sandbox_of(L);
    if (box.stopped.empty()) box.stopped = why;
    lua_sethook(L, on_hook, LUA_MASKCOUNT | LUA_MASKCALL, 1);
    return luaL_error(L, "%s", box.stopped.c_str());
}

}  // namespace moonlet::bindings
