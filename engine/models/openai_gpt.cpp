// SPDX-License-Identifier: Apache-2.0
// GPT (Radford et al. 2018), the first one: learned positions, LayerNorm after each residual sum
// and so none at the end, one fused projection for query, key and value, linear layers stored
// [in, out] (Conv1D); its "gelu" is the tanh approximation. Source of names and defaults:
// transformers' OpenAIGPTConfig. Dropout is not computed.
#include <cmath>

#include "core/error.h"
#include "formats/config.h"
#include "models/blocks.h"
#include "models/model.h"
#include "ops/checkpoint.h"
#include "ops/embedding.h"

namespace moonlet {

namespace {

struct Shape {
    int64_t hidden, layers, heads;
    double eps;
    std::string activation;
    Init init;

    explicit Shape(const Config& c)
        : hidden(c.size("n_embd", 768)),
          layers(c.size("n_layer", 12)),
          heads(c.size("n_head", 12)),
          eps(c.number("layer_norm_epsilon", 1e-5)),
          activation(c.string("afn", "gelu")),
          init{Init::normal, c.number("initializer_range", 0.02)} {
        if (activation == "gelu") activation = "gelu_new";
        if (hidden % heads != 0)
            throw Error("n_embd " + std::to_string(hidden) + " in " + c.where(),
                        "a multiple of n_head " + std::to_string(heads));
    }
};

struct Block {
    LayerNorm after_attention, after_mlp;
    Linear qkv, attention_out, mlp_in, mlp_out;
    ops::Activation act;
    int64_t heads;
    Attend attend;

    Block(Parameters& p, const std::string& name, const Shape& s, int64_t layer)
        : after_attention(p, name + ".ln_1", s.hidden, s.eps),
          after_mlp(p, name + ".ln_2", s.hidden, s.eps),
          qkv(p.transposed_linear(name + ".attn.c_attn", s.hidden, 3 * s.hidden, true, s.init)),
          attention_out(
              p.transposed_linear(name + ".attn.c_proj", s.hidden, s.hidden, true, s.init)),
          mlp_in(p.transposed_linear(name + ".mlp.c_fc", s.hidden, 4 * s.hidden, true, s.init)),
          mlp_out(p.transposed_linear(name + ".mlp.c_proj", 4 * s.hidden, s.hidden, true, s.init)),
          act(ops::activation(s.activation)),
          heads(s.heads),
          attend{layer, false, {1 / std::sqrt(double(s.hidden / s.heads)), 0, {}}} {}

    at::Tensor attention(const at::Tensor& x, const PreparedInput& input) const {
        auto parts = qkv(x).chunk(3, -1);
        for (at::Tensor& part : parts) part = split_heads(part, heads);
        return attention_out(attend(parts[0], parts[1], parts[2], {}, input));
    }
    at::Tensor mlp(const at::Tensor& x) const { return mlp_out(act(mlp_in(x))); }
};

class OpenAiGpt : public Model {
  public:
    OpenAiGpt(const Config& c, Parameters& p) : shape_(c), p_(p) {
        vocab_size_ = c.size("vocab_size", 40478);
        hidden_size_ = shape_.hidden;
        num_hidden_layers_ = shape_.layers;
        num_key_value_heads_ = shape_.heads;
        head_dim_ = shape_.hidden / shape_.heads;
        max_positions_ = c.size("n_positions", 512);
        const std::string prefix = p.has("tokens_embed.weight") ? "" : "transformer.";
        tokens_ =
            p.tensor(prefix + "tokens_embed.weight", {vocab_size_, hidden_size_}, shape_.init);
        positions_ = p.tensor(prefix + "positions_embed.weight", {max_positions_, hidden_size_},
                              shape_.init);
        for (int64_t i = 0; i < shape_.layers; ++i)
            blocks_.emplace_back(p, prefix + "h." + std::to_string(i), shape_, i);
        const bool tied = c.boolean("tie_word_embeddings", true) &&
                          (!p.has("lm_head.weight") || p.holds("lm_head.weight", tokens_));
        // ".attn.bias" is the causal mask, saved as a buffer by old versions.
        p.ignore({".attn.bias", "position_ids", tied ? "lm_head.weight" : ".attn.bias"});
        head_ = tied ? p.tied_linear(tokens_)
                     : p.linear("lm_head", hidden_size_, vocab_size_, false, shape_.init);
    }

    at::Tensor hidden(const ModelInput& given) override {
        PreparedInput input = prepare(given, true, p_);
        at::Tensor x = ops::embedding(tokens_, input.ids) +
                       ops::embedding(positions_, input.positions, "position");
        for (const Block& block : blocks_)
            x = ops::checkpointed(x, [&block, input](at::Tensor y) {
                y = block.after_attention(y + block.attention(y, input));
                return block.after_mlp(y + block.mlp(y));
            });
        if (input.cache) input.cache->advance(input.ids.size(1));
        return x;
    }

    at::Tensor logits(const at::Tensor& hidden) override { return head_(hidden); }

  private:
    Shape shape_;
    Parameters& p_;
    at::Tensor tokens_, positions_;
    std::vector<Block> blocks_;
    Linear head_;
};

std::unique_ptr<Model> make(const Json& config, Parameters& parameters) {
    return std::make_unique<OpenAiGpt>(Config(config, "config.json"), parameters);
}

Json default_config() {
    return {{"architectures", {"OpenAIGPTLMHeadModel"}},
            {"vocab_size", 4096},
            {"n_embd", 256},
            {"n_layer", 6},
            {"n_head", 8},
            {"n_positions", 512},
            {"afn", "gelu"},
            {"layer_norm_epsilon", 1e-5},
            {"initializer_range", 0.02},
            {"tie_word_embeddings", true}};
}

}  // namespace

MOONLET_FAMILY_NAMED("openai-gpt", make, true, default_config, "transformer.")

}  // namespace moonlet
