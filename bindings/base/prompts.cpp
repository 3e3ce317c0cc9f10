// SPDX-License-Identifier: Apache-2.0
// prompts.render: any Jinja template over Lua values, by the engine that renders chat templates.
#include "bindings/convert.h"
#include "bindings/row.h"
#include "bindings/template_values.h"
#include "core/error.h"
#include "templates/template.h"

namespace moonlet::bindings {

namespace {

const OptionTable kRenderOptions = {
    {"name", "string", "", "the template's name, for errors"},
    {"spans", "boolean", "false",
     "a second result: the bytes {first, last} of each {% generation %} block"},
    {"max_steps", "integer", "30000000", "how much work it may do before it counts as endless"},
    {"max_bytes", "integer", "67108864", "the longest text, on the way and in the end"},
    {"max_seconds", "number", "30", "how long it may take, functions of yours not counted"},
};

jinja::Limits read_limits(const Json& options) {
    jinja::Limits limits;
    int64_t steps = int64_t(limits.steps), bytes = int64_t(limits.text_bytes);
    read_option(options, "max_steps", steps);
    read_option(options, "max_bytes", bytes);
    read_option(options, "max_seconds", limits.seconds);
    if (steps < 1 || bytes < 1 || !(limits.seconds > 0))
        throw Error("prompts.render: a limit of nothing", "max_steps, max_bytes, max_seconds > 0");
    limits.steps = uint64_t(steps);
    limits.text_bytes = size_t(bytes);
    limits.built_bytes = std::max<uint64_t>(limits.built_bytes, 16 * uint64_t(bytes));
    return limits;
}

void push_spans(lua_State* L, const jinja::RenderInfo& info) {
    lua_createtable(L, int(info.generation_spans.size()), 0);
    int i = 0;
    for (auto [first, last] : info.generation_spans) {
        lua_createtable(L, 2, 0);
        lua_pushinteger(L, lua_Integer(first + 1));
        lua_rawseti(L, -2, 1);
        lua_pushinteger(L, lua_Integer(last));
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, ++i);
    }
}

int render(lua_State* L) {
    const Json options = options_json(L, 3, kRenderOptions);
    const jinja::Limits limits = read_limits(options);
    std::string name;
    bool spans = false;
    read_option(options, "name", name);
    read_option(options, "spans", spans);
    const std::string source = check_string(L, 1);
    jinja::Value variables = jinja::Value::dict();
    if (lua_istable(L, 2)) variables = template_value(L, 2);
    if (!variables.is_dict() && variables.length() != 0)
        throw Error("prompts.render: variables are a " + variables.type_name(),
                    "a table of names and values", "prompts.render(text, {name = value})");
    jinja::RenderInfo info;
    try {
        push_string(L, jinja::Template::parse(source, limits)->render(variables, &info, limits));
    } catch (const jinja::TemplateError& error) {
        if (name.empty()) throw;
        throw jinja::TemplateError(error, name + ": ");
    }
    if (!spans) return 1;
    push_spans(L, info);
    return 2;
}

const bool registered = add_rows({
    {"prompts.render", render,
     "template: string, variables?: table, opts?: RenderOptions -> string",
     "Renders Jinja text as chat templates are rendered. Variables may hold Lua functions (named "
     "arguments come last, as a table); json.decode's objects keep their key order, plain tables "
     "get number keys first, then names, both sorted; nil is undefined, json.null none. An error "
     "says line and column.",
     "prompts.render(\"{% for x in list %}{{ loop.index }}. {{ shout(x) }}\\n{% endfor %}\", "
     "{list = {\"one\", \"two\"}, shout = string.upper})",
     kRenderOptions},
});

}  // namespace

}  // namespace moonlet::bindings
