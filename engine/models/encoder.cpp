// SPDX-License-Identifier: Apache-2.0
#include "models/encoder.h"

#include <cmath>

#include "core/error.h"
#include "models/inputs.h"
#include "ops/checkpoint.h"
#include "ops/embedding.h"
#include "ops/grad.h"

namespace moonlet {

EncoderShape EncoderShape::read(const Config& c, const std::string& masked) {
    EncoderShape s;
    s.hidden = c.size("hidden_size", 768);
    s.inner = c.size("intermediate_size", 3072);
    s.layers = c.size("num_hidden_layers", 12);
    s.heads = c.size("num_attention_heads", 12);
    s.positions = c.size("max_position_embeddings", 512);
    s.types = c.size("type_vocab_size", 2);
    s.eps = c.number("layer_norm_eps", 1e-12);
    s.activation = s.head_activation = c.string("hidden_act", "gelu");
    s.init = {Init::normal, c.number("initializer_range", 0.02)};
    s.tied = c.boolean("tie_word_embeddings", true);
    for (const std::string& name : c.strings("architectures")) s.masked_head |= name == masked;
    if (c.string("position_embedding_type", "absolute") != "absolute")
        throw Error("position_embedding_type in " + c.where(), "\"absolute\"");
    if (c.boolean("is_decoder", false)) throw Error("is_decoder in " + c.where(), "an encoder");
    return s;
}

namespace {

// Rows of the position table where positions count what is no padding (fairseq's make_positions).
// Given positions count from 0, as everywhere.
at::Tensor positions_behind(const ModelInput& given, const PreparedInput& input, int64_t padding) {
    if (given.positions.defined()) return input.positions + (padding + 1);
    at::NoGradGuard no_grad;
    at::Tensor real = input.ids != padding;
    if (given.mask.defined()) real = at::logical_and(real, given.mask.to(input.ids.device()));
    at::Tensor count = real.cumsum(1);
    if (given.documents.defined()) {
        // What was counted before the first token of each token's document.
        at::Tensor index = at::arange(input.ids.size(1), input.ids.options()).unsqueeze(0);
        count = count - (count - real.to(at::kLong)).gather(1, index - input.positions);
    }
    return count * real + padding;
}

}  // namespace

void EncoderShape::check(const Config& c) const {
    if (hidden % heads != 0)
        throw Error("a hidden size of " + std::to_string(hidden) + " in " + c.where(),
                    "a multiple of the number of heads, " + std::to_string(heads));
    if (positions_after_padding && (padding_id < 0 || padding_id + 1 >= positions))
        throw Error("pad_token_id " + std::to_string(padding_id) + " in " + c.where(),
                    "0 to max_position_embeddings - 2: positions count from behind it");
}

Encoder::Block::Block(Parameters& p, const std::string& name, const EncoderShape& s,
                      const EncoderNames& n)
    : q(p.linear(name + n.q, s.hidden, s.hidden, true, s.init)),
      k(p.linear(name + n.k, s.hidden, s.hidden, true, s.init)),
      v(p.linear(name + n.v, s.hidden, s.hidden, true, s.init)),
      out(p.linear(name + n.out, s.hidden, s.hidden, true, s.init)),
      mlp_in(p.linear(name + n.mlp_in, s.hidden, s.inner, true, s.init)),
      mlp_out(p.linear(name + n.mlp_out, s.inner, s.hidden, true, s.init)),
      after_attention(p, name + n.after_attention, s.hidden, s.eps),
      after_mlp(p, name + n.after_mlp, s.hidden, s.eps),
      act(ops::activation(s.activation)),
      heads(s.heads),
      scale(1 / std::sqrt(double(s.hidden / s.heads))) {}

at::Tensor Encoder::Block::operator()(const at::Tensor& x, const ops::AttentionMask& mask) const {
    auto split = [&](const at::Tensor& t) { return heads_first(split_heads(t, heads)); };
    at::Tensor seen = ops::attention(split(q(x)), split(k(x)), split(v(x)), mask, {scale});
    at::Tensor y = after_attention(out(merge_heads(seen)) + x);
    return after_mlp(mlp_out(act(mlp_in(y))) + y);
}

// Untied, transformers adds the bias that stands beside the decoder's own weight.
Encoder::MaskedHead::MaskedHead(Parameters& p, const EncoderShape& s, const EncoderNames& n,
                                const at::Tensor& words)
    : transform(p.linear(n.transform, s.hidden, s.hidden, true, s.init)),
      norm(p, n.transform_norm, s.hidden, s.eps),
      act(ops::activation(s.head_activation)) {
    const bool own = !s.tied && p.has(n.decoder + ".bias");
    at::Tensor bias = p.tensor(own ? n.decoder + ".bias" : n.bias, {s.vocab}, {Init::zeros});
    decoder = p.tied_linear(s.tied ? words : p.tensor(n.decoder + ".weight", words.sizes(), s.init),
                            bias);
}

Encoder::Encoder(const EncoderShape& s, const EncoderNames& n, Parameters& p) : shape_(s), p_(p) {
    vocab_size_ = s.vocab;
    hidden_size_ = s.hidden;
    num_hidden_layers_ = s.layers;
    num_key_value_heads_ = s.heads;
    head_dim_ = s.hidden / s.heads;
    max_positions_ = s.positions_after_padding ? s.positions - s.padding_id - 1 : s.positions;
    // A base model saved alone has no prefix.
    const bool bare = p.has("embeddings.word_embeddings.weight");
    const std::string prefix = bare ? "" : n.body, e = prefix + "embeddings.";
    words_ = p.tensor(e + "word_embeddings.weight", {s.vocab, s.hidden}, s.init);
    positions_ = p.tensor(e + "position_embeddings.weight", {s.positions, s.hidden}, s.init);
    if (s.types > 0)
        types_ = p.tensor(e + "token_type_embeddings.weight", {s.types, s.hidden}, s.init);
    norm_.emplace(p, e + "LayerNorm", s.hidden, s.eps);
    for (int64_t i = 0; i < s.layers; ++i)
        blocks_.emplace_back(p, prefix + n.layers + std::to_string(i) + ".", s, n);
    if (p.has(prefix + "pooler.dense.weight"))
        p.linear(prefix + "pooler.dense", s.hidden, s.hidden, true);
    if (s.masked_head || p.has(n.transform + ".weight")) head_.emplace(p, s, n, words_);
    p.ignore(n.ignored);
}

at::Tensor Encoder::hidden(const ModelInput& given) {
    PreparedInput input = prepare(given, false, p_);
    const int64_t padding = shape_.padding_id;
    at::Tensor x = ops::embedding(words_, input.ids, "token id", padding);
    if (types_.defined()) {
        at::Tensor types = given.token_type_ids.defined()
                               ? given.token_type_ids.to(input.ids.device())
                               : at::zeros_like(input.ids);
        x = x + ops::embedding(types_, types, "token type");
    }
    if (shape_.positions_after_padding)
        x = x + ops::embedding(positions_, positions_behind(given, input, padding), "position",
                               padding);
    else x = x + ops::embedding(positions_, input.positions, "position");
    x = (*norm_)(x);
    for (const Block& block : blocks_)
        x = ops::checkpointed(
            x, [&block, mask = input.mask](const at::Tensor& y) { return block(y, mask); });
    return x;
}

at::Tensor Encoder::logits(const at::Tensor& hidden) {
    return head_ ? (*head_)(hidden) : Model::logits(hidden);
}

}  // namespace moonlet
