// SPDX-License-Identifier: Apache-2.0
// What stdlib/replay.lua needs of the engine to save a session and to run it again: the stream of
// drawn seeds, the models opened and the hash of their weights. No rows: only the stdlib calls it,
// as require("moonlet_base").session.
#include "bindings/base/session.h"

#include "bindings/convert.h"
#include "bindings/row.h"
#include "core/error.h"
#include "core/opened.h"
#include "core/random.h"

namespace moonlet::bindings {

namespace {

int draw(lua_State* L) {
    lua_pushnumber(L, double(draw_seed()));
    return 1;
}

int fix(lua_State* L) {
    double start = luaL_checknumber(L, 1);
    if (!(start >= 0 && start < 0x1p53))
        throw Error("a start of " + std::to_string(start), "0 to 2^53");
    fix_draws(uint64_t(start));
    return 0;
}

// -> the start of the draws made since the last call, or nil when none was made.
int taken_draws(lua_State* L) {
    Draws draws = take_draws();
    if (draws.count > 0) lua_pushnumber(L, double(draws.start));
    else lua_pushnil(L);
    return 1;
}

int taken_models(lua_State* L) {
    auto models = take_opened();
    lua_createtable(L, int(models.size()), 0);
    for (size_t i = 0; i < models.size(); ++i) {
        lua_createtable(L, 0, 3);
        push_string(L, models[i].name);
        lua_setfield(L, -2, "name");
        push_string(L, models[i].path);
        lua_setfield(L, -2, "path");
        push_string(L, models[i].stamp);
        lua_setfield(L, -2, "stamp");
        lua_rawseti(L, -2, int(i + 1));
    }
    return 1;
}

int stamp(lua_State* L) { return push_string(L, weight_stamp(check_string(L, 1))), 1; }
int hash(lua_State* L) { return push_string(L, weight_hash(check_string(L, 1))), 1; }
int path_of(lua_State* L) { return push_string(L, last_opened(check_string(L, 1)).path), 1; }

}  // namespace

void push_session(lua_State* L) {
    lua_createtable(L, 0, 7);
    auto set = [L](const char* name, lua_CFunction function) {
        lua_pushcfunction(L, function);
        lua_setfield(L, -2, name);
    };
    set("draw", guarded<draw>);
    set("fix_draws", guarded<fix>);
    set("take_draws", guarded<taken_draws>);
    set("take_models", guarded<taken_models>);
    set("stamp", guarded<stamp>);
    set("hash", guarded<hash>);
    set("path", guarded<path_of>);
}

}  // namespace moonlet::bindings
