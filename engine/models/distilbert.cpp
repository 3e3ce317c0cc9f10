// SPDX-License-Identifier: Apache-2.0
// DistilBERT (Sanh et al. 2019): half of BERT's layers, no token types, no pooler, a classification
// head with ReLU, and names of its own for everything. Source of names and defaults: transformers'
// DistilBertConfig. Sinusoidal positions stand in the checkpoint like learned ones.
#include "models/encoder.h"

namespace moonlet {

namespace {

EncoderNames names() {
    EncoderNames n;
    n.body = "distilbert.";
    n.layers = "transformer.layer.";
    n.q = "attention.q_lin";
    n.k = "attention.k_lin";
    n.v = "attention.v_lin";
    n.out = "attention.out_lin";
    n.after_attention = "sa_layer_norm";
    n.mlp_in = "ffn.lin1";
    n.mlp_out = "ffn.lin2";
    n.after_mlp = "output_layer_norm";
    n.transform = "vocab_transform";
    n.transform_norm = "vocab_layer_norm";
    n.decoder = "vocab_projector";
    n.bias = "vocab_projector.bias";
    n.ignored = {"embeddings.position_ids", "vocab_projector."};
    return n;
}

std::unique_ptr<Model> make(const Json& json, Parameters& parameters) {
    const Config c(json, "config.json");
    EncoderShape s;
    s.vocab = c.size("vocab_size", 30522);
    s.hidden = c.size("dim", 768);
    s.inner = c.size("hidden_dim", 3072);
    s.layers = c.size("n_layers", 6);
    s.heads = c.size("n_heads", 12);
    s.positions = c.size("max_position_embeddings", 512);
    s.activation = s.head_activation = c.string("activation", "gelu");
    s.init = {Init::normal, c.number("initializer_range", 0.02)};
    s.padding_id = c.integer("pad_token_id", 0);
    s.tied = c.boolean("tie_word_embeddings", true);
    for (const std::string& name : c.strings("architectures"))
        s.masked_head |= name == "DistilBertForMaskedLM";
    s.check(c);
    return std::make_unique<Encoder>(s, names(), parameters);
}

Json default_config() {
    return {{"architectures", {"DistilBertForMaskedLM"}},
            {"vocab_size", 4096},
            {"dim", 256},
            {"hidden_dim", 1024},
            {"n_layers", 6},
            {"n_heads", 8},
            {"max_position_embeddings", 512},
            {"activation", "gelu"},
            {"initializer_range", 0.02},
            {"tie_word_embeddings", true}};
}

}  // namespace

MOONLET_FAMILY(
    distilbert, make, false, default_config, "distilbert.",
    {.score = "classifier", .bias = true, .dense = "pre_classifier", .activation = "relu"})

}  // namespace moonlet
