// SPDX-License-Identifier: Apache-2.0
// Granite 3, dense: Llama's block with four numbers from config.json: the embedding, what each half
// of a block adds, the scores of attention (in place of 1 / sqrt(head_dim)) and, dividing, the
// logits are scaled. Source of names and defaults: transformers' GraniteConfig.
#include "models/decoder.h"
#include "ops/checkpoint.h"

namespace moonlet {

namespace {

struct Shape : DecoderShape {
    bool attention_bias, mlp_bias;
    double embedding_scale, residual_scale, attention_scale, logit_divisor;
    ops::RopeOptions rope;

    explicit Shape(const Config& c)
        : DecoderShape(c, {}),
          attention_bias(c.boolean("attention_bias", false)),
          mlp_bias(c.boolean("mlp_bias", false)),
          embedding_scale(c.number("embedding_multiplier", 1)),
          residual_scale(c.number("residual_multiplier", 1)),
          attention_scale(c.number("attention_multiplier", 1)),
          logit_divisor(c.number("logits_scaling", 1)),
          rope(rope_options(c, head_dim, positions)) {}

    AttentionShape attention() const {
        AttentionShape shape = DecoderShape::attention();
        shape.bias = shape.out_bias = attention_bias;
        shape.scale = attention_scale;
        return shape;
    }
};

struct Block {
    RmsNorm before_attention, before_mlp;
    Attention attention;
    GatedMlp mlp;

    Block(Parameters& p, const std::string& name, const Shape& s, int64_t layer)
        : before_attention(p, name + ".input_layernorm", s.hidden, s.eps),
          before_mlp(p, name + ".post_attention_layernorm", s.hidden, s.eps),
          attention(p, name + ".self_attn", s.attention(), layer),
          mlp(p, name + ".mlp", s.hidden, s.inner, s.mlp_bias, s.activation, s.init) {}
};

class Granite : public Decoder {
  public:
    Granite(const Config& c, Parameters& p) : Decoder(p, Shape(c)), shape_(c), rope_(shape_.rope) {
        max_positions_ = scaled_context(shape_.rope, max_positions_);
        for (int64_t i = 0; i < shape_.layers; ++i)
            blocks_.emplace_back(p, layer_name(i), shape_, i);
        finish();
    }

    at::Tensor hidden(const ModelInput& given) override {
        PreparedInput input = prepare(given, true, p_);
        ops::Angles angles = angles_of(rope_, input, p_.dtype());
        at::Tensor x = embed(input.ids) * shape_.embedding_scale;
        for (const Block& block : blocks_)
            x = ops::checkpointed(
                x, [&block, angles, input, scale = shape_.residual_scale](at::Tensor y) {
                    y = y + block.attention(block.before_attention(y), angles, input) * scale;
                    return y + block.mlp(block.before_mlp(y)) * scale;
                });
        return last(x, input);
    }

    at::Tensor logits(const at::Tensor& hidden) override {
        return Decoder::logits(hidden) / shape_.logit_divisor;
    }

    int64_t regime(int64_t length) const override { return rope_.regime(length); }

  private:
    Shape shape_;
    ops::Rope rope_;
    std::vector<Block> blocks_;
};

std::unique_ptr<Model> make(const Json& config, Parameters& parameters) {
    return std::make_unique<Granite>(Config(config, "config.json"), parameters);
}

Json default_config() {
    return {{"architectures", {"GraniteForCausalLM"}},
            {"vocab_size", 4096},
            {"hidden_size", 256},
            {"intermediate_size", 688},
            {"num_hidden_layers", 6},
            {"num_attention_heads", 8},
            {"num_key_value_heads", 4},
            {"max_position_embeddings", 512},
            {"rms_norm_eps", 1e-5},
            {"rope_theta", 10000.0},
            {"hidden_act", "silu"},
            {"attention_multiplier", 0.17677669529663687},
            {"initializer_range", 0.02},
            {"tie_word_embeddings", true}};
}

}  // namespace

MOONLET_FAMILY(granite, make, true, default_config)

}  // namespace moonlet
