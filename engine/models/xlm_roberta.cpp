// SPDX-License-Identifier: Apache-2.0
// XLM-RoBERTa (Conneau et al. 2019), the encoder of bge-m3, bge-reranker and multilingual E5:
// RoBERTa's network and tensor names, read from more languages with a larger vocabulary. Source of
// defaults: transformers' XLMRobertaConfig.
#include "models/encoder.h"

namespace moonlet {

namespace {

EncoderNames names() {
    EncoderNames n;
    n.body = "roberta.";
    n.transform = "lm_head.dense";
    n.transform_norm = "lm_head.layer_norm";
    n.decoder = "lm_head.decoder";
    n.bias = "lm_head.bias";
    n.ignored = {"embeddings.position_ids", "embeddings.token_type_ids", "lm_head.decoder.",
                 "lm_head.bias"};
    return n;
}

std::unique_ptr<Model> make(const Json& json, Parameters& parameters) {
    const Config config(json, "config.json");
    EncoderShape shape = EncoderShape::read(config, "XLMRobertaForMaskedLM");
    shape.vocab = config.size("vocab_size", 30522);
    shape.padding_id = config.integer("pad_token_id", 1);
    shape.head_activation = "gelu";  // whatever hidden_act says
    shape.positions_after_padding = true;
    shape.check(config);
    return std::make_unique<Encoder>(shape, names(), parameters);
}

Json default_config() {
    return {{"architectures", {"XLMRobertaForMaskedLM"}},
            {"vocab_size", 4096},
            {"hidden_size", 256},
            {"intermediate_size", 1024},
            {"num_hidden_layers", 6},
            {"num_attention_heads", 8},
            {"max_position_embeddings", 514},
            {"type_vocab_size", 1},
            {"pad_token_id", 1},
            {"layer_norm_eps", 1e-5},
            {"hidden_act", "gelu"},
            {"initializer_range", 0.02},
            {"tie_word_embeddings", true}};
}

}  // namespace

MOONLET_FAMILY_NAMED("xlm-roberta", make, false, default_config, "roberta.",
                     {.score = "classifier.out_proj", .bias = true, .dense = "classifier.dense"})

}  // namespace moonlet
