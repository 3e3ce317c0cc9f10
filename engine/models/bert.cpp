// SPDX-License-Identifier: Apache-2.0
// BERT (Devlin et al. 2018), the encoder behind MiniLM and most small embedding models: learned
// positions and token types, attention in both directions, LayerNorm after each residual sum, exact
// GELU. Source of names and defaults: transformers' BertConfig. Pooler weights are kept for saving,
// not computed: hidden() is what embeddings pool over.
#include <cmath>

#include "core/error.h"
#include "formats/config.h"
#include "models/blocks.h"
#include "models/inputs.h"
#include "models/model.h"
#include "ops/checkpoint.h"
#include "ops/embedding.h"

namespace moonlet {

namespace {

struct Shape {
    int64_t hidden, inner, layers, heads, types;
    double eps;
    std::string activation;
    Init init;

    explicit Shape(const Config& c)
        : hidden(c.size("hidden_size", 768)),
          inner(c.size("intermediate_size", 3072)),
          layers(c.size("num_hidden_layers", 12)),
          heads(c.size("num_attention_heads", 12)),
          types(c.size("type_vocab_size", 2)),
          eps(c.number("layer_norm_eps", 1e-12)),
          activation(c.string("hidden_act", "gelu")),
          init{Init::normal, c.number("initializer_range", 0.02)} {
        if (hidden % heads != 0)
            throw Error("hidden_size " + std::to_string(hidden) + " in " + c.where(),
                        "a multiple of num_attention_heads " + std::to_string(heads));
        if (c.string("position_embedding_type", "absolute") != "absolute")
            throw Error("position_embedding_type in " + c.where(), "\"absolute\"");
        if (c.boolean("is_decoder", false)) throw Error("is_decoder in " + c.where(), "an encoder");
    }
};

struct Block {
    Linear q, k, v, attention_out, mlp_in, mlp_out;
    LayerNorm after_attention, after_mlp;
    ops::Activation act;
    int64_t heads;
    double scale;

    Block(Parameters& p, const std::string& name, const Shape& s)
        : q(p.linear(name + ".attention.self.query", s.hidden, s.hidden, true, s.init)),
          k(p.linear(name + ".attention.self.key", s.hidden, s.hidden, true, s.init)),
          v(p.linear(name + ".attention.self.value", s.hidden, s.hidden, true, s.init)),
          attention_out(
              p.linear(name + ".attention.output.dense", s.hidden, s.hidden, true, s.init)),
          mlp_in(p.linear(name + ".intermediate.dense", s.hidden, s.inner, true, s.init)),
          mlp_out(p.linear(name + ".output.dense", s.inner, s.hidden, true, s.init)),
          after_attention(p, name + ".attention.output.LayerNorm", s.hidden, s.eps),
          after_mlp(p, name + ".output.LayerNorm", s.hidden, s.eps),
          act(ops::activation(s.activation)),
          heads(s.heads),
          scale(1 / std::sqrt(double(s.hidden / s.heads))) {}

    at::Tensor operator()(const at::Tensor& x, const ops::AttentionMask& mask) const {
        auto split = [&](const at::Tensor& t) { return heads_first(split_heads(t, heads)); };
        at::Tensor seen = ops::attention(split(q(x)), split(k(x)), split(v(x)), mask, {scale});
        at::Tensor y = after_attention(attention_out(merge_heads(seen)) + x);
        return after_mlp(mlp_out(act(mlp_in(y))) + y);
    }
};

// The masked-language-model head of BertForMaskedLM.
struct MaskedHead {
    Linear transform, decoder;
    LayerNorm norm;
    ops::Activation act;

    MaskedHead(Parameters& p, const Shape& s, const at::Tensor& words, bool tied)
        : transform(p.linear("cls.predictions.transform.dense", s.hidden, s.hidden, true, s.init)),
          norm(p, "cls.predictions.transform.LayerNorm", s.hidden, s.eps),
          act(ops::activation(s.activation)) {
        at::Tensor bias = p.tensor("cls.predictions.bias", {words.size(0)}, {Init::zeros});
        at::Tensor weight =
            tied ? words : p.tensor("cls.predictions.decoder.weight", words.sizes(), s.init);
        decoder = p.tied_linear(weight, bias);
    }
    at::Tensor operator()(const at::Tensor& x) const { return decoder(norm(act(transform(x)))); }
};

class Bert : public Model {
  public:
    Bert(const Config& c, Parameters& p) : shape_(c), p_(p) {
        vocab_size_ = c.size("vocab_size", 30522);
        hidden_size_ = shape_.hidden;
        num_hidden_layers_ = shape_.layers;
        num_key_value_heads_ = shape_.heads;
        head_dim_ = shape_.hidden / shape_.heads;
        max_positions_ = c.size("max_position_embeddings", 512);
        padding_id_ = c.integer("pad_token_id", 0);
        const bool bare = p.has("embeddings.word_embeddings.weight");
        const std::string prefix = bare ? "" : "bert.", e = prefix + "embeddings.";
        words_ = p.tensor(e + "word_embeddings.weight", {vocab_size_, hidden_size_}, shape_.init);
        positions_ =
            p.tensor(e + "position_embeddings.weight", {max_positions_, hidden_size_}, shape_.init);
        types_ =
            p.tensor(e + "token_type_embeddings.weight", {shape_.types, hidden_size_}, shape_.init);
        norm_.emplace(p, e + "LayerNorm", hidden_size_, shape_.eps);
        for (int64_t i = 0; i < shape_.layers; ++i)
            blocks_.emplace_back(p, prefix + "encoder.layer." + std::to_string(i), shape_);
        if (p.has(prefix + "pooler.dense.weight"))
            p.linear(prefix + "pooler.dense", hidden_size_, hidden_size_, true);
        bool masked = p.has("cls.predictions.bias");
        for (const std::string& name : c.strings("architectures"))
            masked |= name == "BertForMaskedLM";
        const bool tied = c.boolean("tie_word_embeddings", true);
        if (masked) head_.emplace(p, shape_, words_, tied);
        p.ignore({"embeddings.position_ids", "embeddings.token_type_ids", "cls.seq_relationship.",
                  "cls.predictions.decoder."});
    }

    at::Tensor hidden(const ModelInput& given) override {
        PreparedInput input = prepare(given, false, p_);
        at::Tensor types = given.token_type_ids.defined()
                               ? given.token_type_ids.to(input.ids.device())
                               : at::zeros_like(input.ids);
        at::Tensor x = ops::embedding(words_, input.ids, "token id", padding_id_) +
                       ops::embedding(types_, types, "token type") +
                       ops::embedding(positions_, input.positions, "position");
        x = (*norm_)(x);
        for (const Block& block : blocks_)
            x = ops::checkpointed(
                x, [&block, mask = input.mask](const at::Tensor& y) { return block(y, mask); });
        return x;
    }

    at::Tensor logits(const at::Tensor& hidden) override {
        return head_ ? (*head_)(hidden) : Model::logits(hidden);
    }

  private:
    Shape shape_;
    Parameters& p_;
    int64_t padding_id_;
    at::Tensor words_, positions_, types_;
    std::optional<LayerNorm> norm_;
    std::vector<Block> blocks_;
    std::optional<MaskedHead> head_;
};

std::unique_ptr<Model> make(const Json& config, Parameters& parameters) {
    return std::make_unique<Bert>(Config(config, "config.json"), parameters);
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

MOONLET_FAMILY(bert, make, false, default_config, "bert.")

}  // namespace moonlet
