// SPDX-License-Identifier: Apache-2.0
// The Lua face of the parser of tool calls: pieces of a model's text in, visible text out.
#include "templates/tool_calls.h"

#include "bindings/convert.h"
#include "bindings/object.h"
#include "bindings/row.h"

namespace moonlet::bindings {

template <>
struct LuaClass<ToolCallParser> {
    static constexpr const char* kName = "ToolCallParser";
    static size_t bytes(const ToolCallParser&) { return 1024; }
};

namespace {

std::shared_ptr<ToolCallParser> self(lua_State* L) { return check<ToolCallParser>(L, 1); }

const OptionTable kParserOptions = {
    {"thinking", "boolean", "false", "the prompt has opened <think> already"},
};

int make(lua_State* L) {
    bool thinking = false;
    read_option(options_json(L, 2, kParserOptions), "thinking", thinking);
    push(L, std::shared_ptr<ToolCallParser>(ToolCallParser::make(check_string(L, 1), thinking)));
    return 1;
}

int push_piece(lua_State* L) { return push_string(L, self(L)->push(check_string(L, 2))), 1; }
int finish(lua_State* L) { return push_string(L, self(L)->finish()), 1; }
int thinking(lua_State* L) { return push_string(L, self(L)->thinking()), 1; }

int calls(lua_State* L) {
    auto parser = self(L);
    lua_createtable(L, int(parser->calls().size()), 0);
    int i = 0;
    for (const ToolCall& call : parser->calls()) {
        lua_createtable(L, 0, 4);
        push_string(L, call.name);
        lua_setfield(L, -2, "name");
        push_ordered_json(L, call.arguments);
        lua_setfield(L, -2, "arguments");
        push_string(L, call.raw);
        lua_setfield(L, -2, "raw");
        if (!call.error.empty()) {
            push_string(L, call.error);
            lua_setfield(L, -2, "error");
        }
        lua_rawseti(L, -2, ++i);
    }
    return 1;
}

const bool registered = add_rows({
    {"tools.parser", make, "format: string, opts?: ParserOptions -> ToolCallParser",
     "Reads tool calls (\"hermes\", \"llama3\") and <think> out of a model's text as it comes.",
     "p = tools.parser \"hermes\"; p:push '<tool_call>{\"name\": \"f\"}</tool_call>'; "
     "p:finish(); p = p.calls[1].name",
     kParserOptions},
    {"ToolCallParser:push", push_piece, "piece: string -> string",
     "Takes the next piece and gives the visible text that is certain now.", ""},
    {"ToolCallParser:finish", finish, "-> string",
     "Says that the text has ended and gives the rest of the visible text.", ""},
    {"ToolCallParser.calls", calls, "-> table",
     "The calls so far: {name=, arguments=, raw=}, and error= where one could not be read.", ""},
    {"ToolCallParser.thinking", thinking, "-> string", "What stood in <think>.", ""},
});

}  // namespace

}  // namespace moonlet::bindings
