// SPDX-License-Identifier: Apache-2.0
// OLMo 2: Llama's parts in another order. Nothing is normalised before attention and MLP, each
// one's result is, before it joins the residual stream; queries and keys are normalised over all
// their heads together, and turn in f32. Weights of norms multiply in f32. Source of names and
// defaults: transformers' Olmo2Config.
#include "models/decoder.h"
#include "ops/checkpoint.h"

namespace moonlet {

namespace {

struct Shape : DecoderShape {
    bool attention_bias;
    ops::RopeOptions rope;

    explicit Shape(const Config& c)
        : DecoderShape(c, {.vocab = 50304, .eps = 1e-5, .padding_id = 1}),
          attention_bias(c.boolean("attention_bias", false)),
          rope(rope_options(c, head_dim, positions)) {}

    AttentionShape attention() const {
        AttentionShape shape = DecoderShape::attention();
        shape.bias = shape.out_bias = attention_bias;
        shape.norm = AttentionShape::norm_of_all;
        shape.norm_weight = ops::NormWeight::wide;
        shape.eps = eps;
        return shape;
    }
};

struct Block {
    RmsNorm after_attention, after_mlp;
    Attention attention;
    GatedMlp mlp;

    Block(Parameters& p, const std::string& name, const Shape& s, int64_t layer)
        : after_attention(p, name + ".post_attention_layernorm", s.hidden, s.eps,
                          ops::NormWeight::wide),
          after_mlp(p, name + ".post_feedforward_layernorm", s.hidden, s.eps,
                    ops::NormWeight::wide),
          attention(p, name + ".self_attn", s.attention(), layer),
          mlp(p, name + ".mlp", s.hidden, s.inner, false, s.activation, s.init) {}
};

class Olmo2 : public Decoder {
  public:
    Olmo2(const Config& c, Parameters& p) : Decoder(p, Shape(c)), shape_(c), rope_(shape_.rope) {
        max_positions_ = scaled_context(shape_.rope, max_positions_);
        for (int64_t i = 0; i < shape_.layers; ++i)
            blocks_.emplace_back(p, layer_name(i), shape_, i);
        finish(ops::NormWeight::wide);
    }

    at::Tensor hidden(const ModelInput& given) override {
        PreparedInput input = prepare(given, true, p_);
        ops::Angles angles = angles_of(rope_, input, at::kFloat);
        at::Tensor x = embed(input.ids);
        for (const Block& block : blocks_)
            x = ops::checkpointed(x, [&block, angles, input](at::Tensor y) {
                y = y + block.after_attention(block.attention(y, angles, input));
                return y + block.after_mlp(block.mlp(y));
            });
        return last(x, input);
    }

    int64_t regime(int64_t length) const override { return rope_.regime(length); }

  private:
    Shape shape_;
    ops::Rope rope_;
    std::vector<Block> blocks_;
};

std::unique_ptr<Model> make(const Json& config, Parameters& parameters) {
    return std::make_unique<Olmo2>(Config(config, "config.json"), parameters);
}

Json default_config() {
    return {{"architectures", {"Olmo2ForCausalLM"}},
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
            {"pad_token_id", nullptr},
            {"initializer_range", 0.02},
            {"tie_word_embeddings", true}};
}

}  // namespace

MOONLET_FAMILY(olmo2, make, true, default_config)

}  // namespace moonlet
