// SPDX-License-Identifier: Apache-2.0
// A label for each token of a text, by a head of *ForTokenClassification.
#include "core/error.h"
#include "generation/language_model.h"
#include "generation/text_batches.h"

namespace moonlet {

std::vector<std::vector<TokenLabel>> tag(LanguageModel& model,
                                         const std::vector<std::string>& texts, int batch_size) {
    const Classifier* head = model.network->classifier();
    if (!head || !head->pooling.empty())
        throw Error("model " + model.name + " labels no tokens", "a *ForTokenClassification model",
                    head ? "m:classify labels texts" : "");
    EncodeOptions how;
    if (const size_t most = longest_text(model)) {
        how.truncation = Truncation::longest_first;
        how.max_length = most;
    }
    const std::vector<Encoding> encoded = model.need_tokenizer().encode_batch(texts, {}, how);
    std::vector<TextIds> ids;
    for (const Encoding& text : encoded) ids.push_back({text.ids, {}});
    std::vector<std::vector<TokenLabel>> result(texts.size());
    for_each_batch(model, ids, batch_size, "tagging", [&](const TextBatch& batch) {
        at::Tensor scores = (*head)(batch.states, batch.mask).softmax(-1).cpu();
        for (size_t row = 0; row < batch.texts.size(); ++row) {
            const size_t text = batch.texts[row];
            const Encoding& e = encoded[text];
            for (size_t i = 0; i < e.ids.size(); ++i) {
                if (e.special_mask[i]) continue;
                auto [score, index] = scores[int64_t(row)][int64_t(i)].max(0);
                result[text].push_back({e.offsets[i].first, e.offsets[i].second,
                                        head->labels[size_t(index.item<int64_t>())],
                                        score.item<double>()});
            }
        }
    });
    return result;
}

}  // namespace moonlet
