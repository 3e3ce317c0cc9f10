// SPDX-License-Identifier: Apache-2.0
// Texts to vectors.
#include "generation/language_model.h"
#include "generation/text_batches.h"
#include "ops/pool.h"

namespace moonlet {

at::Tensor embed(LanguageModel& model, const std::vector<std::string>& texts, int batch_size) {
    at::Tensor result =
        at::zeros({static_cast<int64_t>(texts.size()), model.network->hidden_size()}, at::kFloat);
    for_each_batch(model, texts, batch_size, "embedding", [&](const TextBatch& batch) {
        at::Tensor vectors = ops::pool(batch.states, batch.mask, model.pooling);
        if (model.normalize) vectors = vectors / vectors.norm(2, {1}, true).clamp_min(1e-12);
        vectors = vectors.cpu();
        for (size_t row = 0; row < batch.texts.size(); ++row)
            result[int64_t(batch.texts[row])].copy_(vectors[int64_t(row)]);
    });
    return result;
}

}  // namespace moonlet
