// SPDX-License-Identifier: Apache-2.0
// What a model keeps of the texts it has read: a report, and beginnings of texts as files.
#include "bindings/convert.h"
#include "bindings/engine/classes.h"
#include "bindings/engine/prompt.h"
#include "bindings/row.h"
#include "core/error.h"
#include "generation/kv_prefix.h"
#include "generation/kv_store.h"

namespace moonlet::bindings {

namespace {

std::shared_ptr<LanguageModel> self(lua_State* L) { return check<LanguageModel>(L, 1); }

const OptionTable kCacheOptions = {
    {"clear", "boolean", "false", "drop what is kept first"},
};

int cache(lua_State* L) {
    auto model = self(L);
    bool clear = false;
    read_option(options_json(L, 2, kCacheOptions), "clear", clear);
    KvStore& store = *model->kv();
    if (clear) store.clear();
    const KvStore::Counts counts = store.counts();
    const KvLayout& layout = store.pool().layout();
    lua_createtable(L, 0, 10);
    auto set = [&](const char* name, size_t value) {
        lua_pushnumber(L, double(value));
        lua_setfield(L, -2, name);
    };
    set("tokens", counts.tokens);
    set("blocks", counts.blocks);
    set("bytes", counts.bytes);
    set("bytes_held", store.pool().bytes());
    set("budget", store.pool().budget().bytes);
    set("texts", counts.asked);
    set("hits", counts.hits);
    set("read_tokens", counts.read - counts.reused);
    set("reused_tokens", counts.reused);
    const char* type = layout.int8                     ? "int8"
                       : layout.dtype == at::kBFloat16 ? "bf16"
                       : layout.dtype == at::kHalf     ? "f16"
                                                       : "f32";
    lua_pushstring(L, type);
    lua_setfield(L, -2, "kv");
    return 1;
}

int save(lua_State* L) {
    auto model = self(L);
    const size_t tokens = save_prefix(*model, check_string(L, 2), prompt_ids(L, 3, *model, true));
    return lua_pushnumber(L, double(tokens)), 1;
}

int load(lua_State* L) {
    auto model = self(L);
    return lua_pushnumber(L, double(load_prefix(*model, check_string(L, 2)))), 1;
}

const bool registered = add_rows({
    {"Model:cache", cache, "opts?: CacheOptions -> ModelCache",
     "What it keeps of texts it has read, so that texts that begin alike are read once: tokens, "
     "bytes, budget, hits, reused_tokens.",
     "m:cache()", kCacheOptions},
    {"Model:save_prefix", save, "path: string, prompt: string|integer[] -> integer",
     "Reads a text and writes its keys and values, as far as whole blocks of reading go; how many "
     "tokens. m:load_prefix puts them back, in another session too.",
     ""},
    {"Model:load_prefix", load, "path: string -> integer",
     "Puts what m:save_prefix wrote among the texts the model has read; how many tokens. Another "
     "model's file is an error.",
     ""},
});

}  // namespace

}  // namespace moonlet::bindings
