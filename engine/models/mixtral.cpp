// SPDX-License-Identifier: Apache-2.0
// Mixtral (Mistral AI, 2023): Mistral's block with experts in place of the MLP, two of them for
// each token, their weights renormalised in f32. A sliding window where sliding_window is not null.
// Source of names and defaults: transformers' MixtralConfig.
#include "models/decoder.h"
#include "models/routed_mlp.h"
#include "ops/checkpoint.h"

namespace moonlet {

namespace {

struct Shape : DecoderShape {
    int64_t window, count, top_k;
    ops::RopeOptions rope;

    explicit Shape(const Config& c)
        : DecoderShape(c, {.inner = 14336, .kv_heads = 8, .positions = 131072, .eps = 1e-5}),
          window(c.size_or_none("sliding_window", 0)),
          count(c.size(c.has("num_experts") ? "num_experts" : "num_local_experts", 8)),
          top_k(c.size("num_experts_per_tok", 2)),
          rope(rope_options(c, head_dim, positions, {.theta = 1e6})) {}

    AttentionShape attention() const {
        AttentionShape shape = DecoderShape::attention();
        shape.sliding = window > 0;
        return shape;
    }
};

struct Block {
    RmsNorm before_attention, before_mlp;
    Attention attention;
    RoutedMlp mlp;

    Block(Parameters& p, const std::string& name, const Shape& s, int64_t layer)
        : before_attention(p, name + ".input_layernorm", s.hidden, s.eps),
          before_mlp(p, name + ".post_attention_layernorm", s.hidden, s.eps),
          attention(p, name + ".self_attn", s.attention(), layer),
          mlp(p, name + ".block_sparse_moe", {"gate", "w1", "w3", "w2"},
              {s.hidden, s.inner, s.count}, {.top_k = s.top_k, .keep_wide = true}, s.activation,
              s.init) {}
};

class Mixtral : public Decoder {
  public:
    Mixtral(const Config& c, Parameters& p)
        : Decoder(p, Shape(c)), shape_(c), rope_(shape_.rope) {
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
    return std::make_unique<Mixtral>(Config(config, "config.json"), parameters);
}

Json default_config() {
    return {{"architectures", {"MixtralForCausalLM"}},
            {"vocab_size", 4096},
            {"hidden_size", 256},
            {"intermediate_size", 344},
            {"num_hidden_layers", 6},
            {"num_attention_heads", 8},
            {"num_key_value_heads", 4},
            {"num_local_experts", 4},
            {"num_experts_per_tok", 2},
            {"max_position_embeddings", 512},
            {"sliding_window", nullptr},
            {"rms_norm_eps", 1e-5},
            {"rope_theta", 1e6},
            {"hidden_act", "silu"},
            {"initializer_range", 0.02},
            {"tie_word_embeddings", false}};
}

}  // namespace

MOONLET_FAMILY(mixtral, make, true, default_config)

}  // namespace moonlet
