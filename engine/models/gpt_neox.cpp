// SPDX-License-Identifier: Apache-2.0
// GPT-NeoX and Pythia: LayerNorm with biases everywhere, attention and MLP side by side on the same
// residual stream (or one after the other), queries, keys and values in one matrix head by head, a
// quarter of each head turns. Source of names and defaults: transformers' GPTNeoXConfig. Dropout is
// not computed.
#include <cmath>

#include "core/error.h"
#include "models/blocks.h"
#include "models/model.h"
#include "models/rope_config.h"
#include "ops/checkpoint.h"
#include "ops/embedding.h"

namespace moonlet {

namespace {

struct Shape {
    int64_t hidden, inner, layers, heads, positions;
    double eps;
    bool attention_bias, parallel, tied;
    std::string activation;
    Init init;
    ops::RopeOptions rope;

    explicit Shape(const Config& c)
        : hidden(c.size("hidden_size")),
          inner(c.size("intermediate_size", 24576)),
          layers(c.size("num_hidden_layers", 44)),
          heads(c.size("num_attention_heads", 64)),
          positions(c.size("max_position_embeddings", 2048)),
          eps(c.number("layer_norm_eps", 1e-5)),
          attention_bias(c.boolean("attention_bias", true)),
          parallel(c.boolean("use_parallel_residual", true)),
          tied(c.boolean("tie_word_embeddings", false)),
          activation(c.string("hidden_act", "gelu")),
          init{Init::normal, c.number("initializer_range", 0.02)} {
        if (hidden % heads != 0)
            throw Error("hidden_size " + std::to_string(hidden) + " in " + c.where(),
                        "a multiple of num_attention_heads " + std::to_string(heads));
        rope = rope_options(c, hidden / heads, positions,
                            {.theta = c.number("rotary_emb_base", 10000),
                             .partial = c.number("rotary_pct", 0.25),
                             .may_be_partial = true});
    }
};

struct Block {
    LayerNorm before_attention, before_mlp;
    Linear qkv, attention_out, mlp_in, mlp_out;
    ops::Activation act;
    int64_t heads;
    Attend attend;

    Block(Parameters& p, const std::string& name, const Shape& s, int64_t layer)
        : before_attention(p, name + ".input_layernorm", s.hidden, s.eps),
          before_mlp(p, name + ".post_attention_layernorm", s.hidden, s.eps),
          qkv(p.linear(name + ".attention.query_key_value", s.hidden, 3 * s.hidden,
                       s.attention_bias, s.init)),
          attention_out(
              p.linear(name + ".attention.dense", s.hidden, s.hidden, s.attention_bias, s.init)),
          mlp_in(p.linear(name + ".mlp.dense_h_to_4h", s.hidden, s.inner, true, s.init)),
          mlp_out(p.linear(name + ".mlp.dense_4h_to_h", s.inner, s.hidden, true, s.init)),
          act(ops::activation(s.activation)),
          heads(s.heads),
          attend{layer, false, {1 / std::sqrt(double(s.hidden / s.heads)), 0, {}}} {}

    // Rows of the matrix: the first head's query, key and value, then the second head's …
    at::Tensor attention(const at::Tensor& x, const ops::Angles& angles,
                         const PreparedInput& input) const {
        auto parts = split_heads(qkv(x), heads).chunk(3, -1);
        return attention_out(attend(parts[0], parts[1], parts[2], angles, input));
    }
    at::Tensor mlp(const at::Tensor& x) const { return mlp_out(act(mlp_in(x))); }
};

class GptNeoX : public Model {
  public:
    GptNeoX(const Config& c, Parameters& p) : shape_(c), p_(p), rope_(shape_.rope) {
        vocab_size_ = c.size("vocab_size", 50432);
        hidden_size_ = shape_.hidden;
        num_hidden_layers_ = shape_.layers;
        num_key_value_heads_ = shape_.heads;
        head_dim_ = shape_.hidden / shape_.heads;
        max_positions_ = scaled_context(shape_.rope, shape_.positions);
        // A base model saved alone has neither the prefix nor a head.
        const bool bare = p.has("embed_in.weight");
        const std::string prefix = bare ? "" : "gpt_neox.";
        embedding_ = p.tensor(prefix + "embed_in.weight", {vocab_size_, hidden_size_}, shape_.init);
        for (int64_t i = 0; i < shape_.layers; ++i)
            blocks_.emplace_back(p, prefix + "layers." + std::to_string(i), shape_, i);
        norm_.emplace(p, prefix + "final_layer_norm", hidden_size_, shape_.eps);
        // Files call the head embed_out, transformers 5 itself lm_head.
        const std::string head = p.has("lm_head.weight") ? "lm_head" : "embed_out";
        const bool there = p.has(head + ".weight");
        std::vector<std::string> unused = {"rotary_emb.inv_freq", ".attention.bias",
                                           ".attention.masked_bias"};
        if (shape_.tied && (!there || p.holds(head + ".weight", embedding_))) {
            unused.push_back(head + ".weight");
            head_ = p.tied_linear(embedding_);
        } else if (there || (!bare && !p.has("score.weight"))) {
            head_ = p.linear(head, hidden_size_, vocab_size_, false, shape_.init);
        }
        p.ignore(std::move(unused));
    }

    at::Tensor hidden(const ModelInput& given) override {
        PreparedInput input = prepare(given, true, p_);
        ops::Angles angles = angles_of(rope_, input, p_.dtype());
        at::Tensor x = ops::embedding(embedding_, input.ids);
        for (const Block& block : blocks_)
            x = ops::checkpointed(
                x, [&block, angles, input, parallel = shape_.parallel](at::Tensor y) {
                    at::Tensor seen = block.attention(block.before_attention(y), angles, input);
                    if (parallel) return block.mlp(block.before_mlp(y)) + seen + y;
                    y = seen + y;
                    return block.mlp(block.before_mlp(y)) + y;
                });
        if (input.cache) input.cache->advance(input.ids.size(1));
        return (*norm_)(x);
    }

    at::Tensor logits(const at::Tensor& hidden) override {
        return head_ ? head_(hidden) : Model::logits(hidden);
    }

    int64_t regime(int64_t length) const override { return rope_.regime(length); }

  private:
    Shape shape_;
    Parameters& p_;
    ops::Rope rope_;
    at::Tensor embedding_;
    std::vector<Block> blocks_;
    std::optional<LayerNorm> norm_;
    Linear head_;
};

std::unique_ptr<Model> make(const Json& config, Parameters& parameters) {
    return std::make_unique<GptNeoX>(Config(config, "config.json"), parameters);
}

Json default_config() {
    return {{"architectures", {"GPTNeoXForCausalLM"}},
            {"vocab_size", 4096},
            {"hidden_size", 256},
            {"intermediate_size", 1024},
            {"num_hidden_layers", 6},
            {"num_attention_heads", 8},
            {"max_position_embeddings", 512},
            {"rotary_emb_base", 10000},
            {"rotary_pct", 0.25},
            {"use_parallel_residual", true},
            {"layer_norm_eps", 1e-5},
            {"hidden_act", "gelu"},
            {"initializer_range", 0.02},
            {"tie_word_embeddings", false}};
}

}  // namespace

MOONLET_FAMILY(gpt_neox, make, true, default_config, "gpt_neox.")

}  // namespace moonlet
