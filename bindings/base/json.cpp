// SPDX-License-Identifier: Apache-2.0
// json.encode and json.decode: the generic values as users see them. decode keeps the key order of
// objects (for encode, pairs and chat templates), tells null, empty list and empty object apart.
#include "bindings/convert.h"
#include "bindings/row.h"
#include "core/error.h"
#include "core/files.h"

namespace moonlet::bindings {

namespace {

const OptionTable kEncodeOptions = {
    {"indent", "integer", "", "blanks per level; absent: one line"},
};

int encode(lua_State* L) {
    Json options = options_json(L, 2, kEncodeOptions);
    int indent = -1;
    read_option(options, "indent", indent);
    push_string(L, dump_json(to_json(L, 1), indent));
    return 1;
}

int decode(lua_State* L) {
    push_ordered_json(L, parse_json(check_string(L, 1), "the text"));
    return 1;
}

int load(lua_State* L) {
    push_ordered_json(L, read_json(check_string(L, 1)));
    return 1;
}

int save(lua_State* L) {
    write_file(check_string(L, 1), dump_json(to_json(L, 2)) + "\n");
    return 0;
}

int mark(lua_State* L, const char* kind) {
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_newtable(L);
    }
    push_json_kind(L, kind);
    lua_setmetatable(L, 1);
    lua_settop(L, 1);
    return 1;
}

int array(lua_State* L) { return mark(L, "array"); }
int object(lua_State* L) { return mark(L, "object"); }

const bool registered = add_rows({
    {"json.encode", encode, "value: any, opts?: JsonEncodeOptions -> string",
     "Turns a value into JSON text. Lists are tables 1..n; plain tables get sorted keys, decoded "
     "ones "
     "keep their order; json.null, json.array{} and json.object{} say what nil and {} cannot.",
     "json.encode{name = \"moonlet\", tags = {\"lua\", \"llm\"}}", kEncodeOptions},
    {"json.decode", decode, "text: string -> any",
     "Turns JSON text into a value; objects keep their key order, null becomes json.null.",
     "json.decode('{\"a\": [1, 2, null]}').a[2]"},
    {"json.load", load, "path: string -> any", "Reads a JSON file, as json.decode does.", ""},
    {"json.save", save, "path: string, value: any",
     "Writes a value as a JSON file, atomically: the old file stays until the new one is whole.",
     ""},
    {"json.array", array, "values?: table -> table",
     "Marks a table as a list, so that an empty one is encoded as [].",
     "json.encode(json.array{})"},
    {"json.object", object, "values?: table -> table",
     "Marks a table as an object, so that an empty one is encoded as {}.",
     "json.encode(json.object{})"},
});

}  // namespace

}  // namespace moonlet::bindings
