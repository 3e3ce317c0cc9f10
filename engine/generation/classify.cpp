// SPDX-License-Identifier: Apache-2.0
// Texts to labels by the model's classification head.
#include "core/error.h"
#include "generation/language_model.h"
#include "generation/text_batches.h"

namespace moonlet {

std::vector<Classification> classify(LanguageModel& model, const std::vector<std::string>& texts,
                                     int batch_size) {
    const Classifier* head = model.network->classifier();
    if (!head)
        throw Error("model " + model.name + " has no classification head", "one to classify with",
                    "train one: trainers.classify{model = m, data = rows of {text =, label =}}");
    if (head->pooling.empty())
        throw Error("model " + model.name + " labels tokens, not texts",
                    "a head of *ForSequenceClassification", "m:tag labels tokens");
    // A text without any token is judged by the head's bias alone.
    at::Tensor scores = at::zeros({int64_t(texts.size()), int64_t(head->labels.size())});
    for_each_batch(model, texts, batch_size, "classifying", [&](const TextBatch& batch) {
        at::Tensor part = (*head)(batch.states, batch.mask).cpu();
        for (size_t row = 0; row < batch.texts.size(); ++row)
            scores[int64_t(batch.texts[row])].copy_(part[int64_t(row)]);
    });
    const Json& config = model.network->config();
    const std::string problem =
        config.contains("problem_type") && config["problem_type"].is_string()
            ? config["problem_type"].get<std::string>()
            : "";
    if (problem == "multi_label_classification" ||
        (problem != "regression" && head->labels.size() == 1))
        scores = scores.sigmoid();
    else if (problem != "regression") scores = scores.softmax(1);
    std::vector<Classification> result;
    for (size_t i = 0; i < texts.size(); ++i) {
        const float* row = scores.const_data_ptr<float>() + int64_t(i) * scores.size(1);
        Classification c;
        c.scores.assign(row, row + scores.size(1));
        for (size_t k = 1; k < c.scores.size(); ++k)
            if (c.scores[k] > c.scores[size_t(c.index)]) c.index = int(k);
        c.label = head->labels[size_t(c.index)];
        result.push_back(std::move(c));
    }
    return result;
}

}  // namespace moonlet
