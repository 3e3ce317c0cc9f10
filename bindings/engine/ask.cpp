// SPDX-License-Identifier: Apache-2.0
// Asking a model: prompt text and ids, logits, likelihood, next tokens, embeddings, generation.
#include "bindings/callback.h"
#include "bindings/convert.h"
#include "bindings/engine/classes.h"
#include "bindings/engine/prompt.h"
#include "bindings/row.h"
#include "bindings/template_values.h"
#include "core/error.h"
#include "generation/generator.h"

namespace moonlet::bindings {

std::vector<int> prompt_ids(lua_State* L, int index, LanguageModel& model, bool special) {
    if (lua_istable(L, index)) return check_ids(L, index);
    const std::string text = check_string(L, index);
    const Tokenizer& tokenizer = model.need_tokenizer();
    std::vector<int> ids = tokenizer.encode(text, special);
    // A prompt that m:render wrote begins with the token that begins a text: it is not put twice.
    if (special && ids.size() > 1 && ids[0] == ids[1] && tokenizer.is_special(ids[0])) {
        const std::string begin = tokenizer.id_to_token(ids[0]);
        const bool written = text.compare(0, begin.size(), begin) == 0;
        const bool twice = text.compare(begin.size(), begin.size(), begin) == 0;
        if (written && !twice) ids.erase(ids.begin());
    }
    return ids;
}

namespace {

std::shared_ptr<LanguageModel> self(lua_State* L) { return check<LanguageModel>(L, 1); }

int logits(lua_State* L) {
    auto model = self(L);
    push_tensor(L, logits_of(*model, prompt_ids(L, 2, *model, true)));
    return 1;
}

const OptionTable kEmbedOptions = {
    {"batch_size", "integer", "32", "texts at a time"},
};

int embed_(lua_State* L) {
    auto model = self(L);
    int batch_size = 32;
    read_option(options_json(L, 3, kEmbedOptions), "batch_size", batch_size);
    push_tensor(L, embed(*model, check_strings(L, 2), batch_size));
    return 1;
}

int classify_(lua_State* L) {
    auto model = self(L);
    int batch_size = 32;
    read_option(options_json(L, 3, kEmbedOptions), "batch_size", batch_size);
    std::vector<Classification> result = classify(*model, check_strings(L, 2), batch_size);
    const std::vector<std::string>& labels = model->network->classifier()->labels;
    lua_createtable(L, int(result.size()), 0);
    for (size_t i = 0; i < result.size(); ++i) {
        const Classification& c = result[i];
        lua_createtable(L, 0, 3);
        push_string(L, c.label);
        lua_setfield(L, -2, "label");
        lua_pushnumber(L, c.scores[size_t(c.index)]);
        lua_setfield(L, -2, "score");
        lua_createtable(L, 0, int(labels.size()));
        for (size_t k = 0; k < labels.size(); ++k) {
            lua_pushnumber(L, c.scores[k]);
            lua_setfield(L, -2, labels[k].c_str());
        }
        lua_setfield(L, -2, "scores");
        lua_rawseti(L, -2, int(i + 1));
    }
    return 1;
}

int tag_(lua_State* L) {
    auto model = self(L);
    int batch_size = 32;
    read_option(options_json(L, 3, kEmbedOptions), "batch_size", batch_size);
    const std::vector<std::string> texts = check_strings(L, 2);
    const auto result = tag(*model, texts, batch_size);
    lua_createtable(L, int(result.size()), 0);
    for (size_t i = 0; i < result.size(); ++i) {
        lua_createtable(L, int(result[i].size()), 0);
        for (size_t k = 0; k < result[i].size(); ++k) {
            const TokenLabel& token = result[i][k];
            lua_createtable(L, 0, 4);
            push_string(L, texts[i].substr(token.begin, token.end - token.begin));
            lua_setfield(L, -2, "text");
            push_string(L, token.label);
            lua_setfield(L, -2, "label");
            lua_pushnumber(L, token.score);
            lua_setfield(L, -2, "score");
            lua_createtable(L, 2, 0);
            lua_pushinteger(L, lua_Integer(token.begin + 1));
            lua_rawseti(L, -2, 1);
            lua_pushinteger(L, lua_Integer(token.end));
            lua_rawseti(L, -2, 2);
            lua_setfield(L, -2, "span");
            lua_rawseti(L, -2, int(k + 1));
        }
        lua_rawseti(L, -2, int(i + 1));
    }
    return 1;
}

int rerank_(lua_State* L) {
    auto model = self(L);
    std::vector<double> scores = rerank_scores(*model, check_string(L, 2), check_strings(L, 3),
                                               int(luaL_checkinteger(L, 4)));
    lua_createtable(L, int(scores.size()), 0);
    for (size_t i = 0; i < scores.size(); ++i) {
        lua_pushnumber(L, scores[i]);
        lua_rawseti(L, -2, int(i + 1));
    }
    return 1;
}

int labels_(lua_State* L) {
    const Classifier* head = self(L)->network->classifier();
    if (!head) return lua_pushnil(L), 1;
    lua_createtable(L, int(head->labels.size()), 0);
    for (size_t k = 0; k < head->labels.size(); ++k) {
        push_string(L, head->labels[k]);
        lua_rawseti(L, -2, int(k + 1));
    }
    return 1;
}

int loglikelihood_(lua_State* L) {
    auto model = self(L);
    Likelihood result = loglikelihood(*model, check_string(L, 2), check_string(L, 3));
    lua_createtable(L, 0, 4);
    lua_pushnumber(L, result.logprob);
    lua_setfield(L, -2, "logprob");
    lua_pushboolean(L, result.greedy);
    lua_setfield(L, -2, "greedy");
    lua_pushinteger(L, result.tokens);
    lua_setfield(L, -2, "tokens");
    lua_createtable(L, int(result.logprobs.size()), 0);
    for (size_t i = 0; i < result.logprobs.size(); ++i) {
        lua_pushnumber(L, result.logprobs[i]);
        lua_rawseti(L, -2, int(i + 1));
    }
    lua_setfield(L, -2, "logprobs");
    return 1;
}

const OptionTable kNextOptions = {
    {"top", "integer", "10", "how many tokens"},
    {"temperature", "number", "1", "flattens (> 1) or sharpens (< 1) the distribution"},
    {"top_k", "integer", "0", "keeps the k most likely; 0 = off"},
    {"top_p", "number", "1", "keeps the smallest set with this mass"},
    {"min_p", "number", "0", "keeps what is at least this fraction of the most likely"},
    {"repetition_penalty", "number", "1", "divides the scores of tokens already seen"},
    {"special", "boolean", "true", "add special tokens to the text"},
};

int next(lua_State* L) {
    auto model = self(L);
    Json options = options_json(L, 3, kNextOptions);
    int top = 10;
    bool special = true;
    read_option(options, "top", top);
    read_option(options, "special", special);
    auto rows = next_tokens(*model, prompt_ids(L, 2, *model, special), top, options);
    lua_createtable(L, int(rows.size()), 0);
    for (size_t i = 0; i < rows.size(); ++i) {
        lua_createtable(L, 0, 4);
        lua_pushinteger(L, rows[i].id);
        lua_setfield(L, -2, "id");
        push_string(L, rows[i].text);
        lua_setfield(L, -2, "text");
        lua_pushnumber(L, rows[i].probability);
        lua_setfield(L, -2, "probability");
        lua_pushnumber(L, rows[i].logprob);
        lua_setfield(L, -2, "logprob");
        lua_rawseti(L, -2, int(i + 1));
    }
    return 1;
}

void set_number(lua_State* L, const char* name, double value) {
    lua_pushnumber(L, value);
    lua_setfield(L, -2, name);
}

}  // namespace

void push_result(lua_State* L, const GenerationResult& r) {
    lua_newtable(L);
    push_string(L, r.text);
    lua_setfield(L, -2, "text");
    push_ids(L, r.tokens);
    lua_setfield(L, -2, "tokens");
    push_string(L, r.finish_reason);
    lua_setfield(L, -2, "finish_reason");
    if (!r.error.empty()) {
        push_string(L, r.error);
        lua_setfield(L, -2, "error");
    }
    if (r.slid > 0) {
        set_number(L, "slid", double(r.slid));
        set_number(L, "dropped_tokens", double(r.dropped_tokens));
    }
    set_number(L, "seed", double(r.seed));
    lua_pushboolean(L, r.sampled);
    lua_setfield(L, -2, "sampled");
    lua_createtable(L, int(r.logprobs.size()), 0);
    for (size_t i = 0; i < r.logprobs.size(); ++i) {
        lua_createtable(L, 0, 2);
        lua_pushinteger(L, r.logprobs[i].id);
        lua_setfield(L, -2, "id");
        set_number(L, "logprob", r.logprobs[i].logprob);
        lua_rawseti(L, -2, int(i + 1));
    }
    lua_setfield(L, -2, "logprobs");
    lua_createtable(L, 0, 2);
    push_string(L, r.prompt_text);
    lua_setfield(L, -2, "text");
    push_ids(L, r.prompt_ids);
    lua_setfield(L, -2, "ids");
    lua_setfield(L, -2, "prompt");
    // What was drafted and how much of it was right, where something drafted.
    auto set_drafted = [&] {
        if (!r.speculated) return;
        set_number(L, "drafted_tokens", double(r.drafted_tokens));
        set_number(L, "accepted_tokens", double(r.accepted_tokens));
    };
    lua_createtable(L, 0, 5);
    set_number(L, "prompt_tokens", double(r.prompt_ids.size()));
    set_number(L, "completion_tokens", double(r.tokens.size()));
    set_number(L, "cached_tokens", double(r.cached_tokens));
    set_drafted();
    lua_setfield(L, -2, "usage");
    lua_createtable(L, 0, 6);
    set_number(L, "prompt_tokens", double(r.prompt_ids.size()));
    set_number(L, "reused_tokens", double(r.cached_tokens));
    set_number(L, "prompt_seconds", r.prompt_seconds);
    set_number(L, "first_token_seconds", r.first_token_seconds);
    set_number(L, "completion_tokens", double(r.tokens.size()));
    set_number(L, "completion_seconds", r.completion_seconds);
    set_drafted();
    lua_setfield(L, -2, "timings");
}

namespace {

OptionTable generate_rows() {
    OptionTable rows = GenerateOptions::rows();
    rows.push_back({"on_text", "function", "", "gets each piece of text; returning false stops"});
    rows.push_back(
        {"stream", "boolean", "true at the prompt", "print the text while it is written"});
    return rows;
}

// The model given as draft; a string was read with the other options.
std::shared_ptr<LanguageModel> draft_model(lua_State* L) {
    if (!lua_istable(L, 3)) return nullptr;
    lua_getfield(L, 3, "draft");
    const int top = lua_gettop(L);
    const int type = lua_type(L, top);
    std::shared_ptr<LanguageModel> model;
    if (type == LUA_TUSERDATA) model = check<LanguageModel>(L, top);
    else if (type != LUA_TNIL && type != LUA_TSTRING)
        throw Error(std::string("draft is a ") + luaL_typename(L, top), "a Model or \"ngram\"",
                    "a scripted or remote model has no probabilities to draft with");
    lua_pop(L, 1);
    return model;
}

int generate_(lua_State* L) {
    auto model = self(L);
    Json given = options_json(L, 3, GenerateOptions::rows());
    GenerateOptions options = GenerateOptions::from_json(given, model->generation_config);
    options.draft_model = draft_model(L);
    std::vector<int> ids = prompt_ids(L, 2, *model, options.special);
    int callback = 0;
    if (lua_istable(L, 3)) {
        lua_getfield(L, 3, "on_text");
        if (!lua_isnil(L, -1)) callback = lua_gettop(L);
    }
    LuaFunction function(L, callback);
    auto on_text = [&](const std::string& piece) {
        function.call(1, [&] { return push_string(L, piece), 1; });
        bool stop = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
        lua_pop(L, 1);
        return !stop;
    };
    GenerationResult result =
        callback ? generate(*model, ids, options, on_text) : generate(*model, ids, options);
    if (lua_isstring(L, 2)) result.prompt_text = check_string(L, 2);
    else if (model->tokenizer) result.prompt_text = model->tokenizer->decode(ids);
    push_result(L, result);
    return 1;
}

// The options that are no variables of the template, read from the table at 3.
struct RenderRequest {
    ChatTemplate::Options options;
    bool ids = false;
};

RenderRequest render_request(lua_State* L) {
    RenderRequest request;
    ChatTemplate::Options& options = request.options;
    if (!lua_istable(L, 3)) return request;
    auto wrong = [](const std::string& name, const char* wanted) {
        return Error("Model:render: " + name + " of another type", name + ": " + wanted);
    };
    auto flag = [&](const std::string& name, const jinja::Value& value) {
        if (!value.is_bool()) throw wrong(name, "boolean");
        return value.truthy();
    };
    std::vector<std::pair<jinja::Value, jinja::Value>> variables;
    bool prompted = false;
    const jinja::Value given = template_value(L, 3);
    if (!given.is_dict()) throw Error("Model:render: options are a list", "names and values");
    for (auto& [key, value] : given.as_dict().items) {
        const std::string name = key.str();
        if (name == "add_generation_prompt") {
            options.add_generation_prompt = flag(name, value);
            prompted = true;
        } else if (name == "continue_final_message") {
            if (value.is_string()) options.continue_field = value.as_string();
            else options.continue_field = flag(name, value) ? "content" : "";
        } else if (name == "tools" || name == "documents") {
            (name == "tools" ? options.tools : options.documents) = value.to_json();
        } else if (name == "template") {
            if (!value.is_string()) throw wrong(name, "string");
            options.name = value.as_string();
        } else if (name == "ids") {
            request.ids = flag(name, value);
        } else {
            variables.emplace_back(key, value);
        }
    }
    if (!options.continue_field.empty() && !prompted) options.add_generation_prompt = false;
    options.variables = jinja::Value::dict(std::move(variables));
    return request;
}

int render(lua_State* L) {
    auto model = self(L);
    const RenderRequest request = render_request(L);
    jinja::RenderInfo info;
    const std::string text =
        model->need_chat_template().render(to_json(L, 2), request.options, &info);
    push_string(L, text);
    if (!request.ids) return 1;
    // The template wrote the special tokens: none is added.
    const Encoding encoding = model->need_tokenizer().encode_with_offsets(text, false);
    push_ids(L, encoding.ids);
    push_ids(L, assistant_mask(encoding, info));
    return 3;
}

const bool registered = add_rows({
    {"Model:logits", logits, "prompt: string|integer[] -> Tensor",
     "The scores of every vocabulary entry after each token, f32 [tokens, vocab].",
     "m:logits({1, 2, 3}).shape[2]"},
    {"Model:embed", embed_, "texts: string|table, opts?: EmbedOptions -> Tensor",
     "One vector per text, f32 [texts, dim], pooled as the model says (mean, cls).",
     "models.load(\"minilm\"):embed{\"a cat\", \"a kitten\"}", kEmbedOptions},
    {"Model:classify", classify_, "texts: string|table, opts?: EmbedOptions -> table",
     "One {label=, score=, scores={label = probability}} per text, by a head that "
     "trainers.classify or a *ForSequenceClassification checkpoint brought.",
     "", kEmbedOptions},
    {"Model:tag", tag_, "texts: string|table, opts?: EmbedOptions -> table",
     "For each text a {text=, label=, score=, span={first, last}} for each of its tokens, by a "
     "*ForTokenClassification checkpoint (names, parts of speech).",
     "", kEmbedOptions},
    {"_models.rerank", rerank_,
     "model: Model, query: string, texts: table, batch_size: integer -> table",
     "One score for each text, for stdlib/rerank.lua.", ""},
    {"Model.labels", labels_, "-> string[]?", "The labels of its classification head, or nil.", ""},
    {"Model:loglikelihood", loglikelihood_, "context: string, continuation: string -> table",
     "How likely the continuation is: {logprob=, greedy=, tokens=, logprobs=}, natural logarithm.",
     "m:loglikelihood(\"Once upon a\", \" time\").logprob"},
    {"Model:next", next, "prompt: string|integer[], opts?: NextOptions -> NextTokens",
     "The most likely next tokens with their probabilities; prints as bars.",
     "m:next(\"Once upon a\", {top = 5})", kNextOptions},
    {"Model:generate", generate_, "prompt: string|integer[], opts?: GenerateOptions -> Generation",
     "Continues a text. Ctrl-C returns what there is.",
     "m:generate(\"Once upon a time\", {max_tokens = 40, temperature = 0.8})", generate_rows()},
    {"Model:render", render, "messages: table, opts?: table -> string",
     "The exact prompt text of a chat. opts: add_generation_prompt (true), continue_final_message, "
     "tools, documents, template (one of the model's, or Jinja text), ids, and any variable of the "
     "template, functions too. With ids = true its token ids come second and third 1 for each that "
     "the assistant says ({% generation %}), else 0.",
     "m:render{{role = \"user\", content = \"Hi\"}}"},
});

}  // namespace

}  // namespace moonlet::bindings
