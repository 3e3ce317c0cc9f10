// SPDX-License-Identifier: Apache-2.0
// models.convert and Model:verify: a model written in another format, and whether what was written
// is the same model.
#include "bindings/engine/convert.h"

#include "adapters/adapter.h"
#include "bindings/convert.h"
#include "bindings/engine/adapter.h"
#include "bindings/engine/classes.h"
#include "bindings/row.h"
#include "core/error.h"

namespace moonlet::bindings {

namespace {

const OptionTable kConvertOptions = {
    {"to", "\"gguf\"|\"hf\"", "by the path", "one GGUF file, or a Hugging Face folder"},
    {"path", "string", "", "where to write"},
    {"type", "string", "the model's own",
     "of the weights: f32, f16, bf16; gguf also q8_0, q4_0, q4_1, q4_k, q6_k"},
    {"shard_bytes", "integer", "5000000000", "hf: beyond it, several weight files and an index"},
};

// A model, or what models.load would open (an adapter's folder with its base).
std::shared_ptr<LanguageModel> given(lua_State* L, int index) {
    if (lua_type(L, index) != LUA_TSTRING) return check<LanguageModel>(L, index);
    const std::string path = check_string(L, index);
    return is_adapter_folder(path) ? load_adapted(path, "", {}) : load_language_model(path);
}

int convert(lua_State* L) {
    Json options = options_json(L, 2, kConvertOptions);
    ExportOptions save;
    std::string path;
    read_option(options, "to", save.format);
    read_option(options, "path", path);
    read_option(options, "type", save.type);
    read_option(options, "shard_bytes", save.shard_bytes);
    if (path.empty())
        throw Error(
            "models.convert: no path", "path = where to write",
            "for example models.convert(\"demo\", {path = \"demo.gguf\", type = \"q8_0\"})");
    LanguageModel whole = merged(*given(L, 1));
    push_exported(L, save_language_model(whole, path, save));
    return 1;
}

const OptionTable kVerifyOptions = {
    {"prompts", "string[]", "{}", "texts to compare on, beside its own"},
    {"chats", "table[]", "{}", "lists of messages to compare on, beside its own"},
};

const std::vector<std::string>& own_prompts() {
    static const std::vector<std::string> prompts = {
        "Once upon a time there was a",
        "The capital of Korea is",
        "대한민국의 수도는",
        "def add(a, b):\n    return a",
        "1 + 1 = 2, 2 + 2 =",
        "  Two  spaces, a tab\t, «quotes» and 🌙✨ ünïcödé\n\n",
    };
    return prompts;
}

std::vector<Json> own_chats() {
    return {Json::array({{{"role", "user"}, {"content", "Who wrote Hamlet?"}}}),
            Json::array({{{"role", "user"}, {"content", "Hello!"}},
                         {{"role", "assistant"}, {"content", "Hello. How can I help?"}},
                         {{"role", "user"}, {"content", "Count to three."}}})};
}

void set_boolean(lua_State* L, const char* name, bool value) {
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

void set_number(lua_State* L, const char* name, double value) {
    lua_pushnumber(L, value);
    lua_setfield(L, -2, name);
}

void push_checks(lua_State* L, const std::vector<PromptCheck>& rows) {
    lua_createtable(L, int(rows.size()), 0);
    for (size_t i = 0; i < rows.size(); ++i) {
        const PromptCheck& row = rows[i];
        lua_createtable(L, 0, 10);
        push_string(L, row.prompt);
        lua_setfield(L, -2, "prompt");
        set_boolean(L, "chat", row.chat);
        set_boolean(L, "same_text", row.same_text);
        set_boolean(L, "same_ids", row.same_ids);
        set_boolean(L, "double_begin", row.double_begin);
        set_number(L, "tokens", row.tokens);
        set_number(L, "same_top", row.same_top);
        set_number(L, "real_changes", row.real_changes);
        set_number(L, "divergence", row.divergence);
        set_number(L, "difference", row.difference);
        set_number(L, "surprise", row.surprise);
        set_number(L, "surprise_of_second", row.surprise_of_second);
        set_number(L, "cosine", row.cosine);
        lua_rawseti(L, -2, int(i + 1));
    }
}

int verify(lua_State* L) {
    auto first = check<LanguageModel>(L, 1);
    const std::string path = check_string(L, 2);
    Json options = options_json(L, 3, kVerifyOptions);
    std::vector<std::string> prompts = own_prompts();
    std::vector<Json> chats = own_chats();
    for (const Json& text : options.value("prompts", Json::array()))
        prompts.push_back(text.get<std::string>());
    for (const Json& chat : options.value("chats", Json::array())) chats.push_back(chat);
    // In the arithmetic of the first, so that only what was written differs.
    const at::ScalarType own = first->network->parameters().dtype();
    const bool quantised = stored_type(path) == "quantised";
    LoadOptions load;
    load.dtype = quantised ? at::kFloat : own;
    load.device = first->network->parameters().device().is_cpu() ? "cpu" : "auto";
    auto second = load_language_model(path, load);
    lua_createtable(L, 0, 5);
    push_string(L, path);
    lua_setfield(L, -2, "path");
    set_boolean(L, "quantised", quantised);
    set_boolean(L, "same_ends",
                first->generation_config.eos_token_ids == second->generation_config.eos_token_ids);
    set_boolean(L, "encoder", !first->network->causal());
    push_checks(L, compare_models(*first, *second, prompts, chats));
    lua_setfield(L, -2, "rows");
    luaL_newmetatable(L, "moonlet.Verification");
    lua_setmetatable(L, -2);
    return 1;
}

// For Model:quant_report, which opens the model that it is compared with.
int checks(lua_State* L) {
    auto first = check<LanguageModel>(L, 1), second = check<LanguageModel>(L, 2);
    std::vector<std::string> texts;
    for (const Json& text : to_json(L, 3)) texts.push_back(text.get<std::string>());
    push_checks(L, compare_models(*first, *second, texts, {}));
    return 1;
}

int packed(lua_State* L) {
    const Parameters& parameters = check<LanguageModel>(L, 1)->network->parameters();
    double values = 0, bytes = 0;
    for (const auto& [name, weight] : parameters.packed_weights()) {
        values += double(weight->in_features()) * double(weight->out_features());
        bytes += double(weight->bytes());
    }
    lua_createtable(L, 0, 3);
    push_string(L, parameters.packed_kind());
    lua_setfield(L, -2, "kind");
    set_number(L, "values", values);
    set_number(L, "bytes", bytes);
    return 1;
}

const bool registered = add_rows({
    {"_models.checks", checks, "first: Model, second: Model, texts: string[] -> table",
     "How the two answer the same texts.", ""},
    {"_models.packed", packed, "model: Model -> table",
     "{kind=, values=, bytes=} of its quantised weights; kind \"\" without any.", ""},
    {"models.convert", convert, "model: Model|string, opts: ConvertOptions -> Exported",
     "Writes a model (or what models.load would open) as a GGUF file or a Hugging Face folder; "
     "adapters that are on are folded in.",
     "", kConvertOptions},
    {"Model:verify", verify, "path: string, opts?: VerifyOptions -> Verification",
     "Opens what was written and compares: prompt ids, rendered chats, likeliest next tokens, "
     "logits; says pass or fail and why.",
     "", kVerifyOptions},
});

}  // namespace

void push_exported(lua_State* L, const Exported& exported) {
    lua_createtable(L, 0, 5);
    auto text = [&](const char* name, const std::string& value) {
        push_string(L, value);
        lua_setfield(L, -2, name);
    };
    text("path", exported.path);
    text("format", exported.format);
    text("type", exported.type);
    set_number(L, "bytes", double(exported.bytes));
    lua_createtable(L, int(exported.left_out.size()), 0);
    for (size_t i = 0; i < exported.left_out.size(); ++i) {
        push_string(L, exported.left_out[i]);
        lua_rawseti(L, -2, int(i + 1));
    }
    lua_setfield(L, -2, "left_out");
    luaL_newmetatable(L, "moonlet.Exported");
    lua_setmetatable(L, -2);
}

}  // namespace moonlet::bindings
