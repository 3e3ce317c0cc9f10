// SPDX-License-Identifier: Apache-2.0
// What decoders of Llama's kin have in common around their blocks: the sizes under the names that
// their config.json uses, the table of tokens, the last norm and the head. The blocks, their norms
// and their order stay in a family's file.
#pragma once

#include <functional>

#include "formats/config.h"
#include "models/blocks.h"
#include "models/model.h"
#include "models/rope_config.h"

namespace moonlet {

// A family's defaults, transformers' own; 0: derived (heads of keys: as many as of queries,
// head_dim: hidden_size / heads).
struct DecoderDefaults {
    int64_t vocab = 32000, inner = 11008, layers = 32, heads = 32, kv_heads = 0, head_dim = 0,
            positions = 2048;
    double eps = 1e-6;
    int64_t padding_id = -1;  // -1: none
    bool tied = false;
};

struct DecoderShape {
    int64_t vocab, hidden, inner, layers, heads, kv_heads, head_dim, positions;
    double eps;
    int64_t padding_id;
    bool tied;
    std::string activation;
    Init init;

    // Error: sizes below 1, heads that are no multiple of the heads of keys.
    DecoderShape(const Config& config, const DecoderDefaults& defaults);
    // 1 / sqrt(head_dim), no biases, no norms, no window.
    AttentionShape attention() const;
};

// Which layers have a sliding window: layer_types where config.json has them, else `usual`. Error:
// another number of them than layers, a type of layer that is neither.
std::vector<bool> sliding_layers(const Config& config, int64_t layers,
                                 const std::function<bool(int64_t layer)>& usual);

class Decoder : public Model {
  public:
    at::Tensor logits(const at::Tensor& hidden) override;

  protected:
    // Takes the table of tokens, before the blocks.
    Decoder(Parameters& parameters, const DecoderShape& shape);
    // Takes the last norm and the head, behind the blocks.
    void finish(ops::NormWeight kind = ops::NormWeight::rounded);

    // "model.layers.0": a base model saved alone has no "model.".
    std::string layer_name(int64_t layer) const;
    at::Tensor embed(const at::Tensor& ids) const;
    // After the last block: the cache told, the last norm.
    at::Tensor last(const at::Tensor& x, const PreparedInput& input) const;

    Parameters& p_;

  private:
    int64_t padding_id_;
    bool tied_, bare_;
    double eps_;
    Init init_;
    Table embedding_;
    std::optional<RmsNorm> norm_;
    Linear head_;
};

}  // namespace moonlet
