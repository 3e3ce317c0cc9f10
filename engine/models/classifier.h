// SPDX-License-Identifier: Apache-2.0
// A classification head over a family's states, as transformers' *ForSequenceClassification keep
// it: decoders have `score` over the last position, encoders a dense layer, an activation and
// `classifier` over the first. Which states are pooled may be said in config.json by
// classifier_pooling ("cls", "mean", "max", "lasttoken"). *ForTokenClassification has one Linear
// over every position. A family says by a HeadLayout how its heads are built and named, and knows
// nothing else of them.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "core/json.h"
#include "models/parameters.h"
#include "ops/activation.h"

namespace moonlet {

// score(activation(dense(pooled))), by the tensors' names. A decoder's is `score` alone.
struct HeadLayout {
    const char* score = "score";
    bool bias = false;            // of score
    const char* dense = nullptr;  // the Linear before it, with a bias; nullptr: none
    const char* activation = "tanh";
    bool of_body = false;  // dense is the bare network's (BERT's pooler): used where it is there,
                           // and with the pooling "cls" alone
};

struct Classifier {
    std::vector<std::string> labels;  // by class index
    std::string pooling;              // "": every token has a label of its own
    Linear dense;                     // empty: none
    ops::Activation activation = nullptr;
    Linear score;  // [hidden, labels]

    // states [B, T, hidden], mask bool [B, T] (padding at the end) -> f32 [B, labels], or
    // [B, T, labels] where each token has a label.
    at::Tensor operator()(const at::Tensor& states, const at::Tensor& mask) const;
};

// Whether a tensor or a layer of that name belongs to a classification head.
bool is_classifier_name(const std::string& name);
// Whether the config's architecture or the checkpoint's tensors have such a head.
bool has_classifier(const Json& config, const Parameters& parameters);
// The head that is there. Error: no number of labels in the config, names that are no strings.
Classifier read_classifier(const Json& config, Parameters& parameters, int64_t hidden, bool causal,
                           const HeadLayout& layout);
// A new one, drawn as the family initialises its weights; `config` is told of it. `pooling` "" =
// "lasttoken" of a decoder, "mean" of an encoder. Error: fewer than two labels, one twice, another
// kind of pooling.
Classifier new_classifier(Json& config, Parameters& parameters, int64_t hidden, bool causal,
                          const HeadLayout& layout, const std::vector<std::string>& labels,
                          const std::string& pooling, uint64_t seed);

}  // namespace moonlet
