// SPDX-License-Identifier: Apache-2.0
// BERT and its kin, which llama.cpp runs as one architecture; the vocabulary tells them apart.
#include "models/gguf_families.h"

namespace moonlet {

namespace {

std::string vocabulary_kind(const Gguf& file) {
    const GgufValue* model = file.find("tokenizer.ggml.model");
    return model ? std::string(model->string()) : "";
}

GgufFamily bert() {
    const std::string e = "embeddings.", hf = "encoder.layer.{i}.", gguf = "blk.{i}.";
    return {
        .architecture = "bert",
        .model_type = "bert",
        .hf_class = "BertModel",
        .prefix = "bert.",
        .keys = joined_rows(
            decoder_keys(),
            {{"attention.layer_norm_epsilon", "layer_norm_eps", GgufKeyRow::real, true, 1e-12},
             {"tokenizer.ggml.token_type_count", "type_vocab_size", GgufKeyRow::whole, false, 2},
             {"attention.causal", "", GgufKeyRow::boolean, false, false}}),
        .tensors = {{e + "word_embeddings.weight", {"token_embd.weight"}},
                    {e + "token_type_embeddings.weight", {"token_types.weight"}},
                    {e + "position_embeddings.weight", {"position_embd.weight"}},
                    {e + "LayerNorm.*", {"token_embd_norm.*"}},
                    {hf + "attention.self.query.*", {gguf + "attn_q.*"}},
                    {hf + "attention.self.key.*", {gguf + "attn_k.*"}},
                    {hf + "attention.self.value.*", {gguf + "attn_v.*"}},
                    {hf + "attention.self.query.*", {gguf + "attn_qkv.*"}, GgufMove::part_q},
                    {hf + "attention.self.key.*", {gguf + "attn_qkv.*"}, GgufMove::part_k},
                    {hf + "attention.self.value.*", {gguf + "attn_qkv.*"}, GgufMove::part_v},
                    {hf + "attention.output.dense.*", {gguf + "attn_output.*"}},
                    {hf + "attention.output.LayerNorm.*", {gguf + "attn_output_norm.*"}},
                    {hf + "intermediate.dense.*", {gguf + "ffn_up.*"}},
                    {hf + "output.dense.*", {gguf + "ffn_down.*"}},
                    {hf + "output.LayerNorm.*", {gguf + "layer_output_norm.*"}},
                    {"pooler.dense.*", {"cls.*"}},
                    {"classifier.*", {"cls.output.*"}}},
        .fixed = {{"hidden_act", "gelu"}, {"position_embedding_type", "absolute"}},
        .dropped = {"cls.predictions.", "cls.seq_relationship."}};
}

// Positions are counted from pad_token_id + 1; the file leaves the rows before it out.
GgufFamily roberta() {
    GgufFamily f = bert();
    f.model_type = "roberta";
    f.hf_class = "RobertaModel";
    f.prefix = "roberta.";
    for (GgufTensorRow& row : f.tensors)
        if (row.gguf[0] == "position_embd.weight") row.move = GgufMove::positions;
    f.tensors.erase(f.tensors.end() - 2, f.tensors.end());
    f.tensors.push_back({"classifier.dense.*", {"cls.*"}});
    f.tensors.push_back({"classifier.out_proj.*", {"cls.output.*"}});
    f.dropped = {"lm_head.", "pooler.dense."};
    f.when = [](const Gguf& file) { return vocabulary_kind(file) == "gpt2"; };
    return f;
}

GgufFamily xlm_roberta() {
    GgufFamily f = roberta();
    f.model_type = "xlm-roberta";
    f.hf_class = "XLMRobertaModel";
    f.when = [](const Gguf& file) { return vocabulary_kind(file) == "t5"; };
    return f;
}

// No token types; its heads are not those that llama.cpp computes.
GgufFamily distilbert() {
    const std::string e = "embeddings.", hf = "transformer.layer.{i}.", gguf = "blk.{i}.";
    return {.architecture = "bert",
            .model_type = "distilbert",
            .hf_class = "DistilBertModel",
            .prefix = "distilbert.",
            .keys = {{"block_count", "n_layers", GgufKeyRow::whole, true, 6},
                     {"context_length", "max_position_embeddings", GgufKeyRow::whole, true, 512},
                     {"embedding_length", "dim", GgufKeyRow::whole, true, 768},
                     {"feed_forward_length", "hidden_dim", GgufKeyRow::whole, true, 3072},
                     {"attention.head_count", "n_heads", GgufKeyRow::whole, true, 12},
                     {"attention.layer_norm_epsilon", "", GgufKeyRow::real, false, 1e-12},
                     {"tokenizer.ggml.token_type_count", "", GgufKeyRow::whole, false, 1},
                     {"attention.causal", "", GgufKeyRow::boolean, false, false}},
            .tensors = {{e + "word_embeddings.weight", {"token_embd.weight"}},
                        {e + "position_embeddings.weight", {"position_embd.weight"}},
                        {e + "LayerNorm.*", {"token_embd_norm.*"}},
                        {hf + "attention.q_lin.*", {gguf + "attn_q.*"}},
                        {hf + "attention.k_lin.*", {gguf + "attn_k.*"}},
                        {hf + "attention.v_lin.*", {gguf + "attn_v.*"}},
                        {hf + "attention.out_lin.*", {gguf + "attn_output.*"}},
                        {hf + "sa_layer_norm.*", {gguf + "attn_output_norm.*"}},
                        {hf + "ffn.lin1.*", {gguf + "ffn_up.*"}},
                        {hf + "ffn.lin2.*", {gguf + "ffn_down.*"}},
                        {hf + "output_layer_norm.*", {gguf + "layer_output_norm.*"}}},
            .fixed = {{"activation", "gelu"}},
            .dropped = {"vocab_"},
            .when = [](const Gguf& file) { return !file.tensor("token_types.weight"); }};
}

}  // namespace

std::vector<GgufFamily> gguf_encoders() { return {xlm_roberta(), roberta(), distilbert(), bert()}; }

}  // namespace moonlet
