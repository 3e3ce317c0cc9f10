// SPDX-License-Identifier: Apache-2.0
// Dispatch by tokenizer.ggml.model, and the two entries that hold a tokenizer.json or what is left
// of one when its vocabulary stands in the other entries.
#include "tokenizers/gguf_vocabulary.h"

#include "core/error.h"
#include "tokenizers/gguf_tokens.h"

namespace moonlet {

namespace {

Json by_model(const GgufTokens& given) {
    if (given.model == "gpt2" || given.model == "gemma4") return gguf_bpe(given);
    if (given.model == "llama") return gguf_spm(given);
    if (given.model == "bert") return gguf_wordpiece(given);
    if (given.model == "t5") return gguf_unigram(given);
    throw Error("tokenizer.ggml.model is " + quote(given.model), "gpt2, llama, bert, t5 or gemma4");
}

}  // namespace

Json tokenizer_json_from_gguf(const Gguf& gguf) {
    if (auto* whole = gguf.find("tokenizer.huggingface.json"))
        return parse_json(whole->string(), gguf.where() + ": tokenizer.huggingface.json");
    try {
        GgufTokens given(gguf);
        Json json = by_model(given);
        if (auto* rest = gguf.find("moonlet.tokenizer")) {
            Json parts = parse_json(rest->string(), gguf.where() + ": moonlet.tokenizer");
            for (auto& [key, value] : parts.items())
                if (key != "model") json[key] = value;
            if (parts.contains("model") && parts["model"].is_object())
                for (auto& [key, value] : parts["model"].items()) json["model"][key] = value;
        }
        return json;
    } catch (const Error& e) {
        std::string text = e.what();
        if (text.find(gguf.where()) != text.npos) throw;
        throw Error(gguf.where() + ": " + text);
    }
}

}  // namespace moonlet
