// SPDX-License-Identifier: Apache-2.0
// A network of one family: ids in, hidden states and logits out. It knows its config and its
// parameters; it knows no tokenizer, no sampling, no dtype policy and no device. Families register
// themselves under config.json's model_type (one file each, no header) and are made by load_model
// or new_model. Not thread-safe: one call at a time.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <optional>
#include <string>

#include "core/json.h"
#include "core/registry.h"
#include "formats/gguf_write.h"
#include "models/cache.h"
#include "models/classifier.h"
#include "models/parameters.h"
#include "models/quantise.h"

namespace moonlet {

struct ModelInput {
    at::Tensor ids;  // int64 [B, T]
    // int64 [B, T]; undefined: how many real tokens stand before it in its row (mask) and in its
    // document (documents), so that padding on either side changes nothing.
    at::Tensor positions;
    at::Tensor mask;  // bool [B, length + T], false = padding; undefined: everything counts
    at::Tensor token_type_ids;  // int64 [B, T], encoders only; undefined: zeros
    at::Tensor documents;       // int64 [B, T], packed training: attention stays inside equal ids;
                                // undefined: one
    Cache* cache = nullptr;     // decoders only; the model calls update per layer and advance once
    at::Tensor lengths;  // int64 [B, 1], how many tokens each text has of which this call reads a
                         // part, for rotary scalings that go by it; undefined: they end here
};

// What is laid over a network's Linear weights from outside (adapters/). The network owns it and
// knows this much of it.
class Overlay {
  public:
    virtual ~Overlay() = default;
    virtual std::string describe() const = 0;  // "adapter reviews"; "" when it changes nothing
    virtual size_t bytes() const = 0;
};

class Model {
  public:
    virtual ~Model();
    // The states after the last norm, [B, T, hidden_size], in the parameters' dtype. Differentiable
    // when GradMode is on and parameters require it; the same call takes fused kernels otherwise.
    virtual at::Tensor hidden(const ModelInput& input) = 0;
    // [.., hidden_size] -> [.., vocab_size]. Error for families without a language-model head.
    virtual at::Tensor logits(const at::Tensor& hidden);
    // Whether it was trained to tell the two texts of a pair by token_type_ids.
    virtual bool pairs_by_type() const { return false; }

    // The classification head, nullptr when there is none.
    const Classifier* classifier() const { return classifier_ ? &*classifier_ : nullptr; }
    // Puts a new one on (see new_classifier) and says so in config(). Error: there is one already.
    void add_classifier(const std::vector<std::string>& labels, const std::string& pooling,
                        uint64_t seed);

    // Which angles a text of this length is read with, where they go by the length (longrope,
    // dynamic): what was read in one regime is no beginning of a text of another.
    virtual int64_t regime(int64_t) const { return 0; }
    // Whether a text that grows to this length is read anew from its start.
    virtual bool restarts_at(int64_t) const { return false; }

    const Json& config() const { return config_; }
    const std::string& model_type() const { return model_type_; }
    Parameters& parameters() { return *parameters_; }
    bool causal() const { return causal_; }
    const std::shared_ptr<Overlay>& overlay() const { return overlay_; }  // empty: none
    void set_overlay(std::shared_ptr<Overlay> overlay) { overlay_ = std::move(overlay); }
    // Why it runs where it runs: "no CUDA driver (libcuda.so.1)".
    const std::string& device_reason() const { return device_reason_; }
    // From the config under the names families use for them.
    int64_t vocab_size() const { return vocab_size_; }
    int64_t hidden_size() const { return hidden_size_; }
    int64_t num_hidden_layers() const { return num_hidden_layers_; }
    int64_t num_key_value_heads() const { return num_key_value_heads_; }
    int64_t head_dim() const { return head_dim_; }
    int64_t max_positions() const { return max_positions_; }

  protected:
    friend std::shared_ptr<Model> make_model(const Json&, std::unique_ptr<Parameters>,
                                             const std::string&);
    // A family sets these in its constructor (Json config is set by make_model before nothing else
    // needs it).
    int64_t vocab_size_ = 0, hidden_size_ = 0, num_hidden_layers_ = 0, num_key_value_heads_ = 0,
            head_dim_ = 0, max_positions_ = 0;

  private:
    Json config_;
    std::string model_type_, device_reason_;
    std::unique_ptr<Parameters> parameters_;
    std::optional<Classifier> classifier_;
    std::shared_ptr<Overlay> overlay_;
    bool causal_ = true;
};

struct Family {
    static constexpr const char* kKind = "model family";
    std::unique_ptr<Model> (*make)(const Json& config, Parameters& parameters) = nullptr;
    bool causal = true;  // false: encoder, no logits, no generation
    // config.json for models.new: family defaults small enough to train on a laptop; the caller's
    // options (config.json keys) are laid over it.
    Json (*default_config)() = nullptr;
    // transformers' base_model_prefix: what stands before the names of a network with a head, and
    // not before those of one saved bare.
    const char* prefix = "model.";
    HeadLayout head = {};  // how transformers builds and names its classification head
};
using Families = Registry<Family, Family>;

// Every family's file ends with: MOONLET_FAMILY(llama, make, causal, default_config), behind which
// stand the prefix, where it is not "model.", and the head's layout; or, where the model_type is no
// identifier, with MOONLET_FAMILY_NAMED("openai-gpt", …).
#define MOONLET_FAMILY(model_type, ...) MOONLET_FAMILY_NAMED(#model_type, __VA_ARGS__)
#define MOONLET_FAMILY_NAMED(model_type, ...)                         \
    [[maybe_unused]] static const bool moonlet_family_is_registered = \
        ::moonlet::Families::add(model_type, ::moonlet::Family{__VA_ARGS__});

struct LoadOptions {
    std::optional<at::ScalarType>
        dtype;                    // default: the checkpoint's own, that of most of its bytes
    std::string device = "auto";  // "auto", "cpu", "cuda", "cuda:N"
    QuantOptions quant = {};      // packs the Linear weights; default: as the checkpoint has them
};

// The family of config's model_type over these parameters. Error: unknown model_type, tensors of
// the source that the family did not ask for. `device_reason` is what the model will say about its
// device.
std::shared_ptr<Model> make_model(const Json& config, std::unique_ptr<Parameters> parameters,
                                  const std::string& device_reason = "");
// A Hugging Face folder, config.json + model.safetensors or its shards, or a GGUF file or the first
// of its shards. Weights are mapped, not copied, when the dtype is the stored one and the format
// stores them as they are used; quantised ones of GGUF are packed and stay quantised, what is
// computed between them is bf16 unless a dtype is given. Error: missing
// or broken files, unknown model_type (names the known ones), missing tensors or other shapes;
// unused tensors are only ignored when the family says so (buffers such as rotary inv_freq).
std::shared_ptr<Model> load_model(const std::string& path, const LoadOptions& options = {});
// The type most weights at `path` are stored in; nothing where they are quantised.
std::optional<at::ScalarType> stored_dtype(const std::string& path);
// Random weights as the family initialises them; the same seed gives the same weights. `config`
// needs model_type; its other keys are laid over the family's default_config.
std::shared_ptr<Model> new_model(const Json& config, uint64_t seed,
                                 at::ScalarType dtype = at::kFloat,
                                 const std::string& device = "auto");
// A second network over the same tensors, not copies: what trains one in place trains both; what is
// laid over its Linear weights is its own, and at first there is nothing.
std::shared_ptr<Model> share_model(Model& model);

struct SaveOptions {
    std::optional<at::ScalarType> dtype;  // default: the network's own
    int64_t shard_bytes = 5'000'000'000;  // beyond it, several files and an index
};
// config.json + model.safetensors, or its shards and their index (tied weights once), atomically,
// in the checkpoint's names; weight files of an earlier save that these do not replace are removed.
// Interruptible, tells of its progress.
void save_model(Model& model, const std::string& folder, const SaveOptions& options = {});

// What a GGUF file says beside the network, as the small files of a folder would.
struct GgufText {
    std::string name;  // general.name, "" when there is none
    Json generation_config, tokenizer_config;
    std::vector<std::pair<std::string, std::string>> chat_templates;  // "default" first
    std::string pooling;                                              // "mean" …, "" = not said
    bool has_vocabulary = false;                                      // of any kind
    std::string tokenizer_json;  // tokenizer.huggingface.json: a whole tokenizer.json; "" = none
};
bool is_gguf(const std::string& path);  // by its name
GgufText read_gguf_text(const std::string& path);

struct GgufWritten {
    std::vector<std::string> left_out;  // tensors that GGUF has no place for
    size_t tensors = 0;
};
// The network as one GGUF file, most tensors in `type` ("f32", "f16", "bf16", "q8_0", "q4_0",
// "q4_1", "q4_k", "q6_k"; as llama.cpp chooses for each). `more`: the tokenizer's entries and those
// of general.*; {arch} in a key is the architecture. Atomic, interruptible, tells of its progress.
// Error: a family or a setting that llama.cpp does not have, a tensor without a place that the
// network needs.
GgufWritten save_gguf(Model& model, const std::string& path, const std::string& type,
                      const std::vector<GgufEntry>& more);

}  // namespace moonlet
