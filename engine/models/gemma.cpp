// SPDX-License-Identifier: Apache-2.0
// Gemma 1: Llama's block with norms whose weights count from 1, the embedding scaled by
// sqrt(hidden_size), GELU in its tanh form in the gated MLP (which old files call "gelu") and a
// head_dim of its own. Source of names and defaults: transformers' GemmaConfig.
#include <cmath>

#include "core/error.h"
#include "models/decoder.h"
#include "ops/checkpoint.h"

namespace moonlet {

namespace {

struct Shape : DecoderShape {
    bool attention_bias;
    ops::RopeOptions rope;

    explicit Shape(const Config& c)
        : DecoderShape(c, {.vocab = 256000,
                           .inner = 24576,
                           .layers = 28,
                           .heads = 16,
                           .kv_heads = 16,
                           .head_dim = 256,
                           .positions = 8192,
                           .padding_id = 0,
                           .tied = true}),
          attention_bias(c.boolean("attention_bias", false)),
          rope(rope_options(c, head_dim, positions)) {
        activation = c.string("hidden_act", "gelu_pytorch_tanh");
        if (activation == "gelu") activation = "gelu_pytorch_tanh";
        if (c.boolean("use_bidirectional_attention", false))
            throw Error("use_bidirectional_attention in " + c.where(), "a causal model");
    }

    AttentionShape attention() const {
        AttentionShape shape = DecoderShape::attention();
        shape.bias = shape.out_bias = attention_bias;
        return shape;
    }
};

struct Block {
    RmsNorm before_attention, before_mlp;
    Attention attention;
    GatedMlp mlp;

    Block(Parameters& p, const std::string& name, const Shape& s, int64_t layer)
        : before_attention(p, name + ".input_layernorm", s.hidden, s.eps,
                           ops::NormWeight::one_plus),
          before_mlp(p, name + ".post_attention_layernorm", s.hidden, s.eps,
                     ops::NormWeight::one_plus),
          attention(p, name + ".self_attn", s.attention(), layer),
          mlp(p, name + ".mlp", s.hidden, s.inner, false, s.activation, s.init) {}
};

class Gemma : public Decoder {
  public:
    Gemma(const Config& c, Parameters& p) : Decoder(p, Shape(c)), shape_(c), rope_(shape_.rope) {
        max_positions_ = scaled_context(shape_.rope, max_positions_);
        for (int64_t i = 0; i < shape_.layers; ++i)
            blocks_.emplace_back(p, layer_name(i), shape_, i);
        finish(ops::NormWeight::one_plus);
    }

    at::Tensor hidden(const ModelInput& given) override {
        PreparedInput input = prepare(given, true, p_);
        ops::Angles angles = angles_of(rope_, input, p_.dtype());
        at::Tensor x = scaled(embed(input.ids), std::sqrt(double(hidden_size_)));
        for (const Block& block : blocks_)
            x = ops::checkpointed(x, [&block, angles, input](at::Tensor y) {
                y = y + block.attention(block.before_attention(y), angles, input);
                return y + block.mlp(block.before_mlp(y));
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
    return std::make_unique<Gemma>(Config(config, "config.json"), parameters);
}

Json default_config() {
    return {{"architectures", {"GemmaForCausalLM"}},
            {"vocab_size", 4096},
            {"hidden_size", 256},
            {"intermediate_size", 688},
            {"num_hidden_layers", 6},
            {"num_attention_heads", 8},
            {"num_key_value_heads", 4},
            {"max_position_embeddings", 512},
            {"rms_norm_eps", 1e-5},
            {"rope_theta", 10000.0},
            {"hidden_act", "gelu_pytorch_tanh"},
            {"head_dim", 32},
            {"pad_token_id", nullptr},
            {"initializer_range", 0.02},
            {"tie_word_embeddings", true}};
}

}  // namespace

MOONLET_FAMILY(gemma, make, true, default_config)

}  // namespace moonlet
