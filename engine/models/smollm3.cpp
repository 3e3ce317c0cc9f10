// SPDX-License-Identifier: Apache-2.0
// SmolLM3: Llama's block, but every fourth layer does not turn its queries and keys (NoPE). Where
// use_sliding_window is on, those layers have a sliding window. Source of names and defaults:
// transformers' SmolLM3Config (in whose no_rope_layers a 1 says that the layer does turn).
#include "core/error.h"
#include "models/decoder.h"
#include "ops/checkpoint.h"

namespace moonlet {

namespace {

struct Shape : DecoderShape {
    bool attention_bias, mlp_bias;
    std::vector<bool> turns, sliding;
    int64_t window;
    ops::RopeOptions rope;

    explicit Shape(const Config& c)
        : DecoderShape(c, {.vocab = 128256,
                           .layers = 36,
                           .heads = 16,
                           .kv_heads = 4,
                           .positions = 32768,
                           .padding_id = 128004,
                           .tied = true}),
          attention_bias(c.boolean("attention_bias", false)),
          mlp_bias(c.boolean("mlp_bias", false)),
          turns(turning_layers(c)),
          window(c.boolean("use_sliding_window", false) ? c.size_or_none("sliding_window", 0) : 0),
          rope(rope_options(c, head_dim, positions)) {
        sliding = sliding_layers(
            c, layers, [this](int64_t layer) { return window > 0 && !turns[size_t(layer)]; });
    }

    std::vector<bool> turning_layers(const Config& c) const {
        const std::vector<double> given = c.numbers("no_rope_layers");
        const int64_t every = c.size("no_rope_layer_interval", 4);
        if (!given.empty() && int64_t(given.size()) < layers)
            throw Error(std::to_string(given.size()) + " no_rope_layers in " + c.where(),
                        std::to_string(layers) + ", one for each layer");
        std::vector<bool> result;
        for (int64_t i = 0; i < layers; ++i)
            result.push_back(given.empty() ? (i + 1) % every != 0 : given[size_t(i)] != 0);
        return result;
    }

    AttentionShape attention(int64_t layer) const {
        AttentionShape shape = DecoderShape::attention();
        shape.bias = shape.out_bias = attention_bias;
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
          mlp(p, name + ".mlp", s.hidden, s.inner, s.mlp_bias, s.activation, s.init) {}
};

class SmolLM3 : public Decoder {
  public:
    SmolLM3(const Config& c, Parameters& p) : Decoder(p, Shape(c)), shape_(c), rope_(shape_.rope) {
        max_positions_ = scaled_context(shape_.rope, max_positions_);
        for (int64_t i = 0; i < shape_.layers; ++i)
            blocks_.emplace_back(p, layer_name(i), shape_, i);
        finish();
    }

    at::Tensor hidden(const ModelInput& given) override {
        PreparedInput input = prepare(given, true, p_, shape_.window);
        ops::Angles angles = angles_of(rope_, input, p_.dtype());
        at::Tensor x = embed(input.ids);
        for (size_t i = 0; i < blocks_.size(); ++i) {
            const Block& block = blocks_[i];
            const ops::Angles turned = shape_.turns[i] ? angles : ops::Angles{};
            x = ops::checkpointed(x, [&block, turned, input](at::Tensor y) {
                y = y + block.attention(block.before_attention(y), turned, input);
                return y + block.mlp(block.before_mlp(y));
            });
        }
        return last(x, input);
    }

    int64_t regime(int64_t length) const override { return rope_.regime(length); }

  private:
    Shape shape_;
    ops::Rope rope_;
    std::vector<Block> blocks_;
};

std::unique_ptr<Model> make(const Json& config, Parameters& parameters) {
    return std::make_unique<SmolLM3>(Config(config, "config.json"), parameters);
}

Json default_config() {
    return {{"architectures", {"SmolLM3ForCausalLM"}},
            {"vocab_size", 4096},
            {"hidden_size", 256},
            {"intermediate_size", 688},
            {"num_hidden_layers", 6},
            {"num_attention_heads", 8},
            {"num_key_value_heads", 4},
            {"max_position_embeddings", 512},
            {"rms_norm_eps", 1e-6},
            {"rope_theta", 10000.0},
            {"hidden_act", "silu"},
            {"pad_token_id", nullptr},
            {"initializer_range", 0.02},
            {"tie_word_embeddings", true}};
}

}  // namespace

MOONLET_FAMILY(smollm3, make, true, default_config)

}  // namespace moonlet
