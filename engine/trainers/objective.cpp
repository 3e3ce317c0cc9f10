// SPDX-License-Identifier: Apache-2.0
// What an objective does unless it says otherwise: the next token of every position that counts.
#include "core/error.h"
#include "ops/cross_entropy.h"
#include "ops/grad.h"
#include "trainers/batches.h"
#include "trainers/optimizer.h"
#include "trainers/trainer.h"

MOONLET_DEFINE_REGISTRY(moonlet::ObjectiveEntry, moonlet::ObjectiveEntry)

namespace moonlet {

namespace {

constexpr int64_t kScoreElements = 1 << 24;  // 64 MB of f32 logits at a time

}  // namespace

void Objective::prepare(LanguageModel&, const TrainerOptions&, std::vector<NamedTensor>&) {}

at::Tensor Objective::loss(LanguageModel& model, const MicroBatch& batch) {
    Model& network = *model.network;
    auto head = [&](const at::Tensor& hidden) { return network.logits(hidden); };
    at::Tensor hidden = network.hidden(batch.input());
    return ops::cross_entropy(hidden, head, batch.targets.to(hidden.device())).sum;
}

Score Objective::score(LanguageModel& model, const MicroBatch& batch) {
    at::NoGradGuard no_grad;
    Model& network = *model.network;
    at::Tensor hidden = network.hidden(batch.input());
    at::Tensor targets = batch.targets.to(hidden.device()).reshape({-1});
    at::Tensor keep = at::nonzero(targets != ops::kIgnore).squeeze(1);
    targets = targets.index_select(0, keep);
    at::Tensor rows = hidden.reshape({-1, hidden.size(-1)}).index_select(0, keep);
    Score score;
    score.counted = keep.size(0);
    const int64_t chunk =
        std::max<int64_t>(1, kScoreElements / std::max<int64_t>(1, network.vocab_size()));
    for (int64_t at = 0; at < score.counted; at += chunk) {
        const int64_t n = std::min(chunk, score.counted - at);
        at::Tensor logits = network.logits(rows.narrow(0, at, n)).to(at::kFloat);
        at::Tensor wanted = targets.narrow(0, at, n);
        score.loss += at::cross_entropy_loss(logits, wanted, {}, at::Reduction::Sum).item<double>();
        score.correct += (logits.argmax(-1) == wanted).sum().item<int64_t>();
    }
    return score;
}

}  // namespace moonlet
