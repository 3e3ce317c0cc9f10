// SPDX-License-Identifier: Apache-2.0
// gpt-oss (OpenAI, 2025): a sliding window on every second layer, a learned sink in each head's
// softmax, yarn, biases everywhere, and experts with a clamped SwiGLU whose weights stand stacked
// in one tensor a layer (MXFP4 in the public files, opened as bf16). Source of names and defaults:
// transformers' GptOssConfig.
#include "core/error.h"
#include "models/decoder.h"
#include "ops/checkpoint.h"
#include "ops/experts.h"

namespace moonlet {

namespace {

// Without any word of rotary scaling transformers assumes the published one.
Config with_rope(const Config& c) {
    if (c.has("rope_parameters") || c.has("rope_scaling")) return c;
    Json json = c.json();
    json["rope_scaling"] = {{"rope_type", "yarn"},
                            {"factor", 32.0},
                            {"beta_fast", 32.0},
                            {"beta_slow", 1.0},
                            {"truncate", false},
                            {"original_max_position_embeddings", 4096}};
    return Config(json, c.where());
}

struct Shape : DecoderShape {
    int64_t window, count, top_k;
    double alpha, limit;
    bool bias;
    std::vector<bool> sliding;
    ops::RopeOptions rope;

    explicit Shape(const Config& c)
        : DecoderShape(c, {.vocab = 201088,
                           .inner = 2880,
                           .layers = 36,
                           .heads = 64,
                           .kv_heads = 8,
                           .head_dim = 64,
                           .positions = 131072,
                           .eps = 1e-5}),
          window(c.size_or_none("sliding_window", 128)),
          count(c.size(c.has("num_experts") ? "num_experts" : "num_local_experts", 128)),
          top_k(c.size("num_experts_per_tok", 4)),
          alpha(c.number("swiglu_alpha", 1.702)),
          limit(c.number("swiglu_limit", 7.0)),
          bias(c.boolean("attention_bias", true)),
          sliding(sliding_layers(c, layers, [](int64_t layer) { return layer % 2 == 0; })),
          rope(rope_options(with_rope(c), head_dim, positions, {.theta = 150000.0})) {}

    AttentionShape attention(int64_t layer) const {
        AttentionShape shape = DecoderShape::attention();
        shape.bias = shape.out_bias = bias;
        shape.sinks = true;
        shape.sliding = window > 0 && sliding[size_t(layer)];
        return shape;
    }
};

struct Experts {
    at::Tensor router, router_bias;
    std::vector<Linear> gate_up, down;
    ops::RouteOptions routing;
    double alpha, limit;

    Experts(Parameters& p, const std::string& name, const Shape& s)
        : router(p.tensor(name + ".router.weight", {s.count, s.hidden}, s.init)),
          router_bias(p.tensor(name + ".router.bias", {s.count}, s.init)),
          gate_up(p.stacked_linears(name + ".experts.gate_up_proj", s.count, s.hidden, 2 * s.inner,
                                    s.init)),
          down(p.stacked_linears(name + ".experts.down_proj", s.count, s.inner, s.hidden, s.init)),
          routing{.top_k = s.top_k, .softmax_first = false},
          alpha(s.alpha),
          limit(s.limit) {}

    at::Tensor operator()(const at::Tensor& x) const {
        at::Tensor tokens = x.flatten(0, 1);
        ops::Routes routes = ops::route(at::linear(tokens, router, router_bias), routing);
        auto compute = [this](int64_t i, const at::Tensor& rows) {
            return down[size_t(i)](ops::clamped_swiglu(gate_up[size_t(i)](rows), alpha, limit));
        };
        return ops::experts(tokens, routes, int64_t(down.size()), compute).view(x.sizes());
    }
};

struct Block {
    RmsNorm before_attention, before_mlp;
    Attention attention;
    Experts mlp;

    Block(Parameters& p, const std::string& name, const Shape& s, int64_t layer)
        : before_attention(p, name + ".input_layernorm", s.hidden, s.eps, ops::NormWeight::wide),
          before_mlp(p, name + ".post_attention_layernorm", s.hidden, s.eps,
                     ops::NormWeight::wide),
          attention(p, name + ".self_attn", s.attention(layer), layer),
          mlp(p, name + ".mlp", s) {}
};

class GptOss : public Decoder {
  public:
    GptOss(const Config& c, Parameters& p)
        : Decoder(p, Shape(c)), shape_(c), rope_(shape_.rope) {
        max_positions_ = scaled_context(shape_.rope, max_positions_);
        for (int64_t i = 0; i < shape_.layers; ++i)
            blocks_.emplace_back(p, layer_name(i), shape_, i);
        finish(ops::NormWeight::wide);
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
    return std::make_unique<GptOss>(Config(config, "config.json"), parameters);
}

Json default_config() {
    return {{"architectures", {"GptOssForCausalLM"}},
            {"vocab_size", 4096},
            {"hidden_size", 256},
            {"intermediate_size", 256},
            {"num_hidden_layers", 6},
            {"num_attention_heads", 8},
            {"num_key_value_heads", 4},
            {"head_dim", 32},
            {"num_local_experts", 4},
            {"num_experts_per_tok", 2},
            {"sliding_window", 128},
            {"swiglu_limit", 7.0},
            {"attention_bias", true},
            {"max_position_embeddings", 512},
            {"rms_norm_eps", 1e-5},
            {"rope_theta", 150000.0},
            {"rope_scaling", {{"rope_type", "default"}}},
            {"hidden_act", "silu"},
            {"initializer_range", 0.02},
            {"tie_word_embeddings", false}};
}

}  // namespace

MOONLET_FAMILY(gpt_oss, make, true, default_config)

}  // namespace moonlet
