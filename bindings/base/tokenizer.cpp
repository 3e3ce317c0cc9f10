// SPDX-License-Identifier: Apache-2.0
// The Lua face of tokenizers. Offsets are bytes, 1-based and inclusive, so text:sub(first, last) is
// the piece; tokens the post-processor adds have no span ({0, 0}).
#include "bindings/classes.h"

#include "bindings/callback.h"
#include "bindings/convert.h"
#include "bindings/row.h"
#include "core/error.h"
#include "tokenizers/train.h"

namespace moonlet::bindings {

namespace {

using Self = Tokenizer;

const OptionTable kEncodeOptions = {
    {"special", "boolean", "true", "add the special tokens the model expects (such as <s>, [CLS])"},
};
const OptionTable kDecodeOptions = {
    {"skip_special", "boolean", "false", "leave special tokens out of the text"},
};

bool flag(lua_State* L, int index, const OptionTable& rows, const char* name, bool value) {
    read_option(options_json(L, index, rows), name, value);
    return value;
}

int load(lua_State* L) {
    push(L, Tokenizer::load(check_string(L, 1)));
    return 1;
}

int encode(lua_State* L) {
    auto self = check<Self>(L, 1);
    push_ids(L, self->encode(check_string(L, 2), flag(L, 3, kEncodeOptions, "special", true)));
    return 1;
}

int decode(lua_State* L) {
    auto self = check<Self>(L, 1);
    auto ids = lua_isnumber(L, 2) ? std::vector<int>{int(lua_tointeger(L, 2))} : check_ids(L, 2);
    push_string(L, self->decode(ids, flag(L, 3, kDecodeOptions, "skip_special", false)));
    return 1;
}

int offsets(lua_State* L) {
    auto self = check<Self>(L, 1);
    bool special = flag(L, 3, kEncodeOptions, "special", true);
    Encoding encoding = self->encode_with_offsets(check_string(L, 2), special);
    lua_createtable(L, int(encoding.ids.size()), 0);
    for (size_t i = 0; i < encoding.ids.size(); ++i) {
        auto [begin, end] = encoding.offsets[i];
        lua_createtable(L, 2, 0);
        lua_pushinteger(L, begin == end ? 0 : lua_Integer(begin + 1));
        lua_rawseti(L, -2, 1);
        lua_pushinteger(L, begin == end ? 0 : lua_Integer(end));
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, int(i + 1));
    }
    return 1;
}

int tokens(lua_State* L) {
    auto self = check<Self>(L, 1);
    auto ids = lua_istable(L, 2) ? check_ids(L, 2) : self->encode(check_string(L, 2));
    lua_createtable(L, int(ids.size()), 0);
    for (size_t i = 0; i < ids.size(); ++i) {
        push_string(L, self->id_to_token(ids[i]));
        lua_rawseti(L, -2, int(i + 1));
    }
    return 1;
}

int id(lua_State* L) {
    auto found = check<Self>(L, 1)->token_to_id(check_string(L, 2));
    if (found) lua_pushinteger(L, *found);
    else lua_pushnil(L);
    return 1;
}

int save(lua_State* L) {
    check<Self>(L, 1)->save(check_string(L, 2));
    return 0;
}

int length(lua_State* L) {
    lua_pushinteger(L, lua_Integer(check<Self>(L, 1)->vocab_size()));
    return 1;
}

int describe(lua_State* L) {
    Proxy* proxy = test_proxy(L, 1, "Tokenizer");
    push_string(L, proxy && !proxy->owner ? "tokenizer (released)"
                                          : "tokenizer   " + check<Self>(L, 1)->describe());
    return 1;
}

int release(lua_State* L) {
    release_proxy(L, 1);
    return 0;
}

OptionTable train_rows() {
    OptionTable rows = TrainOptions::rows();
    rows.insert(rows.begin(),
                {"texts", "table|function", "",
                 "the documents: a list, or a function returning the next one or nil"});
    return rows;
}

int train(lua_State* L) {
    Json options = options_json(L, 1, TrainOptions::rows());
    lua_getfield(L, 1, "texts");
    if (lua_isnil(L, -1)) {  // tokenizers.train{"text", "text", …, vocab_size = …} reads well too
        lua_pop(L, 1);
        throw Error("tokenizers.train: no texts", "texts = {…} or a function");
    }
    int texts = lua_gettop(L), next = 0;
    LuaFunction function(L, lua_isfunction(L, texts) ? texts : 0);
    auto next_text = [&](std::string& text) {
        if (function) {
            function.call(1, [] { return 0; });
        } else {
            lua_rawgeti(L, texts, ++next);
        }
        bool more = !lua_isnil(L, -1);
        if (more) text = check_string(L, lua_gettop(L));
        lua_pop(L, 1);
        return more;
    };
    push(L, train_tokenizer(next_text, TrainOptions::from_json(options)));
    return 1;
}

const bool registered = add_rows({
    {"tokenizers.load", load, "path: string -> Tokenizer",
     "Opens a folder that holds tokenizer.json, or the file itself.",
     "tok = tokenizers.load(\"examples/models/demo\")"},
    {"tokenizers.train", train, "opts: TrainOptions -> Tokenizer",
     "Trains a byte-level BPE on texts; saved, it is a tokenizer.json that others load too.",
     "tok = tokenizers.train{texts = {\"one text\", \"and another\"}, vocab_size = 300}",
     train_rows()},
    {"Tokenizer:encode", encode, "text: string, opts?: EncodeOptions -> integer[]",
     "Turns text into token ids.", "tok:encode(\"Once upon a time\")", kEncodeOptions},
    {"Tokenizer:decode", decode, "ids: integer[]|integer, opts?: DecodeOptions -> string",
     "Turns token ids into text.", "tok:decode(tok:encode(\"Once\"))", kDecodeOptions},
    {"Tokenizer:offsets", offsets, "text: string, opts?: EncodeOptions -> table",
     "For each token its bytes in the text, {first, last}, 1-based and inclusive; {0, 0} for added "
     "ones.",
     "tok:offsets(\"Once upon\")[1]", kEncodeOptions},
    {"Tokenizer:tokens", tokens, "text: string|integer[] -> string[]",
     "The vocabulary's own spelling of each token of a text or list of ids.",
     "tok:tokens(\"Once upon\")"},
    {"Tokenizer:id", id, "token: string -> integer?",
     "The id of one vocabulary entry, nil where there is none.", "tok:id(\"<|im_end|>\")"},
    {"Tokenizer:save", save, "path: string", "Writes tokenizer.json, atomically.",
     "tok:save(\"/tmp/tokenizer.json\")"},
    {"Tokenizer:release", release, "",
     "Gives the memory back now; the object is unusable afterwards.", ""},
    {"Tokenizer:__len", length, "other?: any -> integer", "The size of the vocabulary.", "#tok"},
    {"Tokenizer:__tostring", describe, "-> string", "One line about the tokenizer.", ""},
});

}  // namespace

}  // namespace moonlet::bindings
