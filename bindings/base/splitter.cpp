// SPDX-License-Identifier: Apache-2.0
// retrievers.split and retrievers.fuse: what retrieval does to a text and to rankings, by itself.
// Spans are 1-based and inclusive in Lua, so text:sub(span[1], span[2]) is the chunk.
#include "bindings/base/splitter.h"

#include "bindings/classes.h"
#include "bindings/convert.h"
#include "bindings/row.h"
#include "core/error.h"
#include "lexical/fusion.h"

namespace moonlet::bindings {

OptionTable split_rows() {
    OptionTable rows = SplitOptions::rows();
    rows.push_back({"tokenizer", "Tokenizer", "", "of by = \"token\""});
    return rows;
}

SplitOptions check_split(lua_State* L, int index) {
    SplitOptions options = SplitOptions::from_json(options_json(L, index, SplitOptions::rows()));
    if (!lua_istable(L, index)) return options;
    lua_getfield(L, index, "tokenizer");
    if (!lua_isnil(L, -1)) {
        auto tokenizer = check<Tokenizer>(L, lua_gettop(L));
        options.tokens = [tokenizer](std::string_view text) {
            return tokenizer->encode_with_offsets(text, false).offsets;
        };
    }
    lua_pop(L, 1);
    return options;
}

void push_span(lua_State* L, size_t begin, size_t end) {
    lua_createtable(L, 2, 0);
    lua_pushinteger(L, lua_Integer(begin + 1));
    lua_rawseti(L, -2, 1);
    lua_pushinteger(L, lua_Integer(end));
    lua_rawseti(L, -2, 2);
}

void push_headers(lua_State* L, const std::vector<std::string>& headers) {
    lua_createtable(L, int(headers.size()), 0);
    for (size_t i = 0; i < headers.size(); ++i) {
        push_string(L, headers[i]);
        lua_rawseti(L, -2, int(i + 1));
    }
}

namespace {

int split(lua_State* L) {
    const std::string text = check_string(L, 1);
    auto chunks = split_text(text, check_split(L, 2));
    lua_createtable(L, int(chunks.size()), 0);
    for (size_t i = 0; i < chunks.size(); ++i) {
        const Chunk& chunk = chunks[i];
        lua_createtable(L, 0, 3);
        lua_pushlstring(L, text.data() + chunk.begin, chunk.end - chunk.begin);
        lua_setfield(L, -2, "text");
        push_span(L, chunk.begin, chunk.end);
        lua_setfield(L, -2, "span");
        if (!chunk.headers.empty()) {
            push_headers(L, chunk.headers);
            lua_setfield(L, -2, "headers");
        }
        lua_rawseti(L, -2, int(i + 1));
    }
    return 1;
}

const OptionTable kFuseOptions = {
    {"weights", "table", "all 1", "one number per ranking"},
    {"k", "number", "60", "how much the first places stand out: weight / (k + rank)"},
};

int fuse(lua_State* L) {
    std::vector<std::vector<int64_t>> rankings(lua_objlen(L, 1));
    for (size_t i = 0; i < rankings.size(); ++i) {
        lua_rawgeti(L, 1, int(i + 1));
        if (!lua_istable(L, -1))
            throw Error("fuse: ranking " + std::to_string(i + 1) + " is a " + luaL_typename(L, -1),
                        "a list of ids, best first");
        for (int id : check_ids(L, lua_gettop(L))) rankings[i].push_back(id);
        lua_pop(L, 1);
    }
    Json options = options_json(L, 2, kFuseOptions);
    std::vector<double> weights;
    for (const Json& weight : options.value("weights", Json::array())) {
        if (!weight.is_number()) throw Error("fuse: a weight is " + weight.dump(), "numbers");
        weights.push_back(weight);
    }
    auto fused = fuse_rankings(rankings, weights, options.value("k", 60.0));
    lua_createtable(L, int(fused.size()), 0);
    for (size_t i = 0; i < fused.size(); ++i) {
        lua_createtable(L, 0, 2);
        lua_pushnumber(L, double(fused[i].id));
        lua_setfield(L, -2, "id");
        lua_pushnumber(L, fused[i].score);
        lua_setfield(L, -2, "score");
        lua_rawseti(L, -2, int(i + 1));
    }
    return 1;
}

const bool registered = add_rows({
    {"retrievers.split", split, "text: string, opts?: SplitOptions -> table",
     "Cuts a text into chunks {text=, span={first, last}, headers=}; text:sub(first, last) is the "
     "chunk.",
     "retrievers.split(\"One. Two. 셋입니다. 넷이에요.\", {by = \"sentence\", size = 0})",
     split_rows()},
    {"retrievers.fuse", fuse, "rankings: table, opts?: FuseOptions -> table",
     "Reciprocal rank fusion of lists of ids, best first: {id=, score=} each.",
     "retrievers.fuse({{3, 1, 2}, {1, 4}}, {weights = {1, 2}})[1].id", kFuseOptions},
});

}  // namespace

}  // namespace moonlet::bindings
