// SPDX-License-Identifier: Apache-2.0
// The encoder that BERT and its descendants are: learned positions, attention in both directions,
// LayerNorm after each residual sum, a masked-language-model head where the checkpoint has one. A
// family's file reads its config keys into EncoderShape and names its tensors by EncoderNames;
// nothing here knows a family. Poolers are kept for saving and for heads, not computed: hidden() is
// what embeddings pool over.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "formats/config.h"
#include "models/blocks.h"
#include "models/model.h"
#include "ops/attention.h"

namespace moonlet {

struct EncoderShape {
    int64_t vocab = 0, hidden = 0, inner = 0, layers = 0, heads = 0, positions = 0;
    int64_t types = 0;  // of tokens; 0: the family has none
    double eps = 1e-12;
    std::string activation = "gelu", head_activation = "gelu";
    Init init;
    int64_t padding_id = -1;
    // RoBERTa's: positions count the tokens that are no padding_id, from padding_id + 1; a
    // padding_id anywhere has the position padding_id. Else they count from 0.
    bool positions_after_padding = false;
    bool pairs_by_type = false;  // its tokenizer tells the texts of a pair by token types
    bool tied = true;            // the masked head reads with the word embeddings
    bool masked_head = false;    // config.json asks for one

    // The keys that BERT and RoBERTa share. Error: a decoder, relative positions, a size that does
    // not divide. `masked` is the class that has the masked head.
    static EncoderShape read(const Config& config, const std::string& masked);
    void check(const Config& config) const;
};

// Tensor names below the prefix (`body`), a block's below its layer, a head's as they stand.
struct EncoderNames {
    std::string body = "bert.", layers = "encoder.layer.";
    std::string q = "attention.self.query", k = "attention.self.key", v = "attention.self.value",
                out = "attention.output.dense", after_attention = "attention.output.LayerNorm",
                mlp_in = "intermediate.dense", mlp_out = "output.dense",
                after_mlp = "output.LayerNorm";
    std::string transform, transform_norm, decoder, bias;  // of the masked head
    std::vector<std::string> ignored;                      // see Parameters::ignore
};

class Encoder : public Model {
  public:
    Encoder(const EncoderShape& shape, const EncoderNames& names, Parameters& parameters);
    at::Tensor hidden(const ModelInput& input) override;
    at::Tensor logits(const at::Tensor& hidden) override;
    bool pairs_by_type() const override { return shape_.pairs_by_type; }

  private:
    struct Block {
        Linear q, k, v, out, mlp_in, mlp_out;
        LayerNorm after_attention, after_mlp;
        ops::Activation act;
        int64_t heads;
        double scale;
        Block(Parameters& p, const std::string& name, const EncoderShape& s, const EncoderNames& n);
        at::Tensor operator()(const at::Tensor& x, const ops::AttentionMask& mask) const;
    };
    struct MaskedHead {
        Linear transform, decoder;
        LayerNorm norm;
        ops::Activation act;
        MaskedHead(Parameters& p, const EncoderShape& s, const EncoderNames& n,
                   const at::Tensor& words);
        at::Tensor operator()(const at::Tensor& x) const {
            return decoder(norm(act(transform(x))));
        }
    };

    EncoderShape shape_;
    Parameters& p_;
    at::Tensor words_, positions_, types_;
    std::optional<LayerNorm> norm_;
    std::vector<Block> blocks_;
    std::optional<MaskedHead> head_;
};

}  // namespace moonlet
