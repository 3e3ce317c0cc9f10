// SPDX-License-Identifier: Apache-2.0
// Llama 1 to 3.x and what shares its shape (TinyLlama, SmolLM, Yi …): pre-norm decoder, RMSNorm,
// rotary positions, grouped-query attention, SwiGLU. Source of names and defaults: transformers'
// LlamaConfig.
#include "models/decoder.h"
#include "ops/checkpoint.h"

namespace moonlet {

namespace {

struct Shape : DecoderShape {
    bool attention_bias, mlp_bias;
    ops::RopeOptions rope;

    explicit Shape(const Config& c)
        : DecoderShape(c, {}),
          attention_bias(c.boolean("attention_bias", false)),
          mlp_bias(c.boolean("mlp_bias", false)),
          rope(rope_options(c, head_dim, positions)) {}

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
        : before_attention(p, name + ".input_layernorm", s.hidden, s.eps),
          before_mlp(p, name + ".post_attention_layernorm", s.hidden, s.eps),
          attention(p, name + ".self_attn", s.attention(), layer),
          mlp(p, name + ".mlp", s.hidden, s.inner, s.mlp_bias, s.activation, s.init) {}
};

class Llama : public Decoder {
  public:
    Llama(const Config& c, Parameters& p) : Decoder(p, Shape(c)), shape_(c), rope_(shape_.rope) {
        max_positions_ = scaled_context(shape_.rope, max_positions_);
        for (int64_t i = 0; i < shape_.layers; ++i)
            blocks_.emplace_back(p, layer_name(i), shape_, i);
        finish();
    }

    at::Tensor hidden(const ModelInput& given) override {
        PreparedInput input = prepare(given, true, p_);
        ops::Angles angles = angles_of(rope_, input, p_.dtype());
        at::Tensor x = embed(input.ids);
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
    return std::make_unique<Llama>(Config(config, "config.json"), parameters);
}

Json default_config() {
    return {{"architectures", {"LlamaForCausalLM"}},
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
            {"initializer_range", 0.02},
            {"tie_word_embeddings", true}};
}

}  // namespace

MOONLET_FAMILY(llama, make, true, default_config)

}  // namespace moonlet
