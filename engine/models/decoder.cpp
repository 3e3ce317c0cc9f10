// SPDX-License-Identifier: Apache-2.0
#include "models/decoder.h"

#include <cmath>

#include "core/error.h"

namespace moonlet {

namespace {

// Absent: the default; null: derived.
int64_t size_or(const Config& c, const char* key, int64_t fallback, int64_t derived) {
    int64_t size = c.size_or_none(key, fallback);
    return size > 0 ? size : derived;
}

}  // namespace

DecoderShape::DecoderShape(const Config& c, const DecoderDefaults& d)
    : vocab(c.size("vocab_size", d.vocab)),
      hidden(c.size("hidden_size")),
      inner(c.size("intermediate_size", d.inner)),
      layers(c.size("num_hidden_layers", d.layers)),
      heads(c.size("num_attention_heads", d.heads)),
      kv_heads(size_or(c, "num_key_value_heads", d.kv_heads, heads)),
      head_dim(size_or(c, "head_dim", d.head_dim, std::max<int64_t>(1, hidden / heads))),
      positions(c.size("max_position_embeddings", d.positions)),
      eps(c.number("rms_norm_eps", d.eps)),
      padding_id(c.has("pad_token_id")               ? c.integer("pad_token_id")
                 : c.json().contains("pad_token_id") ? -1
                                                     : d.padding_id),
      tied(c.boolean("tie_word_embeddings", d.tied)),
      activation(c.string("hidden_act", "silu")),
      init{Init::normal, c.number("initializer_range", 0.02)} {
    if (heads % kv_heads != 0)
        throw Error("num_attention_heads " + std::to_string(heads) + " in " + c.where(),
                    "a multiple of num_key_value_heads " + std::to_string(kv_heads));
}

AttentionShape DecoderShape::attention() const {
    return {hidden, heads, kv_heads, head_dim, 1 / std::sqrt(double(head_dim)), init};
}

std::vector<bool> sliding_layers(const Config& c, int64_t layers,
                                 const std::function<bool(int64_t)>& usual) {
    std::vector<bool> sliding;
    const std::vector<std::string> types = c.strings("layer_types");
    if (c.has("layer_types") && int64_t(types.size()) < layers)
        throw Error(std::to_string(types.size()) + " layer_types in " + c.where(),
                    std::to_string(layers) + ", one for each layer");
    for (int64_t i = 0; i < layers; ++i) {
        const std::string type = types.empty() ? "" : types[size_t(i)];
        if (!types.empty() && type != "sliding_attention" && type != "full_attention")
            throw Error("layer type " + quote(type) + " in " + c.where(),
                        "\"full_attention\" or \"sliding_attention\"");
        sliding.push_back(types.empty() ? usual(i) : type == "sliding_attention");
    }
    return sliding;
}

Decoder::Decoder(Parameters& p, const DecoderShape& s)
    : p_(p),
      padding_id_(s.padding_id),
      tied_(s.tied),
      bare_(p.has("embed_tokens.weight")),
      eps_(s.eps),
      init_(s.init) {
    vocab_size_ = s.vocab;
    hidden_size_ = s.hidden;
    num_hidden_layers_ = s.layers;
    num_key_value_heads_ = s.kv_heads;
    head_dim_ = s.head_dim;
    max_positions_ = s.positions;
    embedding_ = p.table((bare_ ? "" : "model.") + std::string("embed_tokens.weight"),
                         {vocab_size_, hidden_size_}, init_);
}

void Decoder::finish(ops::NormWeight kind) {
    norm_.emplace(p_, bare_ ? "norm" : "model.norm", hidden_size_, eps_, kind);
    std::vector<std::string> unused = {"rotary_emb.inv_freq"};
    const bool there = p_.has("lm_head.weight");
    if (tied_ && (!there || p_.holds("lm_head.weight", embedding_.tensor()))) {
        unused.push_back("lm_head.weight");
        head_ = p_.tied_linear(embedding_.tensor());
    } else if (there || (!bare_ && !p_.has("score.weight"))) {
        head_ = p_.linear("lm_head", hidden_size_, vocab_size_, false, init_);
    }
    p_.ignore(std::move(unused));
}

std::string Decoder::layer_name(int64_t layer) const {
    return (bare_ ? "layers." : "model.layers.") + std::to_string(layer);
}

at::Tensor Decoder::embed(const at::Tensor& ids) const {
    return embedding_(ids, "token id", padding_id_);
}

at::Tensor Decoder::last(const at::Tensor& x, const PreparedInput& input) const {
    if (input.cache) input.cache->advance(input.ids.size(1));
    return (*norm_)(x);
}

at::Tensor Decoder::logits(const at::Tensor& hidden) {
    return head_ ? head_(hidden) : Model::logits(hidden);
}

}  // namespace moonlet
