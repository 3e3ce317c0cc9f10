// SPDX-License-Identifier: Apache-2.0
// What models.load opens: a network together with its tokenizer, chat template and generation
// config, from one folder. It answers questions about text (logits, embeddings, likelihood); writing
// text is generator.h. It knows no Lua and never prints.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/json.h"
#include "models/model.h"
#include "templates/chat_template.h"
#include "tokenizers/tokenizer.h"

namespace moonlet {

// Generation defaults from generation_config.json (falling back to config.json's ids).
struct GenerationConfig {
    std::vector<int> eos_token_ids;  // all of them: any one ends a generation
    int bos_token_id = -1, pad_token_id = -1;
    bool do_sample = false;
    double temperature = 1.0, top_p = 1.0, min_p = 0.0, repetition_penalty = 1.0;
    int top_k = 0;     // 0 = off (HF's 50 is taken only when the file says so)
    Json json;         // the file as it is, for saving
};

struct LanguageModel {
    std::string name;    // "demo", or the folder's last part
    std::string folder;  // "" for a new model
    std::shared_ptr<Model> network;
    std::shared_ptr<Tokenizer> tokenizer;         // nullptr when the folder has none
    std::shared_ptr<ChatTemplate> chat_template;  // nullptr when the folder has none
    GenerationConfig generation_config;
    std::string pooling = "mean";  // of embed(): "mean", "cls" (sentence-transformers 1_Pooling)
    bool normalize = false;        // modules.json has a Normalize stage
    int max_seq_length = 0;        // sentence_bert_config.json; 0 = the network's limit

    // Error naming the model when there is no tokenizer / template.
    Tokenizer& need_tokenizer() const;
    ChatTemplate& need_chat_template() const;
    size_t bytes() const;
    // "llama · 3.4 M params · bf16 · cpu · ctx 512 · chat template yes"
    std::string describe() const;
};

// `name` as core resolve_model_path takes it. Error as load_model.
std::shared_ptr<LanguageModel> load_language_model(const std::string& name, const LoadOptions& options = {});
// The network's files plus tokenizer.json, tokenizer_config.json, chat_template.jinja and
// generation_config.json; atomic file by file.
void save_language_model(LanguageModel& model, const std::string& folder);

// f32 [T, vocab] for a causal model.
at::Tensor logits_of(LanguageModel& model, const std::vector<int>& ids);
// f32 [texts, dim]; batched by length (batch_size rows at a time), interruptible per batch.
at::Tensor embed(LanguageModel& model, const std::vector<std::string>& texts, int batch_size = 32);

struct Likelihood {
    double logprob = 0;      // natural log of p(continuation | context)
    bool greedy = false;     // every token of the continuation was the most likely one
    int tokens = 0;          // of the continuation
    std::vector<double> logprobs;
};
Likelihood loglikelihood(LanguageModel& model, const std::string& context, const std::string& continuation);

struct NextToken {
    int id;
    std::string text;
    double probability, logprob;
};
// The `top` most likely next tokens after the text's ids, most likely first (ties by lower id);
// temperature, top_k, top_p, min_p filter as the sampler would.
std::vector<NextToken> next_tokens(LanguageModel& model, const std::vector<int>& ids, int top,
                                   const Json& options = {});

}  // namespace moonlet
