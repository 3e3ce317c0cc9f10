// SPDX-License-Identifier: Apache-2.0
// Qwen3, dense: Llama's block with an RMSNorm of each query and key head before the rotation, no
// biases, and a head_dim of its own. Sliding windows are off in every published checkpoint; where
// use_sliding_window is on, layers from max_window_layers on have one. Source of names and
// defaults: transformers' Qwen3Config.
#include "models/decoder.h"
#include "ops/checkpoint.h"

namespace moonlet {

namespace {

struct Shape : DecoderShape {
    bool attention_bias;
    int64_t window;
    std::vector<bool> sliding;
    ops::RopeOptions rope;

    explicit Shape(const Config& c)
        : DecoderShape(c, {.vocab = 151936,
                           .inner = 22016,
                           .kv_heads = 32,
                           .head_dim = 128,
                           .positions = 32768}),
          attention_bias(c.boolean("attention_bias", false)),
          window(c.boolean("use_sliding_window", false) ? c.size_or_none("sliding_window", 4096)
                                                        : 0),
          sliding(sliding_layers(c, layers,
                                 [this, from = c.integer("max_window_layers", 28)](int64_t layer) {
                                     return window > 0 && layer >= from;
                                 })),
          rope(rope_options(c, head_dim, positions)) {}

    AttentionShape attention(int64_t layer) const {
        AttentionShape shape = DecoderShape::attention();
        shape.bias = shape.out_bias = attention_bias;
        shape.norm = AttentionShape::norm_of_heads;
        shape.eps = eps;
        shape.sliding = window > 0 && sliding[size_t(layer)];
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
          attention(p, name + ".self_attn", s.attention(layer), layer),
          mlp(p, name + ".mlp", s.hidden, s.inner, false, s.activation, s.init) {}
};

class Qwen3 : public Decoder {
  public:
    Qwen3(const Config& c, Parameters& p) : Decoder(p, Shape(c)), shape_(c), rope_(shape_.rope) {
        max_positions_ = scaled_context(shape_.rope, max_positions_);
        for (int64_t i = 0; i < shape_.layers; ++i)
            blocks_.emplace_back(p, layer_name(i), shape_, i);
        finish();
    }

    at::Tensor hidden(const ModelInput& given) override {
        PreparedInput input = prepare(given, true, p_, shape_.window);
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
    return std::make_unique<Qwen3>(Config(config, "config.json"), parameters);
}

Json default_config() {
    return {{"architectures", {"Qwen3ForCausalLM"}},
            {"vocab_size", 4096},
            {"hidden_size", 256},
            {"intermediate_size", 688},
            {"num_hidden_layers", 6},
            {"num_attention_heads", 8},
            {"num_key_value_heads", 4},
            {"head_dim", 32},
            {"max_position_embeddings", 512},
            {"attention_bias", false},
            {"rms_norm_eps", 1e-6},
            {"rope_theta", 10000.0},
            {"hidden_act", "silu"},
            {"initializer_range", 0.02},
            {"tie_word_embeddings", true}};
}

}  // namespace

MOONLET_FAMILY(qwen3, make, true, default_config)

}  // namespace moonlet
