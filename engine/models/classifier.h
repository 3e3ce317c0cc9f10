// SPDX-License-Identifier: Apache-2.0
// A classification head over a family's states, as transformers' *ForSequenceClassification keep
// it: decoders have `score` over the last position, encoders the pooler (a Linear and tanh) and
// `classifier` over the first. Which states are pooled may be said in config.json by
// classifier_pooling ("cls", "mean", "max", "lasttoken"; the pooler belongs to "cls" alone). The
// families know nothing of it.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "core/json.h"
#include "models/parameters.h"

namespace moonlet {

struct Classifier {
    std::vector<std::string> labels;  // by class index
    std::string pooling;
    Linear dense;  // BERT's pooler, absent elsewhere
    Linear score;  // [hidden, labels]

    // states [B, T, hidden], mask bool [B, T] (padding at the end) -> f32 [B, labels].
    at::Tensor operator()(const at::Tensor& states, const at::Tensor& mask) const;
};

// Whether the config's architecture or the checkpoint's tensors have such a head.
bool has_classifier(const Json& config, const Parameters& parameters);
// The head that is there. Error: no number of labels in the config, names that are no strings.
Classifier read_classifier(const Json& config, Parameters& parameters, int64_t hidden, bool causal);
// A new one, drawn as the family initialises its weights; `config` is told of it. `pooling` "" =
// "lasttoken" of a decoder, "mean" of an encoder. Error: fewer than two labels, one twice, another
// kind of pooling.
Classifier new_classifier(Json& config, Parameters& parameters, int64_t hidden, bool causal,
                          const std::vector<std::string>& labels, const std::string& pooling,
                          uint64_t seed);

}  // namespace moonlet
