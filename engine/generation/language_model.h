// SPDX-License-Identifier: Apache-2.0
// What models.load opens: a network together with its tokenizer, chat template and generation
// config, from one folder or one GGUF file. It answers questions about text (logits, embeddings,
// likelihood); writing text is generator.h. It knows no Lua and never prints.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/options.h"
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
    int top_k = 0;           // 0 = off (HF's 50 is taken only when the file says so)
    int max_new_tokens = 0;  // 0 = not said
    Json json;               // the file as it is, for saving; null when there is none

    // From the two files' contents, either may be null. Error: a value of another type.
    static GenerationConfig from_json(const Json& generation_config, const Json& config);
};

class KvStore;  // generation/kv_store.h

struct LanguageModel {
    std::string name;    // "demo", or the folder's last part
    std::string folder;  // or the GGUF file; "" for a new model
    std::shared_ptr<Model> network;
    std::shared_ptr<Tokenizer> tokenizer;         // nullptr when the folder has none
    std::shared_ptr<ChatTemplate> chat_template;  // nullptr when the folder has none
    GenerationConfig generation_config;
    Json tokenizer_config;  // tokenizer_config.json as it is, for saving; null when there is none
    std::string pooling = "mean";  // of embed(): "mean", "cls", "max", "lasttoken" (1_Pooling)
    bool normalize = false;        // modules.json has a Normalize stage
    int max_seq_length = 0;        // sentence_bert_config.json; 0 = the network's limit
    // What a cross-encoder's score goes through, as sentence-transformers writes it
    // ("torch.nn.modules.linear.Identity"); "" = its default, Sigmoid.
    std::string activation;
    // How keys and values are kept: bytes of all that are held (0 = a quarter of what is free at
    // first use), and whether as int8.
    size_t kv_budget = 0;
    bool kv_int8 = false;

    // Error naming the model when there is no tokenizer / template.
    Tokenizer& need_tokenizer() const;
    ChatTemplate& need_chat_template() const;
    // What it keeps of texts it has read, so that later ones read only what is new. It notices
    // weights that were trained or exchanged. Error: an encoder.
    const std::shared_ptr<KvStore>& kv();
    void forget() { kv_.reset(); }
    size_t bytes() const;  // weights, keys and values held, tokenizer
    // "llama · 3.4 M params · bf16 · cpu · ctx 512 · chat template yes"
    std::string describe() const;

  private:
    std::shared_ptr<KvStore> kv_;
};

// `name` as core resolve_model_path takes it: a folder, or a .gguf file (of shards, any one), or a
// folder that holds one GGUF model. Error: no such path, what is not a model (another file, a
// pickle, no config.json), and as load_model.
std::shared_ptr<LanguageModel> load_language_model(const std::string& name,
                                                   const LoadOptions& options = {});

// How the weights of a path stand there: "f32", "f16", "bf16", "quantised". Error: as loading.
std::string stored_type(const std::string& name);

struct ExportOptions {
    std::string format;  // "hf", "gguf"; "" = by the path: gguf where it ends in .gguf
    // Of the weights: "f32", "f16", "bf16"; for gguf also "q8_0", "q4_0", "q4_1", "q4_k", "q6_k".
    // "" = the network's own.
    std::string type;
    int64_t shard_bytes = 5'000'000'000;  // hf: beyond it, several weight files and an index
};
struct Exported {
    std::string path, format, type;
    std::vector<std::string> left_out;  // tensors that the format has no place for
    int64_t bytes = 0;                  // of what was written
};
// Everything a folder holds: the network's files plus tokenizer.json, tokenizer_config.json, chat
// templates and generation_config.json, atomic file by file; or one GGUF file with all of it.
// Interruptible. Error: an unknown format or type, and as save_model and save_gguf.
Exported save_language_model(LanguageModel& model, const std::string& path,
                             const ExportOptions& options = {});

// How two models answer the same: for what was written and opened again.
struct PromptCheck {
    std::string prompt;  // the text, or the rendered chat
    bool chat = false;
    bool same_text = true;         // chat: both templates render it alike
    bool same_ids = true;          // both tokenizers give the same ids
    bool double_begin = false;     // the second one's ids begin with two beginnings of a text
    int tokens = 0, same_top = 0;  // positions, and those with the same likeliest next token
    int real_changes = 0;   // others: those where the first model's choice was not a near tie
    double divergence = 0;  // KL(first || second), mean over the positions, nats
    double difference = 0;  // largest absolute difference of logits (encoders: of embeddings)
    double surprise = 0;    // -log p of the prompt's own tokens after its first, by the first model
    double surprise_of_second = 0;
    double cosine = 1;  // encoders: of the two embeddings
};
// One row per prompt and per chat (an array of messages); prompts longer than either model's
// context are cut. Error: models of different kinds or vocabularies. Interruptible.
std::vector<PromptCheck> compare_models(LanguageModel& first, LanguageModel& second,
                                        const std::vector<std::string>& prompts,
                                        const std::vector<Json>& chats);

// f32 [T, vocab] on the CPU, for a causal model. Interruptible (throws Interrupted), as all below.
at::Tensor logits_of(LanguageModel& model, const std::vector<int>& ids);
// f32 [texts, dim] on the CPU; batched by length (batch_size rows at a time), interruptible per
// batch. A text longer than max_seq_length (or the context) is cut, its special tokens kept; one
// without any token gives zeros. A causal model gives the pooled states after its last norm.
at::Tensor embed(LanguageModel& model, const std::vector<std::string>& texts, int batch_size = 32);

struct Classification {
    std::string label;           // of the highest score, the first one of equals
    int index = 0;               // its class
    std::vector<double> scores;  // in the order of the head's labels, see below
};
// One per text, by the network's classification head; cut and batched as embed. Scores go through
// what transformers' pipeline chooses: softmax over the classes, sigmoid for one label or
// problem_type multi_label_classification, nothing for regression. Error: no head, or one that
// labels tokens.
std::vector<Classification> classify(LanguageModel& model, const std::vector<std::string>& texts,
                                     int batch_size = 32);

struct TokenLabel {
    size_t begin, end;  // the token's bytes in its text, [begin, end)
    std::string label;  // the likeliest, and its probability
    double score;
};
// For each text its tokens, those of no text left out; cut and batched as embed. Error: no head
// that labels tokens.
std::vector<std::vector<TokenLabel>> tag(LanguageModel& model,
                                         const std::vector<std::string>& texts,
                                         int batch_size = 32);

// How well each text answers the query: the score that a cross-encoder (a classification head with
// one label) gives the two read together, as sentence-transformers' CrossEncoder computes it; pairs
// too long are cut at the longer text. Error: no such head, no tokenizer, an activation that is not
// known.
std::vector<double> rerank_scores(LanguageModel& model, const std::string& query,
                                  const std::vector<std::string>& texts, int batch_size = 32);

struct Likelihood {
    double logprob = 0;   // natural log of p(continuation | context)
    bool greedy = false;  // every token of the continuation was the most likely one
    int tokens = 0;       // of the continuation
    std::vector<double> logprobs;
};
// Cut as lm-evaluation-harness does: blanks at the end of the context belong to the continuation,
// whose ids are those of the whole text past the context's count. An empty context is the model's
// bos (else eos) token. Error: no tokenizer, an empty context without such a token, too long.
Likelihood loglikelihood(LanguageModel& model, const std::string& context,
                         const std::string& continuation);

struct NextToken {
    int id;
    std::string text;
    double probability, logprob;
};
// The `top` most likely next tokens after the text's ids, most likely first (ties by lower id);
// temperature (default 1), top_k, top_p, min_p, repetition_penalty filter as the sampler would;
// filtered ids are left out. `options` is checked Json of next_token_rows() ("top" is passed
// apart).
std::vector<NextToken> next_tokens(LanguageModel& model, const std::vector<int>& ids, int top,
                                   const Json& options = {});
const OptionTable& next_token_rows();

}  // namespace moonlet
