// SPDX-License-Identifier: Apache-2.0
// m:generate_batch: many prompts at a time. stdlib/batch.lua makes Generations of what it returns.
#include "generation/batch.h"

#include "bindings/callback.h"
#include "bindings/engine/prompt.h"
#include "bindings/row.h"
#include "core/error.h"

namespace moonlet::bindings {

namespace {

OptionTable own_rows() {
    return {
        {"batch_size", "integer", "16", "most texts at a time"},
        {"seeds", "integer[]", "seed + i - 1", "one for each prompt"},
        {"invariant", "boolean", "false",
         "read every text by itself: bit for bit what m:generate gives, whatever the kernels"},
    };
}

OptionTable engine_rows() {
    OptionTable rows = GenerateOptions::rows();
    for (auto& row : own_rows()) rows.push_back(row);
    return rows;
}

OptionTable lua_rows() {
    OptionTable rows = engine_rows();
    rows.push_back(
        {"on_text", "function", "",
         "gets each piece of text and its prompt's index; returning false ends that one"});
    return rows;
}

int generate_batch_(lua_State* L) {
    auto model = check<LanguageModel>(L, 1);
    const Json given = options_json(L, 3, engine_rows());
    BatchOptions options;
    options.generate = GenerateOptions::from_json(given, model->generation_config);
    read_option(given, "batch_size", options.batch_size);
    read_option(given, "invariant", options.invariant);
    if (auto seeds = given.find("seeds"); seeds != given.end())
        for (const Json& seed : *seeds) options.seeds.push_back(seed.get<uint64_t>());
    std::vector<std::vector<int>> prompts;
    const int count = int(lua_objlen(L, 2));
    for (int i = 1; i <= count; ++i) {
        lua_rawgeti(L, 2, i);
        if (!lua_istable(L, -1) && lua_type(L, -1) != LUA_TSTRING)
            throw Error("prompt " + std::to_string(i) + " is a " + luaL_typename(L, -1),
                        "a text or an array of token ids");
        prompts.push_back(prompt_ids(L, lua_gettop(L), *model, options.generate.special));
        lua_pop(L, 1);
    }
    int callback = 0;
    if (lua_istable(L, 3)) {
        lua_getfield(L, 3, "on_text");
        if (!lua_isnil(L, -1)) callback = lua_gettop(L);
    }
    LuaFunction function(L, callback);
    auto on_text = [&](size_t index, const std::string& piece) {
        function.call(1, [&] {
            push_string(L, piece);
            lua_pushnumber(L, double(index + 1));
            return 2;
        });
        const bool stop = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
        lua_pop(L, 1);
        return !stop;
    };
    std::vector<GenerationResult> results = callback
                                                ? generate_batch(*model, prompts, options, on_text)
                                                : generate_batch(*model, prompts, options);
    lua_createtable(L, count, 0);
    for (int i = 0; i < count; ++i) {
        lua_rawgeti(L, 2, i + 1);
        GenerationResult& result = results[size_t(i)];
        if (lua_type(L, -1) == LUA_TSTRING) result.prompt_text = check_string(L, lua_gettop(L));
        else if (model->tokenizer)
            result.prompt_text = model->tokenizer->decode(prompts[size_t(i)]);
        lua_pop(L, 1);
        push_result(L, result);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

const bool registered = add_rows({
    {"Model:generate_batch", generate_batch_, "prompts: table, opts?: BatchOptions -> Generation[]",
     "Continues many texts at a time (batch_size), each as m:generate would; the i-th draws from "
     "seed + i - 1. One that fails says so in .error, and the others go on. Ctrl-C returns what "
     "there is. A draft is left aside: it spares reads of the weights, which all texts share here.",
     "m:generate_batch({\"Once upon a time\", \"The moon\"}, {max_tokens = 8})[2].text",
     lua_rows()},
});

}  // namespace

}  // namespace moonlet::bindings
