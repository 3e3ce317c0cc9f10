// SPDX-License-Identifier: Apache-2.0
// The adapters of a network: several at once, by name, each a pair A, B for every layer it targets.
// Which of them count is switched; merging folds them into the weights, and unmerging restores the
// very bytes. They lie over the network's Linear weights; the family knows nothing of them. A layer
// under which no adapter is on has its plain weight, so a network with all switched off is the base
// itself. Files are peft's: adapter_config.json, adapter_model.safetensors.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/lora.h"
#include "adapters/lora_config.h"
#include "models/model.h"

namespace moonlet {

struct AdapterLayer {
    std::string path;    // transformers' module path: "model.layers.0.self_attn.q_proj"
    std::string linear;  // the same layer's name among Parameters::linears()
    at::Tensor a, b;     // [rank, in], [out, rank], f32 or wider
    double scale = 1;
};

struct Adapter {
    std::string name;
    LoraConfig config;
    std::vector<AdapterLayer> layers;
    double weight = 0;        // what it counts when on; 0 = off
    bool merged = false;      // in the weights
    std::string base;         // the folder or hub id of the base it was made for, "" = unknown
    std::string base_hash;    // of that base's weights, "" = unknown
    bool other_base = false;  // it was made for other weights than these
    std::shared_ptr<LoraDropout> dropout = std::make_shared<LoraDropout>();

    int64_t parameters() const;
    size_t bytes() const;
};

class Adapters : public Overlay {
  public:
    // The network's, made empty when there are none yet.
    static Adapters& of(Model& network);
    static Adapters* find(const Model& network);  // nullptr: there are none

    // A new adapter, off: A drawn as peft does (uniform within 1/sqrt(in), each from the seed and
    // its path), B zero. Error: the name is taken, nothing is targeted (names what could be).
    Adapter& add(const std::string& name, const LoraConfig& config, uint64_t seed,
                 const std::string& base);
    // From a folder in peft's layout, off. A classification head in it (modules_to_save) becomes
    // the network's, whatever is on later. Error naming field or tensor: lora_config's, no such
    // layer, another shape, a tensor that is neither A nor B of a linear layer nor such a head, one
    // half missing, a head of other labels than the network's.
    Adapter& load(const std::string& name, const std::string& folder);
    // Another network's adapter, off, with tensors of its own.
    Adapter& copy(const Adapter& from);
    // Writes the folder's two files, each atomically; with the network's classification head.
    void save(const std::string& name, const std::string& folder) const;

    // These count, each with its weight (the sum of their deltas); the others are off. Error:
    // unknown or merged names; nothing is changed then.
    void use(const std::vector<std::pair<std::string, double>>& names);
    // Error: merged.
    void remove(const std::string& name);
    // Folds these (or, when empty, all that are on) into the weights: summed in f32, rounded once.
    // Error: none, or a layer whose kind of weight cannot take it.
    void merge(const std::vector<std::string>& names);
    // Takes back every merge: the weights are the very tensors of before. Error: they were changed
    // since (trained).
    void unmerge();

    const std::vector<std::unique_ptr<Adapter>>& list() const { return list_; }
    Adapter& get(const std::string& name);  // Error names those there are
    bool has(const std::string& name) const;
    std::vector<std::string> active() const;
    // A and B of one adapter under the names of its file.
    static std::vector<Parameters::Entry> tensors(const Adapter& adapter);
    // What a folder holds for that adapter under the names of tensors(), and a classification head
    // under the model's. Error as load.
    std::map<std::string, at::Tensor> stored(const std::string& name,
                                             const std::string& folder) const;

    std::string describe() const override;
    size_t bytes() const override;

  private:
    struct Merge {
        std::string linear;
        std::shared_ptr<LinearWeight> before;
        at::Tensor original, merged;  // the stored tensors
        uint32_t version;             // of `merged` when it was put in
    };
    explicit Adapters(Model& network);
    // A folder as it is.
    struct File {
        LoraConfig config;
        std::vector<AdapterLayer> layers;
        std::map<std::string, at::Tensor> head;  // by the model's names
        std::map<std::string, std::string> metadata;
    };
    File open(const std::string& folder) const;
    void put_head(const File& file, const std::string& folder);
    Adapter& keep(std::unique_ptr<Adapter> adapter);
    Linear linear(const std::string& name) const;
    void lay();  // puts on every layer what counts there

    Model& network_;
    std::vector<std::unique_ptr<Adapter>> list_;
    std::vector<Parameters::NamedLinear> linears_;     // the network's
    std::vector<std::shared_ptr<LinearWeight>> base_;  // what each has without adapters
    std::vector<Merge> merges_;
};

// Whether a folder holds an adapter and no model of its own.
bool is_adapter_folder(const std::string& folder);
// What models.load can open as the base that adapter_config.json names: its path, or a model known
// by its last part ("demo"). Error: neither is there.
std::string adapter_base(const std::string& folder);
// How adapter_config.json is to name the base in that folder: hub id or absolute path; "" for "".
std::string base_reference(const std::string& model_folder);
// Of a sample of every tensor, so that it takes milliseconds; rounded to bf16, so that the dtype a
// model was opened in does not matter.
std::string weights_hash(Model& network);

}  // namespace moonlet
