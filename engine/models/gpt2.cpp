// SPDX-License-Identifier: Apache-2.0
// GPT-2 (Radford et al. 2019): pre-norm decoder with LayerNorm, learned positions, one fused
// projection for query, key and value, GELU by its tanh approximation; linear layers are stored
// [in, out] (Conv1D). Source of names and defaults: transformers' GPT2Config. Dropout is not
// computed.
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
    int64_t hidden, inner, layers, heads;
    double eps;
    bool scale, scale_by_layer;
    std::string activation;
    Init init, residual_init;

    explicit Shape(const Config& c)
        : hidden(c.size("n_embd", 768)),
          inner(c.size("n_inner", 4 * hidden)),
          layers(c.size("n_layer", 12)),
          heads(c.size("n_head", 12)),
          eps(c.number("layer_norm_epsilon", 1e-5)),
          scale(c.boolean("scale_attn_weights", true)),
          scale_by_layer(c.boolean("scale_attn_by_inverse_layer_idx", false)),
          activation(c.string("activation_function", "gelu_new")),
          init{Init::normal, c.number("initializer_range", 0.02)},
          // What is added to the residual stream starts smaller, so that its sum over layers does
          // not grow.
          residual_init{Init::normal, init.std / std::sqrt(2.0 * double(layers))} {
        if (hidden % heads != 0)
            throw Error("n_embd " + std::to_string(hidden) + " in " + c.where(),
                        "a multiple of n_head " + std::to_string(heads));
        if (c.boolean("add_cross_attention", false))
            throw Error("add_cross_attention in " + c.where(), "a decoder alone");
    }
};

struct Block {
    LayerNorm before_attention, before_mlp;
    Linear qkv, attention_out, mlp_in, mlp_out;
    ops::Activation act;
    int64_t heads, layer;
    double scale;

    Block(Parameters& p, const std::string& name, const Shape& s, int64_t layer)
        : before_attention(p, name + ".ln_1", s.hidden, s.eps),
          before_mlp(p, name + ".ln_2", s.hidden, s.eps),
          qkv(p.transposed_linear(name + ".attn.c_attn", s.hidden, 3 * s.hidden, true, s.init)),
          attention_out(p.transposed_linear(name + ".attn.c_proj", s.hidden, s.hidden, true,
                                            s.residual_init)),
          mlp_in(p.transposed_linear(name + ".mlp.c_fc", s.hidden, s.inner, true, s.init)),
          mlp_out(
              p.transposed_linear(name + ".mlp.c_proj", s.inner, s.hidden, true, s.residual_init)),
          act(ops::activation(s.activation)),
          heads(s.heads),
          layer(layer),
          scale(s.scale ? 1 / std::sqrt(double(s.hidden / s.heads)) : 1.0) {
        if (s.scale_by_layer) scale /= double(layer + 1);
    }

    at::Tensor attention(const at::Tensor& x, const PreparedInput& input) const {
        auto parts = qkv(x).chunk(3, -1);
        for (at::Tensor& part : parts) part = heads_first(split_heads(part, heads));
        if (input.cache)
            std::tie(parts[1], parts[2]) = input.cache->update(layer, parts[1], parts[2]);
        return attention_out(
            merge_heads(ops::attention(parts[0], parts[1], parts[2], input.mask, {scale})));
    }
    at::Tensor mlp(const at::Tensor& x) const { return mlp_out(act(mlp_in(x))); }
};

class Gpt2 : public Model {
  public:
    Gpt2(const Config& c, Parameters& p) : shape_(c), p_(p) {
        vocab_size_ = c.size("vocab_size", 50257);
        hidden_size_ = shape_.hidden;
        num_hidden_layers_ = shape_.layers;
        num_key_value_heads_ = shape_.heads;
        head_dim_ = shape_.hidden / shape_.heads;
        max_positions_ = c.size("n_positions", 1024);
        // The first published files have no prefix; ".attn.bias" there is the causal mask as a
        // buffer.
        const std::string prefix = p.has("wte.weight") ? "" : "transformer.";
        tokens_ = p.tensor(prefix + "wte.weight", {vocab_size_, hidden_size_}, shape_.init);
        positions_ = p.tensor(prefix + "wpe.weight", {max_positions_, hidden_size_}, shape_.init);
        for (int64_t i = 0; i < shape_.layers; ++i)
            blocks_.emplace_back(p, prefix + "h." + std::to_string(i), shape_, i);
        norm_.emplace(p, prefix + "ln_f", hidden_size_, shape_.eps);
        const bool tied = c.boolean("tie_word_embeddings", true) &&
                          (!p.has("lm_head.weight") || p.holds("lm_head.weight", tokens_));
        p.ignore({".attn.bias", ".attn.masked_bias", tied ? "lm_head.weight" : ".attn.bias"});
        head_ = tied ? p.tied_linear(tokens_)
                     : p.linear("lm_head", hidden_size_, vocab_size_, false, shape_.init);
    }

    at::Tensor hidden(const ModelInput& given) override {
        PreparedInput input = prepare(given, true, p_);
        at::Tensor x = ops::embedding(tokens_, input.ids) +
                       ops::embedding(positions_, input.positions, "position");
        for (const Block& block : blocks_)
            x = ops::checkpointed(x, [&block, input](at::Tensor y) {
                y = y + block.attention(block.before_attention(y), input);
                return y + block.mlp(block.before_mlp(y));
            });
        if (input.cache) input.cache->advance(input.ids.size(1));
        return (*norm_)(x);
    }

    at::Tensor logits(const at::Tensor& hidden) override { return head_(hidden); }

  private:
    Shape shape_;
    Parameters& p_;
    at::Tensor tokens_, positions_;
    std::vector<Block> blocks_;
    std::optional<LayerNorm> norm_;
    Linear head_;
};

std::unique_ptr<Model> make(const Json& config, Parameters& parameters) {
    return std::make_unique<Gpt2>(Config(config, "config.json"), parameters);
}

Json default_config() {
    return {{"architectures", {"GPT2LMHeadModel"}},
            {"vocab_size", 4096},
            {"n_embd", 256},
            {"n_layer", 6},
            {"n_head", 8},
            {"n_positions", 512},
            {"layer_norm_epsilon", 1e-5},
            {"activation_function", "gelu_new"},
            {"initializer_range", 0.02},
            {"tie_word_embeddings", true}};
}

}  // namespace

MOONLET_FAMILY(gpt2, make, true, default_config, "transformer.")

}  // namespace moonlet
