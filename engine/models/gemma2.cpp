// SPDX-License-Identifier: Apache-2.0
// Gemma 2: a norm before and behind each half of a block, weights of norms that count from 1, the
// embedding scaled by sqrt(hidden_size), GELU in its tanh form, scores scaled by
// query_pre_attn_scalar and capped by tanh, logits capped, a sliding window on every other layer.
// Source of names and defaults: transformers' Gemma2Config (null caps mean none, absent ones the
// default).
#include <cmath>

#include "core/error.h"
#include "models/decoder.h"
#include "ops/checkpoint.h"

namespace moonlet {

namespace {

struct Shape : DecoderShape {
    bool attention_bias;
    double query_scalar, attention_cap, logit_cap;
    int64_t window;
    std::vector<bool> sliding;
    ops::RopeOptions rope;

    explicit Shape(const Config& c)
        : DecoderShape(c, {.vocab = 256000,
                           .inner = 9216,
                           .layers = 26,
                           .heads = 8,
                           .kv_heads = 4,
                           .head_dim = 256,
                           .positions = 8192,
                           .padding_id = 0,
                           .tied = true}),
          attention_bias(c.boolean("attention_bias", false)),
          query_scalar(c.number("query_pre_attn_scalar", 256)),
          attention_cap(c.number_or_none("attn_logit_softcapping", 50)),
          logit_cap(c.number_or_none("final_logit_softcapping", 30)),
          window(c.size_or_none("sliding_window", 4096)),
          sliding(sliding_layers(c, layers, [](int64_t layer) { return layer % 2 == 0; })),
          rope(rope_options(c, head_dim, positions)) {
        activation = c.string("hidden_activation", "gelu_pytorch_tanh");
        if (c.boolean("use_bidirectional_attention", false))
            throw Error("use_bidirectional_attention in " + c.where(), "a causal model");
    }

    AttentionShape attention(int64_t layer) const {
        AttentionShape shape = DecoderShape::attention();
        shape.bias = shape.out_bias = attention_bias;
        shape.scale = 1 / std::sqrt(query_scalar);
        shape.softcap = attention_cap;
        shape.sliding = window > 0 && sliding[size_t(layer)];
        return shape;
    }
};

struct Block {
    RmsNorm before_attention, after_attention, before_mlp, after_mlp;
    Attention attention;
    GatedMlp mlp;

    Block(Parameters& p, const std::string& name, const Shape& s, int64_t layer)
        : before_attention(p, name + ".input_layernorm", s.hidden, s.eps, kGemmaNorm),
          after_attention(p, name + ".post_attention_layernorm", s.hidden, s.eps, kGemmaNorm),
          before_mlp(p, name + ".pre_feedforward_layernorm", s.hidden, s.eps, kGemmaNorm),
          after_mlp(p, name + ".post_feedforward_layernorm", s.hidden, s.eps, kGemmaNorm),
          attention(p, name + ".self_attn", s.attention(layer), layer),
          mlp(p, name + ".mlp", s.hidden, s.inner, false, s.activation, s.init) {}

    static constexpr ops::NormWeight kGemmaNorm = ops::NormWeight::one_plus;
};

class Gemma2 : public Decoder {
  public:
    Gemma2(const Config& c, Parameters& p) : Decoder(p, Shape(c)), shape_(c), rope_(shape_.rope) {
        max_positions_ = scaled_context(shape_.rope, max_positions_);
        for (int64_t i = 0; i < shape_.layers; ++i)
            blocks_.emplace_back(p, layer_name(i), shape_, i);
        finish(Block::kGemmaNorm);
    }

    at::Tensor hidden(const ModelInput& given) override {
        PreparedInput input = prepare(given, true, p_, shape_.window);
        ops::Angles angles = angles_of(rope_, input, p_.dtype());
        at::Tensor x = scaled(embed(input.ids), std::sqrt(double(hidden_size_)));
        for (const Block& block : blocks_)
            x = ops::checkpointed(x, [&block, angles, input](at::Tensor y) {
                at::Tensor seen = block.attention(block.before_attention(y), angles, input);
                y = y + block.after_attention(seen);
                return y + block.after_mlp(block.mlp(block.before_mlp(y)));
            });
        return last(x, input);
    }

    at::Tensor logits(const at::Tensor& hidden) override {
        return softcapped(Decoder::logits(hidden), shape_.logit_cap);
    }

    int64_t regime(int64_t length) const override { return rope_.regime(length); }

  private:
    Shape shape_;
    ops::Rope rope_;
    std::vector<Block> blocks_;
};

std::unique_ptr<Model> make(const Json& config, Parameters& parameters) {
    return std::make_unique<Gemma2>(Config(config, "config.json"), parameters);
}

Json default_config() {
    return {{"architectures", {"Gemma2ForCausalLM"}},
            {"vocab_size", 4096},
            {"hidden_size", 256},
            {"intermediate_size", 688},
            {"num_hidden_layers", 6},
            {"num_attention_heads", 8},
            {"num_key_value_heads", 4},
            {"head_dim", 32},
            {"query_pre_attn_scalar", 32},
            {"max_position_embeddings", 512},
            {"sliding_window", 128},
            {"attn_logit_softcapping", 50.0},
            {"final_logit_softcapping", 30.0},
            {"rms_norm_eps", 1e-6},
            {"rope_theta", 10000.0},
            {"hidden_activation", "gelu_pytorch_tanh"},
            {"pad_token_id", nullptr},
            {"initializer_range", 0.02},
            {"tie_word_embeddings", true}};
}

}  // namespace

MOONLET_FAMILY(gemma2, make, true, default_config)

}  // namespace moonlet
