// SPDX-License-Identifier: Apache-2.0
// The Lua face of JSON Schema: made once from a table, then asked about values.
#include "templates/json_schema.h"

#include "bindings/convert.h"
#include "bindings/object.h"
#include "bindings/row.h"
#include "core/error.h"

namespace moonlet::bindings {

template <>
struct LuaClass<JsonSchema> {
    static constexpr const char* kName = "JsonSchema";
    static size_t bytes(const JsonSchema&) { return 4096; }
};

namespace {

const OptionTable kCheckOptions = {
    {"closed", "boolean", "false", "members that the schema does not name are wrong"},
};

int make(lua_State* L) {
    push(L, std::make_shared<JsonSchema>(to_json(L, 1)));
    return 1;
}

int check_value(lua_State* L) {
    auto schema = check<JsonSchema>(L, 1);
    JsonSchema::Options options;
    options.empty_is_either = true;
    read_option(options_json(L, 3, kCheckOptions), "closed", options.closed);
    auto problems = schema->check(to_json(L, 2), options);
    lua_createtable(L, int(problems.size()), 0);
    for (size_t i = 0; i < problems.size(); ++i) {
        push_string(L, problems[i]);
        lua_rawseti(L, -2, int(i + 1));
    }
    return 1;
}

int source(lua_State* L) { return push_ordered_json(L, check<JsonSchema>(L, 1)->source()), 1; }

int describe(lua_State* L) {
    push_string(L, "JSON Schema " + quote(dump_json(check<JsonSchema>(L, 1)->source(), -1), 200));
    return 1;
}

const bool registered = add_rows({
    {"json.schema", make, "schema: table -> JsonSchema",
     "Makes a JSON Schema (draft 2020-12) that values can be checked against.",
     "json.schema{type = \"object\", properties = {city = {type = \"string\"}}, required = "
     "{\"city\"}}:check{}"},
    {"JsonSchema:check", check_value, "value: any, opts?: JsonCheckOptions -> string[]",
     "What is wrong with a value, one sentence per problem; an empty list when nothing is.",
     "json.schema{type = \"integer\", minimum = 1}:check(0)[1]", kCheckOptions},
    {"JsonSchema.source", source, "-> table", "The schema as it was given.", ""},
    {"JsonSchema:__tostring", describe, "-> string", "The schema's text.", ""},
});

}  // namespace

}  // namespace moonlet::bindings
