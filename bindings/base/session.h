// SPDX-License-Identifier: Apache-2.0
// The module's field `session`: what saving and replaying a session need of the engine.
#pragma once

struct lua_State;

namespace moonlet::bindings {

// Pushes the table of functions that session.cpp describes; no global and no row comes of it.
void push_session(lua_State* L);

}  // namespace moonlet::bindings
