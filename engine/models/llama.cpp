// SPDX-License-Identifier: Apache-2.0
// Llama 1 to 3.x and what shares its shape (TinyLlama, SmolLM, Yi …): pre-norm decoder, RMSNorm,
// rotary positions, grouped-query attention, SwiGLU. Source of names and defaults: transformers'
// LlamaConfig.
#include <cmath>

#include "core/error.h"
#include "formats/config.h"
#include "models/blocks.h"
#include "models/inputs.h"
#include "models/model.h"
#include "models/rope_config.h"
#include "ops/checkpoint.h"
#include "ops/embedding.h"

namespace moonlet {

namespace {

struct Shape {
    int64_t hidden, inner, layers, heads, kv_heads, head_dim;
    double eps;
    bool attention_bias, mlp_bias;
    std::string activation;
    Init init;

    explicit Shape(const Config& c)
        : hidden(c.size("hidden_size")),
          inner(c.size("intermediate_size")),
          layers(c.size("num_hidden_layers")),
          heads(c.size("num_attention_heads")),
          kv_heads(c.size("num_key_value_heads", heads)),
          head_dim(c.size("head_dim", std::max<int64_t>(1, hidden / heads))),
          eps(c.number("rms_norm_eps", 1e-6)),
          attention_bias(c.boolean("attention_bias", false)),
          mlp_bias(c.boolean("mlp_bias", false)),
          activation(c.string("hidden_act", "silu")),
          init{Init::normal, c.number("initializer_range", 0.02)} {
        if (heads % kv_heads != 0)
            throw Error("num_attention_heads " + std::to_string(heads) + " in " + c.where(),
                        "a multiple of num_key_value_heads " + std::to_string(kv_heads));
    }
};

struct Attention {
    Linear q, k, v, o;
    int64_t heads, kv_heads, layer;
    double scale;

    Attention(Parameters& p, const std::string& name, const Shape& s, int64_t layer)
        : q(p.linear(name + ".q_proj", s.hidden, s.heads * s.head_dim, s.attention_bias, s.init)),
          k(p.linear(name + ".k_proj", s.hidden, s.kv_heads * s.head_dim, s.attention_bias,
                     s.init)),
          v(p.linear(name + ".v_proj", s.hidden, s.kv_heads * s.head_dim, s.attention_bias,
                     s.init)),
          o(p.linear(name + ".o_proj", s.heads * s.head_dim, s.hidden, s.attention_bias, s.init)),
          heads(s.heads),
          kv_heads(s.kv_heads),
          layer(layer),
          scale(1 / std::sqrt(double(s.head_dim))) {}

    at::Tensor operator()(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin,
                          const PreparedInput& input) const {
        at::Tensor queries = ops::rotate(heads_first(split_heads(q(x), heads)), cos, sin);
        at::Tensor keys = ops::rotate(heads_first(split_heads(k(x), kv_heads)), cos, sin);
        at::Tensor values = heads_first(split_heads(v(x), kv_heads));
        if (input.cache) std::tie(keys, values) = input.cache->update(layer, keys, values);
        return o(merge_heads(ops::attention(queries, keys, values, input.mask, scale)));
    }
};

struct Block {
    RmsNorm before_attention, before_mlp;
    Attention attention;
    GatedMlp mlp;

    Block(Parameters& p, const std::string& name, const Shape& s, int64_t layer)
        : before_attention(p, name + ".input_layernorm", s.hidden, s.eps),
          before_mlp(p, name + ".post_attention_layernorm", s.hidden, s.eps),
          attention(p, name + ".self_attn", s, layer),
          mlp(p, name + ".mlp", s.hidden, s.inner, s.mlp_bias, s.activation, s.init) {}
};

class Llama : public Model {
  public:
    Llama(const Config& c, Parameters& p)
        : shape_(c), p_(p), rope_(rope_options(c, shape_.head_dim)) {
        vocab_size_ = c.size("vocab_size");
        hidden_size_ = shape_.hidden;
        num_hidden_layers_ = shape_.layers;
        num_key_value_heads_ = shape_.kv_heads;
        head_dim_ = shape_.head_dim;
        max_positions_ = c.size("max_position_embeddings", 2048);
        padding_id_ = c.integer("pad_token_id", -1);
        // A base model saved alone has neither the prefix nor a head.
        const bool bare = p.has("embed_tokens.weight");
        const std::string prefix = bare ? "" : "model.";
        p.ignore({"rotary_emb.inv_freq"});
        embedding_ =
            p.tensor(prefix + "embed_tokens.weight", {vocab_size_, hidden_size_}, shape_.init);
        for (int64_t i = 0; i < shape_.layers; ++i)
            blocks_.emplace_back(p, prefix + "layers." + std::to_string(i), shape_, i);
        norm_.emplace(p, prefix + "norm", hidden_size_, shape_.eps);
        if (c.boolean("tie_word_embeddings", false)) {
            p.ignore({"rotary_emb.inv_freq", "lm_head.weight"});
            head_ = p.tied_linear(embedding_);
        } else if (p.has("lm_head.weight") || (!bare && !p.has("score.weight"))) {
            head_ = p.linear("lm_head", hidden_size_, vocab_size_, false, shape_.init);
        }
    }

    at::Tensor hidden(const ModelInput& given) override {
        PreparedInput input = prepare(given, true, p_);
        auto [cos, sin] = rope_.angles(input.positions, p_.dtype());
        at::Tensor x = ops::embedding(embedding_, input.ids, "token id", padding_id_);
        for (const Block& block : blocks_)
            x = ops::checkpointed(x, [&block, cos = cos, sin = sin, input](at::Tensor y) {
                y = y + block.attention(block.before_attention(y), cos, sin, input);
                return y + block.mlp(block.before_mlp(y));
            });
        if (input.cache) input.cache->advance(input.ids.size(1));
        return (*norm_)(x);
    }

    at::Tensor logits(const at::Tensor& hidden) override {
        return head_ ? head_(hidden) : Model::logits(hidden);
    }

  private:
    Shape shape_;
    Parameters& p_;
    ops::Rope rope_;
    int64_t padding_id_;
    at::Tensor embedding_;
    std::vector<Block> blocks_;
    std::optional<RmsNorm> norm_;
    Linear head_;
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
