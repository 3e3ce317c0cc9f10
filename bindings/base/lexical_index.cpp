// SPDX-License-Identifier: Apache-2.0
// The Lua face of BM25. A search returns two lists, numbers and scores: a retriever makes hits of
// them.
#include "bindings/classes.h"
#include "bindings/convert.h"
#include "bindings/row.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/progress.h"

namespace moonlet::bindings {

namespace {

std::shared_ptr<LexicalIndex> self(lua_State* L) { return check<LexicalIndex>(L, 1); }

int make(lua_State* L) {
    auto options = Bm25Options::from_json(options_json(L, 1, Bm25Options::rows()));
    push(L, std::make_shared<LexicalIndex>(options));
    return 1;
}

// Texts are added, of Passages those that are not in yet.
int add(lua_State* L) {
    auto index = self(L);
    auto grow = [&](size_t count, auto text_of) {
        for (size_t i = 0; i < count; ++i) {
            interrupt::check();
            report_progress({"indexing", double(i + 1), double(count), "passages", ""});
            index->add(text_of(i));
        }
    };
    if (auto passages = test<Passages>(L, 2)) {
        size_t first = index->size();
        if (first > passages->size()) throw Error("passages fewer than the index holds");
        grow(passages->size() - first, [&](size_t i) { return passages->text(first + i); });
    } else {
        auto texts = check_strings(L, 2);
        grow(texts.size(), [&](size_t i) { return std::string_view(texts[i]); });
    }
    set_proxy_bytes(L, 1, index->bytes());
    return 0;
}

const OptionTable kSearchOptions = {
    {"k", "integer", "5", "how many at most"},
    {"among", "Selection", "all", "what may be found, from passages:select"},
};

int search(lua_State* L) {
    auto index = self(L);
    int64_t k = 5;
    read_option(options_json(L, 3, kSearchOptions), "k", k);
    if (k < 0) throw Error("k = " + std::to_string(k), "0 or more");
    std::shared_ptr<Selection> among;
    if (lua_istable(L, 3)) {
        lua_getfield(L, 3, "among");
        if (!lua_isnil(L, -1)) among = check<Selection>(L, lua_gettop(L));
        lua_pop(L, 1);
    }
    auto hits = index->search(check_string(L, 2), size_t(k), among.get());
    lua_createtable(L, int(hits.size()), 0);
    lua_createtable(L, int(hits.size()), 0);
    for (size_t i = 0; i < hits.size(); ++i) {
        lua_pushnumber(L, double(hits[i].id + 1));
        lua_rawseti(L, -3, int(i + 1));
        lua_pushnumber(L, hits[i].score);
        lua_rawseti(L, -2, int(i + 1));
    }
    return 2;
}

int length(lua_State* L) { return lua_pushnumber(L, double(self(L)->size())), 1; }
int vocabulary(lua_State* L) { return lua_pushnumber(L, double(self(L)->vocabulary())), 1; }

int describe(lua_State* L) {
    Proxy* proxy = test_proxy(L, 1, "LexicalIndex");
    if (proxy && !proxy->owner) return lua_pushliteral(L, "bm25 index (released)"), 1;
    auto index = self(L);
    push_string(L, "bm25 index   " + index->options().method + " · " +
                       std::to_string(index->size()) + " texts · " +
                       std::to_string(index->vocabulary()) + " terms (" + index->options().terms +
                       ")");
    return 1;
}

int release(lua_State* L) { return release_proxy(L, 1), 0; }

const bool registered = add_rows({
    {"retrievers.bm25", make, "opts?: Bm25Options -> LexicalIndex",
     "An empty BM25 index: the part of a retriever that counts words.",
     "ix = retrievers.bm25{method = \"bm25+\"}; ix:add{\"one text\", \"another\"}; ix:search "
     "\"text\"",
     Bm25Options::rows()},
    {"LexicalIndex:add", add, "texts: string[]|Passages",
     "Adds texts, or of Passages those that are not in yet.", ""},
    {"LexicalIndex:search", search, "query: string, opts?: SearchOptions -> integer[], number[]",
     "The best texts that share a term with the query: their numbers and scores.", "",
     kSearchOptions},
    {"LexicalIndex:release", release, "", "Gives the memory back now.", ""},
    {"LexicalIndex.terms", vocabulary, "-> integer", "How many different terms there are.", ""},
    {"LexicalIndex:__len", length, "other?: any -> integer", "How many texts there are.", ""},
    {"LexicalIndex:__tostring", describe, "-> string", "One line about the index.", ""},
});

}  // namespace

}  // namespace moonlet::bindings
