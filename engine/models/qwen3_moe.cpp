// SPDX-License-Identifier: Apache-2.0
// Qwen3 with experts (30B-A3B, 235B-A22B): Qwen3's attention, and in place of the MLP eight of 128
// small experts a token, except in mlp_only_layers and between every decoder_sparse_step. Source of
// names and defaults: transformers' Qwen3MoeConfig.
#include <algorithm>

#include "models/decoder.h"
#include "models/routed_mlp.h"
#include "ops/checkpoint.h"

namespace moonlet {

namespace {

struct Shape : DecoderShape {
    bool attention_bias, normalize;
    int64_t window, count, top_k, expert_inner, step;
    std::vector<double> dense_layers;
    ops::RopeOptions rope;

    explicit Shape(const Config& c)
        : DecoderShape(c, {.vocab = 151936,
                           .inner = 6144,
                           .layers = 24,
                           .kv_heads = 4,
                           .positions = 32768}),
          attention_bias(c.boolean("attention_bias", false)),
          normalize(c.boolean("norm_topk_prob", false)),
          window(c.boolean("use_sliding_window", false) ? c.size_or_none("sliding_window", 4096)
                                                        : 0),
          count(c.integer(c.has("num_local_experts") ? "num_local_experts" : "num_experts", 128)),
          top_k(c.size("num_experts_per_tok", 8)),
          expert_inner(c.size("moe_intermediate_size", 768)),
          step(c.size("decoder_sparse_step", 1)),
          dense_layers(c.numbers("mlp_only_layers")),
          rope(rope_options(c, head_dim, positions)) {}

    bool routed(int64_t layer) const {
        return count > 0 && (layer + 1) % step == 0 &&
               std::find(dense_layers.begin(), dense_layers.end(), double(layer)) ==
                   dense_layers.end();
    }
    AttentionShape attention() const {
        AttentionShape shape = DecoderShape::attention();
        shape.bias = shape.out_bias = attention_bias;
        shape.norm = AttentionShape::norm_of_heads;
        shape.eps = eps;
        shape.sliding = window > 0;
        return shape;
    }
};

struct Block {
    RmsNorm before_attention, before_mlp;
    Attention attention;
    std::optional<GatedMlp> dense;
    std::optional<RoutedMlp> routed;

    Block(Parameters& p, const std::string& name, const Shape& s, int64_t layer)
        : before_attention(p, name + ".input_layernorm", s.hidden, s.eps),
          before_mlp(p, name + ".post_attention_layernorm", s.hidden, s.eps),
          attention(p, name + ".self_attn", s.attention(), layer) {
        if (s.routed(layer))
            routed.emplace(p, name + ".mlp", RoutedMlp::Names{},
                           RoutedMlp::Sizes{s.hidden, s.expert_inner, s.count},
                           ops::RouteOptions{.top_k = s.top_k, .normalize = s.normalize},
                           s.activation, s.init);
        else dense.emplace(p, name + ".mlp", s.hidden, s.inner, false, s.activation, s.init);
    }
    at::Tensor mlp(const at::Tensor& x) const { return routed ? (*routed)(x) : (*dense)(x); }
};

class Qwen3Moe : public Decoder {
  public:
    Qwen3Moe(const Config& c, Parameters& p)
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
    return std::make_unique<Qwen3Moe>(Config(config, "config.json"), parameters);
}

Json default_config() {
    return {{"architectures", {"Qwen3MoeForCausalLM"}},
            {"vocab_size", 4096},
            {"hidden_size", 256},
            {"intermediate_size", 688},
            {"moe_intermediate_size", 96},
            {"num_hidden_layers", 6},
            {"num_attention_heads", 8},
            {"num_key_value_heads", 4},
            {"head_dim", 32},
            {"num_experts", 16},
            {"num_experts_per_tok", 4},
            {"norm_topk_prob", true},
            {"decoder_sparse_step", 1},
            {"mlp_only_layers", Json::array()},
            {"max_position_embeddings", 512},
            {"rms_norm_eps", 1e-6},
            {"rope_theta", 10000.0},
            {"hidden_act", "silu"},
            {"initializer_range", 0.02},
            {"tie_word_embeddings", true}};
}

}  // namespace

MOONLET_FAMILY(qwen3_moe, make, true, default_config)

}  // namespace moonlet
