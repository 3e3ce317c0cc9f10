// SPDX-License-Identifier: Apache-2.0
// BERT (Devlin et al. 2018), the encoder behind MiniLM and most small embedding models: learned
// positions and token types, exact GELU. Source of names and defaults: transformers' BertConfig.
#include "models/encoder.h"

namespace moonlet {

namespace {

EncoderNames names() {
    EncoderNames n;
    n.body = "bert.";
    n.transform = "cls.predictions.transform.dense";
    n.transform_norm = "cls.predictions.transform.LayerNorm";
    n.decoder = "cls.predictions.decoder";
    n.bias = "cls.predictions.bias";
    n.ignored = {"embeddings.position_ids", "embeddings.token_type_ids", "cls.seq_relationship.",
                 "cls.predictions.decoder.", "cls.predictions.bias"};
    return n;
}

std::unique_ptr<Model> make(const Json& json, Parameters& parameters) {
    const Config config(json, "config.json");
    EncoderShape shape = EncoderShape::read(config, "BertForMaskedLM");
    shape.vocab = config.size("vocab_size", 30522);
    shape.padding_id = config.integer("pad_token_id", 0);
    shape.pairs_by_type = true;
    shape.check(config);
    return std::make_unique<Encoder>(shape, names(), parameters);
}

Json default_config() {
    return {{"architectures", {"BertForMaskedLM"}},
            {"vocab_size", 4096},
            {"hidden_size", 256},
            {"intermediate_size", 1024},
            {"num_hidden_layers", 6},
            {"num_attention_heads", 8},
            {"max_position_embeddings", 512},
            {"type_vocab_size", 2},
            {"layer_norm_eps", 1e-12},
            {"hidden_act", "gelu"},
            {"initializer_range", 0.02},
            {"tie_word_embeddings", true}};
}

}  // namespace

MOONLET_FAMILY(bert, make, false, default_config, "bert.",
               {.score = "classifier", .bias = true, .dense = "pooler.dense", .of_body = true})

}  // namespace moonlet
