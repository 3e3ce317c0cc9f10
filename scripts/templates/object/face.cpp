// SPDX-License-Identifier: Apache-2.0
// @path bindings/@module@/@name@.cpp
// The Lua face of @Name@: check, call, push.
#include "@room@/@name@.h"

#include "bindings/convert.h"
#include "bindings/object.h"
#include "bindings/row.h"

namespace moonlet::bindings {

template <>
struct LuaClass<@Name@> {
    static constexpr const char* kName = "@Name@";
    static size_t bytes(const @Name@& object) { return object.bytes(); }
};

namespace {

int make(lua_State* L) {
    push(L, std::make_shared<@Name@>(check_string(L, 1)));
    return 1;
}

int text(lua_State* L) {
    push_string(L, check<@Name@>(L, 1)->text());
    return 1;
}

const bool registered = add_rows({
    {"@name@s.new", make, "text: string -> @Name@", "Makes a @name@ of a text.",
     "@name@s.new(\"moon\"):text()"},
    {"@Name@:text", text, "self: @Name@ -> string", "The text that it was made of.",
     "@name@s.new(\"moon\"):text()"},
});

}  // namespace

}  // namespace moonlet::bindings
