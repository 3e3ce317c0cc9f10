// SPDX-License-Identifier: Apache-2.0
// @path engine/models/@name@.cpp
// @Name@ (who, when): what tells it from its relatives. Names and defaults are those of its
// published config.json. So far a decoder without attention: embedding, gated MLPs, head.
#include "formats/config.h"
#include "models/blocks.h"
#include "models/inputs.h"
#include "models/model.h"
#include "ops/checkpoint.h"
#include "ops/embedding.h"

namespace moonlet {

namespace {

struct Block {
    RmsNorm norm;
    GatedMlp mlp;
    Block(Parameters& p, const std::string& name, int64_t width, int64_t inner, Init init)
        : norm(p, name + ".post_attention_layernorm", width, 1e-6),
          mlp(p, name + ".mlp", width, inner, false, "silu", init) {}
};

class @Name@ : public Model {
  public:
    @Name@(const Config& c, Parameters& p) : parameters_of_(p) {
        const Init init{Init::normal, c.number("initializer_range", 0.02)};
        vocab_size_ = c.size("vocab_size", 32000);
        hidden_size_ = c.size("hidden_size", 256);
        num_hidden_layers_ = c.size("num_hidden_layers", 4);
        num_key_value_heads_ = c.size("num_key_value_heads", 4);
        head_dim_ = hidden_size_ / num_key_value_heads_;
        max_positions_ = c.size("max_position_embeddings", 512);
        tokens_ = p.tensor("model.embed_tokens.weight", {vocab_size_, hidden_size_}, init);
        for (int64_t i = 0; i < num_hidden_layers_; ++i)
            blocks_.emplace_back(p, "model.layers." + std::to_string(i), hidden_size_,
                                 c.size("intermediate_size", 4 * hidden_size_), init);
        norm_.emplace(p, "model.norm", hidden_size_, 1e-6);
        head_ = p.tied_linear(tokens_);
    }

    at::Tensor hidden(const ModelInput& given) override {
        PreparedInput input = prepare(given, true, parameters_of_);
        at::Tensor x = ops::embedding(tokens_, input.ids);
        for (const Block& block : blocks_)
            x = ops::checkpointed(x, [&block](const at::Tensor& y) {
                return y + block.mlp(block.norm(y));  // owns what it captures but the block
            });
        if (input.cache) input.cache->advance(input.ids.size(1));
        return (*norm_)(x);
    }

    at::Tensor logits(const at::Tensor& hidden) override { return head_(hidden); }

  private:
    Parameters& parameters_of_;
    at::Tensor tokens_;
    std::vector<Block> blocks_;
    std::optional<RmsNorm> norm_;
    Linear head_;
};

std::unique_ptr<Model> make(const Json& config, Parameters& parameters) {
    return std::make_unique<@Name@>(Config(config, "config.json"), parameters);
}

// For models.new: small enough to train on a laptop.
Json default_config() {
    return {{"vocab_size", 4096},        {"hidden_size", 256},
            {"num_hidden_layers", 4},    {"num_key_value_heads", 4},
            {"intermediate_size", 1024}, {"max_position_embeddings", 512}};
}

}  // namespace

MOONLET_FAMILY(@name@, make, true, default_config)

}  // namespace moonlet
