// SPDX-License-Identifier: Apache-2.0
// From a folder or a seed to a network and back. The family only ever sees Config and Parameters,
// so that all of dtype, device and where the bytes come from is decided here.
#include "models/model.h"

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "formats/config.h"
#include "models/device.h"
#include "models/gguf_config.h"
#include "models/gguf_model.h"
#include "models/sources.h"

MOONLET_DEFINE_REGISTRY(moonlet::Family, moonlet::Family)

namespace moonlet {

namespace fs = std::filesystem;

namespace {

std::string some_of(const std::vector<std::string>& names) {
    std::string text;
    for (size_t i = 0; i < std::min<size_t>(3, names.size()); ++i)
        text += (i ? ", " : "") + quote(names[i], 100);
    if (names.size() > 3) text += " and " + std::to_string(names.size() - 3) + " more";
    return text;
}

// GPTQ, AWQ, fp8 and their kin keep numbers whose meaning stands in other tensors. MXFP4 experts
// are the exception: they are opened as bf16 (sources.h).
void refuse_quantised(const Config& config) {
    if (!config.has("quantization_config")) return;
    const Config quantised = config.object("quantization_config");
    const std::string method = quantised.string("quant_method", "");
    if (method == "mxfp4") return;
    throw Error("a quantised checkpoint" + (method.empty() ? "" : " (" + quote(method) + ")") +
                    ", by quantization_config in config.json",
                "weights in f32, bf16 or f16", "open the model it was made from, or a GGUF of it");
}

void lay_over(Json& base, const Json& options) {
    for (const auto& [key, value] : options.items()) base[key] = value;
}

// The config of the weights as they are opened: MXFP4 tensors are bf16 by then (sources.h).
Json without_mxfp4(Json config) {
    const Config quantised = Config(config, "config.json").object("quantization_config");
    if (quantised.string("quant_method", "") == "mxfp4") config.erase("quantization_config");
    return config;
}

}  // namespace

Model::~Model() = default;

at::Tensor Model::logits(const at::Tensor&) {
    throw Error("logits of a " + model_type() + " model", "a model with a language-model head",
                causal() ? "" : "encoders give hidden states: embed with them");
}

void Model::add_classifier(const std::vector<std::string>& labels, const std::string& pooling,
                           uint64_t seed) {
    if (classifier_) throw Error("the model has a classification head already");
    Json config = config_;
    classifier_ = new_classifier(config, *parameters_, hidden_size_, causal_,
                                 Families::get(model_type_).head, labels, pooling, seed);
    config_ = config;
}

std::shared_ptr<Model> make_model(const Json& json, std::unique_ptr<Parameters> parameters,
                                  const std::string& device_reason) {
    Config config(json, "config.json");
    refuse_quantised(config);
    const std::string type = config.string("model_type");
    const Family& family = Families::get(type);
    std::shared_ptr<Model> model = family.make(json, *parameters);
    if (has_classifier(json, *parameters))
        model->classifier_ =
            read_classifier(json, *parameters, model->hidden_size(), family.causal, family.head);
    std::vector<std::string> unused = parameters->unused();
    if (!unused.empty())
        throw Error("the checkpoint holds tensors that a " + type +
                        " model with this config.json "
                        "does not use: " +
                        some_of(unused),
                    "", "it is probably a variant that would be computed wrongly without them");
    model->config_ = json;
    model->model_type_ = type;
    model->causal_ = family.causal;
    model->device_reason_ = device_reason;
    model->parameters_ = std::move(parameters);
    return model;
}

std::shared_ptr<Model> load_model(const std::string& path, const LoadOptions& options) {
    DeviceChoice choice = choose_device(options.device);
    Json config;
    std::shared_ptr<TensorSource> source;
    at::ScalarType dtype;
    if (is_gguf(path)) {
        auto file = GgufModel::open(path);
        config = config_from_gguf(*file);
        Families::get(file->family().model_type);
        source = std::make_shared<GgufSource>(file, gguf_sizes(config, file->family()));
        dtype = main_dtype(*file);
    } else {
        Config read = Config::read(path + "/config.json");
        Families::get(read.string("model_type"));  // the clearer errors first
        refuse_quantised(read);
        auto checkpoint =
            std::make_shared<CheckpointSource>(Safetensors::open_folder(path), quote(path, 200));
        config = without_mxfp4(read.json());
        dtype = options.dtype ? *options.dtype : checkpoint->main_dtype();
        source = checkpoint;
    }
    if (options.dtype) dtype = *options.dtype;
    if (!options.quant.type.empty()) {
        if (!choice.device.is_cpu())
            throw Error("quant on " + choice.device.str(), "device = \"cpu\"",
                        "quantised weights are not computed with on a GPU yet");
        source = quantising(source, options.quant);
    }
    return make_model(config, std::make_unique<Parameters>(source, dtype, choice.device),
                      choice.reason);
}

std::optional<at::ScalarType> stored_dtype(const std::string& path) {
    if (is_gguf(path)) return plain_dtype(*GgufModel::open(path));
    return CheckpointSource(Safetensors::open_folder(path), quote(path, 200)).main_dtype();
}

std::shared_ptr<Model> new_model(const Json& options, uint64_t seed, at::ScalarType dtype,
                                 const std::string& device) {
    DeviceChoice choice = choose_device(device);
    std::string type = Config(options, "the new model's config").string("model_type");
    Json config = Families::get(type).default_config();
    config["model_type"] = type;
    lay_over(config, options);
    config["dtype"] = dtype_words(dtype);
    auto parameters =
        std::make_unique<Parameters>(std::make_shared<RandomSource>(seed), dtype, choice.device);
    return make_model(config, std::move(parameters), choice.reason);
}

namespace {

class SharedSource : public TensorSource {
  public:
    explicit SharedSource(const Parameters& parameters)
        : packed_(parameters.packed_weights()), packed_rows_(parameters.packed_tables()) {
        for (const Parameters::Entry& entry : parameters.entries())
            tensors_[entry.name] = entry.tensor;
    }
    bool packs(const std::string& name, const WeightShape&) override {
        return packed_.count(name) > 0;
    }
    std::shared_ptr<LinearWeight> packed(const std::string& name, const WeightShape&,
                                         at::ScalarType, const at::Tensor&) override {
        return packed_.at(name);
    }
    std::shared_ptr<const PackedRows> packed_rows(const std::string& name,
                                                  at::IntArrayRef) override {
        auto found = packed_rows_.find(name);
        return found == packed_rows_.end() ? nullptr : found->second;
    }
    bool has(const std::string& name) const override { return tensors_.count(name) > 0; }
    at::Tensor get(const std::string& name, at::IntArrayRef, Init) override {
        const at::Tensor& tensor = tensors_.at(name);
        // A classification head is the second network's own, and begins as a copy.
        return is_classifier_name(name) ? tensor.detach().clone() : tensor;
    }

  private:
    Parameters::PackedWeights packed_;
    Parameters::PackedTables packed_rows_;
    std::unordered_map<std::string, at::Tensor> tensors_;
};

}  // namespace

std::shared_ptr<Model> share_model(Model& model) {
    Parameters& p = model.parameters();
    return make_model(
        model.config(),
        std::make_unique<Parameters>(std::make_shared<SharedSource>(p), p.dtype(), p.device()),
        model.device_reason());
}

}  // namespace moonlet
