// SPDX-License-Identifier: Apache-2.0
// The Lua face of tokenizers. Offsets are bytes, 1-based and inclusive, so text:sub(first, last) is
// the piece; tokens of no text have no span ({0, 0}), and sequence ids count from 1, 0 for them.
#include "bindings/classes.h"

#include "bindings/callback.h"
#include "bindings/convert.h"
#include "bindings/row.h"
#include "core/error.h"
#include "tokenizers/train.h"

namespace moonlet::bindings {

namespace {

using Self = Tokenizer;

OptionTable encode_rows(const char* pair_type, const char* pair_doc) {
    OptionTable rows = EncodeOptions::rows();
    rows.insert(rows.begin() + 1, {"pair", pair_type, "", pair_doc});
    return rows;
}

const OptionTable& encode_options() {
    static const OptionTable rows =
        encode_rows("string", "a second text, joined as the model wants");
    return rows;
}

const OptionTable& batch_options() {
    static const OptionTable rows = encode_rows("string[]", "second texts, one for each text");
    return rows;
}

const OptionTable kDecodeOptions = {
    {"skip_special", "boolean", "false", "leave special tokens out of the text"},
};

const OptionTable kLoadOptions = {
    {"encoding", "string", "",
     "of a tiktoken rank file: cl100k_base, o200k_base, r50k_base, … (default: by name or size)"},
};

bool flag(lua_State* L, int index, const OptionTable& rows, const char* name, bool value) {
    read_option(options_json(L, index, rows), name, value);
    return value;
}

int load(lua_State* L) {
    std::string encoding;
    read_option(options_json(L, 2, kLoadOptions), "encoding", encoding);
    push(L, Tokenizer::load(check_string(L, 1), encoding));
    return 1;
}

// The text at 2 (and the pair in the options at 3), encoded.
Encoding encoding_at(lua_State* L, const char* where) {
    auto self = check<Self>(L, 1);
    Json options = options_json(L, 3, encode_options());
    std::string text = check_string(L, 2), second;
    read_option(options, "pair", second);
    std::string_view pair = second;
    bool paired = options.contains("pair") && !options["pair"].is_null();
    return self->encode_full(text, paired ? &pair : nullptr,
                             EncodeOptions::from_json(options, where));
}

int encode(lua_State* L) {
    Json options = options_json(L, 3, encode_options());
    if (options.empty() || (options.size() == 1 && options.contains("special"))) {
        bool special = flag(L, 3, encode_options(), "special", true);
        push_ids(L, check<Self>(L, 1)->encode(check_string(L, 2), special));
    } else {
        push_ids(L, encoding_at(L, "Tokenizer:encode").ids);
    }
    return 1;
}

void push_offsets(lua_State* L, const std::vector<std::pair<size_t, size_t>>& offsets) {
    lua_createtable(L, int(offsets.size()), 0);
    for (size_t i = 0; i < offsets.size(); ++i) {
        auto [begin, end] = offsets[i];
        lua_createtable(L, 2, 0);
        lua_pushinteger(L, begin == end ? 0 : lua_Integer(begin + 1));
        lua_rawseti(L, -2, 1);
        lua_pushinteger(L, begin == end ? 0 : lua_Integer(end));
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, int(i + 1));
    }
}

void push_sequences(lua_State* L, std::vector<int> sequences) {
    for (int& s : sequences) ++s;
    push_ids(L, sequences);
}

void push_encoding(lua_State* L, const Encoding& e) {
    lua_createtable(L, 0, 7);
    push_ids(L, e.ids);
    lua_setfield(L, -2, "ids");
    push_offsets(L, e.offsets);
    lua_setfield(L, -2, "offsets");
    push_ids(L, e.type_ids);
    lua_setfield(L, -2, "type_ids");
    push_sequences(L, e.sequence_ids);
    lua_setfield(L, -2, "sequence_ids");
    push_ids(L, e.attention_mask);
    lua_setfield(L, -2, "attention_mask");
    push_ids(L, e.special_mask);
    lua_setfield(L, -2, "special_mask");
    lua_createtable(L, int(e.overflow.size()), 0);
    for (size_t i = 0; i < e.overflow.size(); ++i) {
        push_encoding(L, e.overflow[i]);
        lua_rawseti(L, -2, int(i + 1));
    }
    lua_setfield(L, -2, "overflow");
}

int encoding(lua_State* L) {
    push_encoding(L, encoding_at(L, "Tokenizer:encoding"));
    return 1;
}

int encode_batch(lua_State* L) {
    auto self = check<Self>(L, 1);
    Json options = options_json(L, 3, batch_options());
    std::vector<std::string> texts = check_strings(L, 2), seconds;
    read_option(options, "pair", seconds);
    auto batch = self->encode_batch(texts, seconds,
                                    EncodeOptions::from_json(options, "Tokenizer:encode_batch"));
    auto each = [&](auto push_one) {
        lua_createtable(L, int(batch.size()), 0);
        for (size_t i = 0; i < batch.size(); ++i) {
            push_one(batch[i]);
            lua_rawseti(L, -2, int(i + 1));
        }
    };
    each([&](const Encoding& e) { push_ids(L, e.ids); });
    // What else there is to know stands behind the list, so that the list itself is only ids.
    lua_createtable(L, 0, 1);
    lua_createtable(L, 0, 6);
    each([&](const Encoding& e) { push_ids(L, e.attention_mask); });
    lua_setfield(L, -2, "attention_mask");
    each([&](const Encoding& e) { push_ids(L, e.type_ids); });
    lua_setfield(L, -2, "type_ids");
    each([&](const Encoding& e) { push_ids(L, e.special_mask); });
    lua_setfield(L, -2, "special_mask");
    each([&](const Encoding& e) { push_sequences(L, e.sequence_ids); });
    lua_setfield(L, -2, "sequence_ids");
    each([&](const Encoding& e) { push_offsets(L, e.offsets); });
    lua_setfield(L, -2, "offsets");
    each([&](const Encoding& e) {
        lua_createtable(L, int(e.overflow.size()), 0);
        for (size_t i = 0; i < e.overflow.size(); ++i) {
            push_encoding(L, e.overflow[i]);
            lua_rawseti(L, -2, int(i + 1));
        }
    });
    lua_setfield(L, -2, "overflow");
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    return 1;
}

int decode_batch(lua_State* L) {
    auto self = check<Self>(L, 1);
    bool skip = flag(L, 3, kDecodeOptions, "skip_special", false);
    std::vector<std::vector<int>> ids;
    luaL_checktype(L, 2, LUA_TTABLE);
    for (int i = 1;; ++i) {
        lua_rawgeti(L, 2, i);
        if (lua_isnil(L, -1)) break;
        ids.push_back(check_ids(L, lua_gettop(L)));
        lua_pop(L, 1);
    }
    auto texts = self->decode_batch(ids, skip);
    lua_createtable(L, int(texts.size()), 0);
    for (size_t i = 0; i < texts.size(); ++i) {
        push_string(L, texts[i]);
        lua_rawseti(L, -2, int(i + 1));
    }
    return 1;
}

int decode(lua_State* L) {
    auto self = check<Self>(L, 1);
    auto ids = lua_isnumber(L, 2) ? std::vector<int>{int(lua_tointeger(L, 2))} : check_ids(L, 2);
    push_string(L, self->decode(ids, flag(L, 3, kDecodeOptions, "skip_special", false)));
    return 1;
}

int offsets(lua_State* L) {
    push_offsets(L, encoding_at(L, "Tokenizer:offsets").offsets);
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
    {"tokenizers.load", load, "path: string, opts?: TokenizerLoadOptions -> Tokenizer",
     "Opens a folder that holds tokenizer.json, or a file: tokenizer.json, .gguf, .tiktoken, "
     ".model.",
     "tok = tokenizers.load(\"examples/models/demo\")", kLoadOptions},
    {"tokenizers.train", train, "opts: TrainOptions -> Tokenizer",
     "Trains a tokenizer on texts (BPE, Unigram, WordPiece, WordLevel); saved, it is a "
     "tokenizer.json that others load too.",
     "tok = tokenizers.train{texts = {\"one text\", \"and another\"}, vocab_size = 300}",
     train_rows()},
    {"Tokenizer:encode", encode, "text: string, opts?: EncodeOptions -> integer[]",
     "Turns text into token ids.", "tok:encode(\"Once upon a time\")", encode_options()},
    {"Tokenizer:encoding", encoding, "text: string, opts?: EncodeOptions -> table",
     "Everything about an encoded text: ids, offsets, type_ids, sequence_ids, attention_mask, "
     "special_mask, and overflow, the pieces that truncation cut off.",
     "tok:encoding(\"Once upon\", {pair = \"a time\"}).sequence_ids", encode_options()},
    {"Tokenizer:encode_batch", encode_batch, "texts: string[], opts?: EncodeBatchOptions -> table",
     "Encodes texts on all cores: a list of id lists, whose fields attention_mask, type_ids, "
     "special_mask, sequence_ids, offsets and overflow hold a list each.",
     "tok:encode_batch({\"Once\", \"upon a time\"}, {max_length = 2}).attention_mask",
     batch_options()},
    {"Tokenizer:decode", decode, "ids: integer[]|integer, opts?: DecodeOptions -> string",
     "Turns token ids into text.", "tok:decode(tok:encode(\"Once\"))", kDecodeOptions},
    {"Tokenizer:decode_batch", decode_batch, "ids: table, opts?: DecodeOptions -> string[]",
     "Turns lists of ids into texts, on all cores.",
     "tok:decode_batch{tok:encode \"Once\", tok:encode \"upon\"}", kDecodeOptions},
    {"Tokenizer:offsets", offsets, "text: string, opts?: EncodeOptions -> table",
     "For each token its bytes in the text, {first, last}, 1-based and inclusive; {0, 0} for added "
     "ones.",
     "tok:offsets(\"Once upon\")[1]", encode_options()},
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
