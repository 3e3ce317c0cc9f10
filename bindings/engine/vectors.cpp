// SPDX-License-Identifier: Apache-2.0
// The Lua face of vectors: tensors or lists of numbers in, lists {ids=, scores=} out, 1-based.
#include "retrievers/vectors.h"

#include <ATen/ATen.h>

#include "bindings/convert.h"
#include "bindings/engine/classes.h"
#include "bindings/row.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/progress.h"
#include "retrievers/fingerprint.h"

namespace moonlet::bindings {

namespace {

constexpr size_t kSlice = 256;  // passages that are embedded before their vectors are kept

std::shared_ptr<VectorIndex> self(lua_State* L) { return check<VectorIndex>(L, 1); }

int make(lua_State* L) {
    if (lua_type(L, 1) == LUA_TSTRING) push(L, VectorIndex::load(check_string(L, 1)));
    else
        push(L, std::make_shared<VectorIndex>(
                    VectorOptions::from_json(options_json(L, 1, VectorOptions::rows()))));
    return 1;
}

// A Tensor, a list of numbers, or a list of such lists.
at::Tensor check_vectors(lua_State* L, int index) {
    if (auto box = test<TensorBox>(L, index)) return box->tensor;
    const Json rows = lua_istable(L, index) ? to_json(L, index) : Json();
    if (!rows.is_array() || rows.empty())
        throw Error(std::string("vectors: a ") + luaL_typename(L, index),
                    "a Tensor, or a list of lists of numbers");
    std::vector<float> values;
    bool one = rows[0].is_number();
    size_t dim = one ? rows.size() : rows[0].size();
    for (const Json& row : one ? Json::array({rows}) : rows) {
        if (!row.is_array() || row.size() != dim)
            throw Error("vectors of different lengths", std::to_string(dim) + " numbers in each");
        for (const Json& value : row) {
            if (!value.is_number()) throw Error("vectors that hold " + value.dump(), "numbers");
            values.push_back(value.get<float>());
        }
    }
    int64_t count = one ? 1 : int64_t(rows.size());
    return at::tensor(values, at::kFloat).view({count, int64_t(dim)});
}

int add(lua_State* L) {
    auto index = self(L);
    interrupt::check_entry();
    index->add(check_vectors(L, 2));
    set_proxy_bytes(L, 1, index->bytes());
    return 0;
}

// Those passages that are not in yet; what Ctrl-C leaves out comes with the next call.
int embed_passages(lua_State* L) {
    auto index = self(L);
    auto passages = check<Passages>(L, 2);
    auto model = check<LanguageModel>(L, 3);
    interrupt::check_entry();
    const size_t from = index->size(), count = passages->size() - std::min(from, passages->size());
    for (size_t first = from; first < passages->size(); first += kSlice) {
        size_t last = std::min(first + kSlice, passages->size());
        std::vector<std::string> texts;
        for (size_t i = first; i < last; ++i) texts.emplace_back(passages->text(i));
        index->add(embed(*model, texts));
        set_proxy_bytes(L, 1, index->bytes());
        report_progress({"embedding", double(last - from), double(count), "passages", model->name});
    }
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
    auto found = index->search(check_vectors(L, 2), size_t(k), among.get());
    lua_createtable(L, int(found.size()), 0);
    for (size_t q = 0; q < found.size(); ++q) {
        lua_createtable(L, 0, 2);
        lua_createtable(L, int(found[q].size()), 0);
        lua_createtable(L, int(found[q].size()), 0);
        for (size_t i = 0; i < found[q].size(); ++i) {
            lua_pushnumber(L, double(found[q][i].id + 1));
            lua_rawseti(L, -3, int(i + 1));
            lua_pushnumber(L, found[q][i].score);
            lua_rawseti(L, -2, int(i + 1));
        }
        lua_setfield(L, -3, "scores");
        lua_setfield(L, -2, "ids");
        lua_rawseti(L, -2, int(q + 1));
    }
    return 1;
}

int save(lua_State* L) { return self(L)->save(check_string(L, 2)), 0; }
int length(lua_State* L) { return lua_pushnumber(L, double(self(L)->size())), 1; }
int dim(lua_State* L) { return lua_pushnumber(L, double(self(L)->dim())), 1; }

int describe(lua_State* L) {
    Proxy* proxy = test_proxy(L, 1, "VectorIndex");
    if (proxy && !proxy->owner) return lua_pushliteral(L, "vectors (released)"), 1;
    auto index = self(L);
    push_string(L, "vectors " + index->options().index + ", " + std::to_string(index->size()) +
                       " of " + std::to_string(index->dim()) + " numbers");
    return 1;
}

int release(lua_State* L) { return release_proxy(L, 1), 0; }

int fingerprint_(lua_State* L) {
    auto model = check<LanguageModel>(L, 1);
    std::string more = model->pooling + (model->normalize ? " normalized " : " ") +
                       std::to_string(model->max_seq_length);
    if (model->tokenizer) more += dump_json(model->tokenizer->json(), -1);
    push_string(L, fingerprint(*model->network, more));
    return 1;
}

const bool registered = add_rows({
    {"retrievers.vectors", make, "opts?: VectorOptions|string -> VectorIndex",
     "An empty index of vectors, or one from a file: the part of a retriever that goes by meaning.",
     "v = retrievers.vectors(); v:add{{1, 0}, {0, 1}}; v:search({3, 1}, {k = 1})",
     VectorOptions::rows()},
    {"VectorIndex:add", add, "vectors: Tensor|table",
     "Adds rows of a tensor or lists of numbers, each brought to length one.", ""},
    {"VectorIndex:embed", embed_passages, "passages: Passages, model: Model",
     "Embeds and adds the passages that are not in yet, with progress.", ""},
    {"VectorIndex:search", search, "queries: Tensor|table, opts?: SearchOptions -> table",
     "For each query {ids=, scores=}: the nearest vectors by cosine.", "", kSearchOptions},
    {"VectorIndex:save", save, "path: string", "Writes a safetensors file, atomically.", ""},
    {"VectorIndex:release", release, "", "Gives the memory back now.", ""},
    {"VectorIndex.dim", dim, "-> integer", "Numbers of a vector, 0 while empty.", ""},
    {"VectorIndex:__len", length, "other?: any -> integer", "How many vectors there are.", ""},
    {"VectorIndex:__tostring", describe, "-> string", "One line about the index.", ""},
    {"_retrievers.fingerprint", fingerprint_, "model: Model -> string",
     "Whether an embedding model is the same one: 16 hexadecimal digits.", ""},
});

}  // namespace

}  // namespace moonlet::bindings
