// SPDX-License-Identifier: Apache-2.0
// What m:save and models.convert give back.
#pragma once

#include <lua.hpp>

#include "generation/language_model.h"

namespace moonlet::bindings {

// {path=, format=, type=, bytes=, left_out=}; stdlib gives it its printed form.
void push_exported(lua_State* L, const Exported& exported);

}  // namespace moonlet::bindings
