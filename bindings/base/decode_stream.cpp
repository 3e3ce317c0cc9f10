// SPDX-License-Identifier: Apache-2.0
// The Lua face of decoding as tokens come: each call gives the text that is certain by now.
#include "bindings/classes.h"
#include "bindings/convert.h"
#include "bindings/row.h"

namespace moonlet::bindings {

template <>
struct LuaClass<DecodeStream> {
    static constexpr const char* kName = "DecodeStream";
    static size_t bytes(const DecodeStream&) { return 0; }
};

namespace {

const OptionTable kOptions = {
    {"skip_special", "boolean", "false", "leave special tokens out of the text"},
};

int stream(lua_State* L) {
    bool skip = false;
    auto tokenizer = check<Tokenizer>(L, 1);
    read_option(options_json(L, 2, kOptions), "skip_special", skip);
    push(L, std::make_shared<DecodeStream>(tokenizer, skip));
    return 1;
}

int push_ids_in(lua_State* L) {
    auto self = check<DecodeStream>(L, 1);
    std::string text;
    auto ids = lua_isnumber(L, 2) ? std::vector<int>{int(lua_tointeger(L, 2))} : check_ids(L, 2);
    for (int id : ids) text += self->push(id);
    push_string(L, text);
    return 1;
}

int finish(lua_State* L) {
    push_string(L, check<DecodeStream>(L, 1)->finish());
    return 1;
}

const bool registered = add_rows({
    {"Tokenizer:stream", stream, "opts?: StreamOptions -> DecodeStream",
     "Decodes ids as they come; the pieces put together are the decoded whole.",
     "tok:stream():push(tok:encode(\"Once upon\"))", kOptions},
    {"DecodeStream:push", push_ids_in, "ids: integer[]|integer -> string",
     "The text that is certain with these ids, \"\" while half a character waits.",
     "tok:stream():push(300)"},
    {"DecodeStream:finish", finish, "-> string",
     "The rest, U+FFFD for what stayed broken; the stream is fresh again.",
     "tok:stream():finish()"},
});

}  // namespace

}  // namespace moonlet::bindings
