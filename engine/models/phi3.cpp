// SPDX-License-Identifier: Apache-2.0
// Phi-3, Phi-3.5 and Phi-4: Llama's block with queries, keys and values in one matrix, gate and up
// in another; in the long versions short or long rotary factors by the length of the text
// (longrope, once called "su"), so that a text growing past the original context is read anew; in
// Phi-4-mini a part of each head turns. Source of names and defaults: transformers' Phi3Config.
#include "models/decoder.h"
#include "ops/checkpoint.h"

namespace moonlet {

namespace {

// Early files called the scaling "yarn".
Config with_longrope(const Config& c) {
    Json json = c.json();
    for (const char* key : {"rope_scaling", "rope_parameters"}) {
        if (!json.contains(key) || !json[key].is_object()) continue;
        for (const char* name : {"type", "rope_type"})
            if (json[key].contains(name) && json[key][name] == "yarn") json[key][name] = "longrope";
    }
    return Config(json, c.where());
}

struct Shape : DecoderShape {
    int64_t window, original;
    ops::RopeOptions rope;

    explicit Shape(const Config& c)
        : DecoderShape(
              c,
              {.vocab = 32064, .inner = 8192, .positions = 4096, .eps = 1e-5, .padding_id = 32000}),
          window(c.size_or_none("sliding_window", 0)),
          original(c.size("original_max_position_embeddings", 4096)),
          rope(rope_options(with_longrope(c), head_dim, positions,
                            {.original = original, .may_be_partial = true})) {}
};

struct FusedAttention {
    Linear qkv, out;  // rows: all queries, all keys, all values
    int64_t heads, kv_heads, head_dim;
    Attend attend;

    FusedAttention(Parameters& p, const std::string& name, const Shape& s, int64_t layer)
        : qkv(p.linear(name + ".qkv_proj", s.hidden, (s.heads + 2 * s.kv_heads) * s.head_dim, false,
                       s.init)),
          out(p.linear(name + ".o_proj", s.heads * s.head_dim, s.hidden, false, s.init)),
          heads(s.heads),
          kv_heads(s.kv_heads),
          head_dim(s.head_dim),
          attend{layer, s.window > 0, {s.attention().scale, 0, {}}} {}

    at::Tensor operator()(const at::Tensor& x, const ops::Angles& angles,
                          const PreparedInput& input) const {
        auto parts =
            split_heads(qkv(x), heads + 2 * kv_heads).split({heads, kv_heads, kv_heads}, 2);
        return out(attend(parts[0], parts[1], parts[2], angles, input));
    }
};

struct FusedMlp {
    Linear gate_up, down;  // rows: gate, up
    ops::Activation act;

    FusedMlp(Parameters& p, const std::string& name, const Shape& s)
        : gate_up(p.linear(name + ".gate_up_proj", s.hidden, 2 * s.inner, false, s.init)),
          down(p.linear(name + ".down_proj", s.inner, s.hidden, false, s.init)),
          act(ops::activation(s.activation)) {}

    at::Tensor operator()(const at::Tensor& x) const {
        auto parts = gate_up(x).chunk(2, -1);
        return down(ops::gated(act, parts[0], parts[1]));
    }
};

struct Block {
    RmsNorm before_attention, before_mlp;
    FusedAttention attention;
    FusedMlp mlp;

    Block(Parameters& p, const std::string& name, const Shape& s, int64_t layer)
        : before_attention(p, name + ".input_layernorm", s.hidden, s.eps),
          before_mlp(p, name + ".post_attention_layernorm", s.hidden, s.eps),
          attention(p, name + ".self_attn", s, layer),
          mlp(p, name + ".mlp", s) {}
};

class Phi3 : public Decoder {
  public:
    Phi3(const Config& c, Parameters& p) : Decoder(p, Shape(c)), shape_(c), rope_(shape_.rope) {
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
    bool restarts_at(int64_t length) const override {
        return rope_.by_length() && length == shape_.original + 1;
    }

  private:
    Shape shape_;
    ops::Rope rope_;
    std::vector<Block> blocks_;
};

std::unique_ptr<Model> make(const Json& config, Parameters& parameters) {
    return std::make_unique<Phi3>(Config(config, "config.json"), parameters);
}

Json default_config() {
    return {{"architectures", {"Phi3ForCausalLM"}},
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

MOONLET_FAMILY(phi3, make, true, default_config)

}  // namespace moonlet
