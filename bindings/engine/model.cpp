// SPDX-License-Identifier: Apache-2.0
// models.load and models.new, and what a Model is: name, config, tokenizer, card, save. Asking it
// things is in ask.cpp.
#include <filesystem>

#include "adapters/adapter.h"
#include "bindings/convert.h"
#include "bindings/engine/adapter.h"
#include "bindings/engine/classes.h"
#include "bindings/row.h"
#include "core/error.h"
#include "core/random.h"
#include "templates/tool_calls.h"

namespace moonlet::bindings {

namespace {

const OptionTable kLoadOptions = {
    {"dtype", "\"f32\"|\"bf16\"|\"f16\"", "",
     "of the weights; absent: as in the file. Quantised weights of a GGUF stay quantised: it is "
     "what "
     "is computed between them, absent: bf16, with activations rounded to int8; f32 rounds "
     "nothing"},
    {"device", "string", "\"auto\"", "auto, cpu, cuda or cuda:N"},
    {"quant", "\"int8\"|\"int4\"|\"nf4\"|\"none\"", "as in the file",
     "quantises the linear layers while loading (m:quant_report() tells what it cost); none: the "
     "quantised weights of a GGUF become plain numbers"},
    {"group_size", "integer", "32, of nf4 64", "weights that share a scale, with quant"},
    {"base", "string", "as the adapter says", "the base model of a folder that holds an adapter"},
    {"kv", "\"int8\"", "the dtype", "keys and values stored as int8: half of bf16, not exact"},
    {"kv_budget", "integer", "a quarter of the free memory",
     "bytes of keys and values, those kept of earlier texts included; past it an error"},
};

at::ScalarType dtype_of(const std::string& name) {
    if (name == "f32" || name == "float32") return at::kFloat;
    if (name == "bf16" || name == "bfloat16") return at::kBFloat16;
    if (name == "f16" || name == "float16") return at::kHalf;
    throw Error("dtype " + quote(name), "f32, bf16 or f16");
}

void set_kv(LanguageModel& model, const Json& given) {
    if (!given.contains("kv") && !given.contains("kv_budget")) return;
    if (!model.network->causal())
        throw Error("kv options for model " + model.name, "a model that writes text");
    const std::string kind = given.value("kv", "");
    if (!kind.empty() && kind != "int8") throw Error("kv " + quote(kind), "\"int8\"");
    model.kv_int8 = kind == "int8";
    if (!given.contains("kv_budget")) return;
    const double budget = given["kv_budget"].get<double>();
    if (budget < 1) throw Error("kv_budget " + given["kv_budget"].dump(), "bytes, at least 1");
    model.kv_budget = size_t(budget);
}

int load(lua_State* L) {
    Json given = options_json(L, 2, kLoadOptions);
    LoadOptions options;
    if (given.contains("dtype")) options.dtype = dtype_of(given["dtype"].get<std::string>());
    read_option(given, "device", options.device);
    read_option(given, "quant", options.quant.type);
    read_option(given, "group_size", options.quant.group_size);
    if (options.quant.type.empty() && options.quant.group_size != 0)
        throw Error("group_size without quant", "quant = \"int8\", \"int4\" or \"nf4\"");
    std::string base;
    read_option(given, "base", base);
    const std::string folder = check_string(L, 1);
    const bool adapted = is_adapter_folder(folder);
    if (!adapted && !base.empty())
        throw Error("base for " + quote(folder, 200), "a folder with an adapter");
    auto model =
        adapted ? load_adapted(folder, base, options) : load_language_model(folder, options);
    set_kv(*model, given);
    push(L, model);
    return 1;
}

// The keys that models.new takes are its own and the family's config keys.
OptionTable new_rows(const Json& config) {
    OptionTable rows = {
        {"family", "string", "", "gpt2, llama, qwen3, …: a registered model_type"},
        {"seed", "integer", "drawn", "of the random weights"},
        {"dtype", "\"f32\"|\"bf16\"|\"f16\"", "\"f32\"", "of the weights"},
        {"device", "string", "\"auto\"", "auto, cpu, cuda or cuda:N"},
        {"name", "string", "the family", "what it is called"},
        {"tokenizer", "Tokenizer", "", "its tokenizer; sets vocab_size"},
        {"chat_template", "string", "", "Jinja text"},
        {"eos_token", "string", "", "ends a generation; one of the tokenizer's tokens"},
    };
    for (auto& entry : config.items())
        rows.push_back({entry.key().c_str(), "any", "", "a key of the family's config.json"});
    return rows;
}

int new_model_(lua_State* L) {
    lua_getfield(L, 1, "family");
    if (lua_type(L, -1) != LUA_TSTRING)
        throw Error("models.new: no family", "family = one of the registered model types",
                    "for example models.new{family = \"llama\"}");
    const std::string family = check_string(L, lua_gettop(L));
    Json config = Families::get(family).default_config();
    check_lua_options(L, 1, new_rows(config), "models.new");
    Json given = options_json(L, 1, new_rows(config));
    for (auto& [key, value] : config.items()) {
        lua_getfield(L, 1, key.c_str());
        if (!lua_isnil(L, -1)) value = to_json(L, -1);
        lua_pop(L, 1);
    }
    auto model = std::make_shared<LanguageModel>();
    lua_getfield(L, 1, "tokenizer");
    if (!lua_isnil(L, -1)) {
        model->tokenizer = check<Tokenizer>(L, lua_gettop(L));
        lua_getfield(L, 1, "vocab_size");
        if (lua_isnil(L, -1)) config["vocab_size"] = model->tokenizer->vocab_size();
    }
    config["model_type"] = family;
    uint64_t seed = draw_seed();
    read_option(given, "seed", seed);
    std::string dtype = "f32", device = "auto", eos;
    read_option(given, "dtype", dtype);
    read_option(given, "device", device);
    read_option(given, "eos_token", eos);
    Json special = Json::object();
    if (!eos.empty()) {
        auto id = model->need_tokenizer().token_to_id(eos);
        if (!id) throw Error("eos_token " + quote(eos), "a token of the tokenizer");
        model->generation_config.eos_token_ids = {*id};
        model->generation_config.json["eos_token_id"] = *id;
        config["eos_token_id"] = *id;
        special["eos_token"] = eos;
    }
    model->name = given.value("name", family);
    model->network = new_model(config, seed, dtype_of(dtype), device);
    if (given.contains("chat_template"))
        model->chat_template =
            ChatTemplate::from_source(given["chat_template"].get<std::string>(), special);
    push(L, model);
    return 1;
}

std::shared_ptr<LanguageModel> self(lua_State* L) { return check<LanguageModel>(L, 1); }

int name(lua_State* L) { return push_string(L, self(L)->name), 1; }
int folder(lua_State* L) { return push_string(L, self(L)->folder), 1; }
int config(lua_State* L) { return push_ordered_json(L, self(L)->network->config()), 1; }
int tokenizer(lua_State* L) { return push(L, self(L)->tokenizer), 1; }

int generation_config(lua_State* L) {
    return push_ordered_json(L, self(L)->generation_config.json), 1;
}

int parameters(lua_State* L) {
    lua_newtable(L);
    auto model = self(L);
    int i = 0;
    for (const auto& entry : model->network->parameters().entries()) {
        lua_createtable(L, 0, 2);
        push_string(L, entry.name);
        lua_setfield(L, -2, "name");
        push_tensor(L, model->network->parameters().dense(entry).detach());
        lua_setfield(L, -2, "tensor");
        lua_rawseti(L, -2, ++i);
    }
    return 1;
}

int describe(lua_State* L) {
    Proxy* proxy = test_proxy(L, 1, "Model");
    if (proxy && !proxy->owner) return lua_pushliteral(L, "model (released)"), 1;
    auto model = self(L);
    return push_string(L, "model " + model->name + "   " + model->describe()), 1;
}

int tool_format(lua_State* L) {
    auto model = self(L);
    auto& chat = model->chat_template;
    return push_string(L, chat ? tool_format_of(chat->source("tool_use")) : ""), 1;
}

int release(lua_State* L) {
    release_proxy(L, 1);
    return 0;
}

const bool registered = add_rows({
    {"models.load", load, "name: string, opts?: LoadOptions -> Model",
     "Opens a model: a Hugging Face folder (safetensors), a GGUF file, a LoRA adapter's folder "
     "(with its base), or \"demo\" or \"minilm\".",
     "m = models.load \"demo\"", kLoadOptions},
    {"models.new", new_model_, "opts: table -> Model",
     "Makes a model with random weights: family = \"llama\"|\"gpt2\"|\"qwen3\"|\"bert\", seed, "
     "dtype, "
     "device, name, tokenizer, chat_template, eos_token, and any key of the family's config.json "
     "(hidden_size, num_hidden_layers, …).",
     "m = models.new{family = \"llama\", hidden_size = 64, num_hidden_layers = 2, vocab_size = "
     "300}"},
    {"Model:release", release, "", "Gives the memory back now; the model is unusable afterwards.",
     ""},
    {"Model:parameters", parameters, "-> table",
     "The tensors by the checkpoint's names: {name=, tensor=} each.", "m:parameters()[1].name"},
    {"Model.name", name, "-> string", "What the model is called.", "m.name"},
    {"Model.folder", folder, "-> string", "Where it was loaded from, \"\" for a new one.", ""},
    {"Model.config", config, "-> table", "config.json.", "m.config.hidden_size"},
    {"Model.generation_config", generation_config, "-> table", "generation_config.json.", ""},
    {"Model.tokenizer", tokenizer, "-> Tokenizer?", "Its tokenizer.", "m.tokenizer:encode(\"Hi\")"},
    {"Model.tool_format", tool_format, "-> string",
     "How it writes tool calls, by its chat template: \"hermes\", \"llama3\" or \"\".",
     "m.tool_format"},
    {"Model:__tostring", describe, "-> string", "The model card in one line.", ""},
});

}  // namespace

}  // namespace moonlet::bindings
