// SPDX-License-Identifier: Apache-2.0
// A query and each of many texts through a cross-encoder. What is cut, which activation and in what
// precision follows sentence-transformers' CrossEncoder.predict.
#include <algorithm>

#include "core/error.h"
#include "generation/language_model.h"
#include "generation/text_batches.h"

namespace moonlet {

namespace {

at::Tensor activated(const at::Tensor& scores, const std::string& path) {
    // A class of someone's own is not run: sentence-transformers then takes its default, too.
    const std::string name =
        path.rfind("torch.", 0) == 0 ? path.substr(path.rfind('.') + 1) : "Sigmoid";
    if (name == "Sigmoid") return scores.sigmoid();
    if (name == "Identity") return scores;
    if (name == "Tanh") return scores.tanh();
    throw Error("the model's activation " + quote(path), "torch's Sigmoid, Identity or Tanh");
}

// Whether the network is told which token is of which text: as tokenizer_config.json says, else as
// the family's own tokenizer does it.
bool types_wanted(const LanguageModel& model) {
    const Json& config = model.tokenizer_config;
    if (!config.is_object() || !config.contains("model_input_names"))
        return model.network->pairs_by_type();
    const Json& names = config["model_input_names"];
    return names.is_array() &&
           std::find(names.begin(), names.end(), "token_type_ids") != names.end();
}

}  // namespace

std::vector<double> rerank_scores(LanguageModel& model, const std::string& query,
                                  const std::vector<std::string>& texts, int batch_size) {
    const Classifier* head = model.network->classifier();
    if (!head || head->pooling.empty() || head->labels.size() != 1)
        throw Error("model " + model.name + " is no cross-encoder",
                    "a *ForSequenceClassification model with one label, such as a bge-reranker",
                    head ? "with " + std::to_string(head->labels.size()) +
                               " labels it classifies: m:classify"
                         : "m:embed compares texts by their vectors");
    EncodeOptions how;
    how.truncation = Truncation::longest_first;
    if (const size_t most = longest_text(model)) how.max_length = most;
    else how.truncation = Truncation::none;
    const std::vector<std::string> queries(texts.size(), query);
    const bool typed = types_wanted(model);
    std::vector<TextIds> pairs;
    for (Encoding& pair : model.need_tokenizer().encode_batch(queries, texts, how)) {
        if (!typed) pair.type_ids.clear();
        pairs.push_back({std::move(pair.ids), std::move(pair.type_ids)});
    }
    at::Tensor scores = at::zeros({int64_t(texts.size())});
    for_each_batch(model, pairs, batch_size, "reranking", [&](const TextBatch& batch) {
        at::Tensor part = (*head)(batch.states, batch.mask).cpu();
        for (size_t row = 0; row < batch.texts.size(); ++row)
            scores[int64_t(batch.texts[row])].copy_(part[int64_t(row)][0]);
    });
    scores = activated(scores, model.activation);
    const float* values = scores.const_data_ptr<float>();
    return {values, values + scores.numel()};
}

}  // namespace moonlet
