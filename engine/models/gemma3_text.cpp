// SPDX-License-Identifier: Apache-2.0
// Gemma 3, the text model: Gemma 2's block with a norm of each query and key head in place of the
// cap on scores; five layers with a sliding window and a short rotary base, then one that sees
// everything with a long base, which alone is scaled. Source of names and defaults: transformers'
// Gemma3TextConfig (whose attn_logit_softcapping its model does not use).
#include <cmath>

#include "core/error.h"
#include "models/decoder.h"
#include "ops/checkpoint.h"

namespace moonlet {

namespace {

struct Shape : DecoderShape {
    bool attention_bias;
    double query_scalar, logit_cap;
    int64_t window;
    std::vector<bool> sliding;
    ops::RopeOptions local_rope, global_rope;

    explicit Shape(const Config& c)
        : DecoderShape(c, {.vocab = 262208,
                           .inner = 9216,
                           .layers = 26,
                           .heads = 8,
                           .kv_heads = 4,
                           .head_dim = 256,
                           .positions = 131072,
                           .padding_id = 0,
                           .tied = true}),
          attention_bias(c.boolean("attention_bias", false)),
          query_scalar(c.number("query_pre_attn_scalar", 256)),
          logit_cap(c.number_or_none("final_logit_softcapping", 0)),
          window(c.size_or_none("sliding_window", 4096)),
          sliding(sliding_layers(c, layers,
                                 [every = c.size("sliding_window_pattern", 6)](int64_t layer) {
                                     return (layer + 1) % every != 0;
                                 })) {
        activation = c.string("hidden_activation", "gelu_pytorch_tanh");
        if (c.boolean("use_bidirectional_attention", false))
            throw Error("use_bidirectional_attention in " + c.where(), "a causal model");
        read_ropes(c);
    }

    // One object per type of layer (transformers 5), or rope_theta, rope_local_base_freq and a
    // rope_scaling of the global layers.
    void read_ropes(const Config& c) {
        const Config both = c.object("rope_parameters"), scaling = c.object("rope_scaling");
        Config global = both.object("full_attention"), local = both.object("sliding_attention");
        if (!scaling.json().empty()) {
            Json merged = global.json();
            merged.update(scaling.json());
            global = Config(merged, scaling.where());
        }
        Json bare = c.json();
        bare.erase("rope_theta");  // of the global layers alone
        const double theta = c.number("rope_theta", 1e6);
        global_rope = rope_options(c, global, head_dim, positions, {.theta = theta});
        local_rope = rope_options(Config(bare, c.where()), local, head_dim, positions,
                                  {.theta = c.number("rope_local_base_freq", 10000)});
    }

    AttentionShape attention(int64_t layer) const {
        AttentionShape shape = DecoderShape::attention();
        shape.bias = shape.out_bias = attention_bias;
        shape.scale = 1 / std::sqrt(query_scalar);
        shape.norm = AttentionShape::norm_of_heads;
        shape.norm_weight = ops::NormWeight::one_plus;
        shape.eps = eps;
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

class Gemma3 : public Decoder {
  public:
    Gemma3(const Config& c, Parameters& p)
        : Decoder(p, Shape(c)), shape_(c), local_(shape_.local_rope), global_(shape_.global_rope) {
        for (int64_t i = 0; i < shape_.layers; ++i)
            blocks_.emplace_back(p, layer_name(i), shape_, i);
        finish(Block::kGemmaNorm);
    }

    at::Tensor hidden(const ModelInput& given) override {
        PreparedInput input = prepare(given, true, p_, shape_.window);
        ops::Angles local = angles_of(local_, input, p_.dtype()),
                    global = angles_of(global_, input, p_.dtype());
        at::Tensor x = scaled(embed(input.ids), std::sqrt(double(hidden_size_)));
        for (size_t i = 0; i < blocks_.size(); ++i) {
            const Block& block = blocks_[i];
            const ops::Angles& angles = shape_.sliding[i] ? local : global;
            x = ops::checkpointed(x, [&block, angles, input](at::Tensor y) {
                at::Tensor seen = block.attention(block.before_attention(y), angles, input);
                y = y + block.after_attention(seen);
                return y + block.after_mlp(block.mlp(block.before_mlp(y)));
            });
        }
        return last(x, input);
    }

    at::Tensor logits(const at::Tensor& hidden) override {
        return softcapped(Decoder::logits(hidden), shape_.logit_cap);
    }

    int64_t regime(int64_t length) const override { return global_.regime(length); }

  private:
    Shape shape_;
    ops::Rope local_, global_;
    std::vector<Block> blocks_;
};

std::unique_ptr<Model> make(const Json& config, Parameters& parameters) {
    return std::make_unique<Gemma3>(Config(config, "config.json"), parameters);
}

Json default_config() {
    return {{"architectures", {"Gemma3ForCausalLM"}},
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
            {"rms_norm_eps", 1e-6},
            {"rope_theta", 1000000.0},
            {"rope_local_base_freq", 10000.0},
            {"hidden_activation", "gelu_pytorch_tanh"},
            {"pad_token_id", nullptr},
            {"initializer_range", 0.02},
            {"tie_word_embeddings", true}};
}

}  // namespace

MOONLET_FAMILY(gemma3_text, make, true, default_config)

}  // namespace moonlet
