// SPDX-License-Identifier: Apache-2.0
// Adapters as peft's folders: adapter_config.json and adapter_model.safetensors, whose names are
// "base_model.model.<module path>.lora_A.weight" and lora_B. What ours hold beyond peft's, a hash
// of the base weights, stands in the safetensors' metadata, which peft passes over.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>

#include "adapters/adapter.h"
#include "adapters/paths.h"
#include "core/error.h"
#include "core/files.h"
#include "formats/safetensors.h"
#include "ops/grad.h"

namespace moonlet {

namespace fs = std::filesystem;

namespace {

constexpr const char *kConfig = "adapter_config.json", *kWeights = "adapter_model.safetensors",
                     *kPrefix = "base_model.model.", *kHash = "base_hash", *kLabels = "labels",
                     *kPooling = "pooling";

at::Tensor tensor_from(const TensorView& view, at::ScalarType wanted, const std::string& what) {
    at::ScalarType type;
    switch (view.dtype) {
        case Dtype::F32: type = at::kFloat; break;
        case Dtype::F64: type = at::kDouble; break;
        case Dtype::BF16: type = at::kBFloat16; break;
        case Dtype::F16: type = at::kHalf; break;
        default: throw Error(what + " is " + dtype_name(view.dtype), "F32, BF16, F16 or F64");
    }
    at::Tensor copy = at::empty(view.shape, type);
    if (view.bytes) std::memcpy(copy.data_ptr(), view.data, view.bytes);
    return copy.to(wanted);
}

std::string shape_text(const std::vector<int64_t>& shape) {
    std::string text = "[";
    for (int64_t n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
    return text + "]";
}

std::string without_prefix(const std::string& name) {
    return name.rfind(kPrefix, 0) == 0 ? name.substr(std::strlen(kPrefix)) : name;
}

// "base_model.model.<path>.lora_A.weight" -> path and 'A'. Error: anything else.
std::pair<std::string, char> parse_name(const std::string& name, const std::string& where) {
    const std::string bare = without_prefix(name);
    for (char half : {'A', 'B'}) {
        const std::string end = std::string(".lora_") + half + ".weight";
        if (bare.size() > end.size() &&
            bare.compare(bare.size() - end.size(), end.size(), end) == 0)
            return {bare.substr(0, bare.size() - end.size()), half};
    }
    throw Error("tensor " + quote(name, 150) + " in " + where,
                "lora_A and lora_B weights of linear layers",
                "adapters of embeddings, norms or whole layers are not supported");
}

// In f32, or f64 where it is.
TensorToWrite to_write(const std::string& name, const at::Tensor& tensor) {
    const bool wide = tensor.scalar_type() == at::kDouble;
    return {name, wide ? Dtype::F64 : Dtype::F32, tensor.sizes().vec(), [tensor, wide] {
                auto held = std::make_shared<at::Tensor>(
                    tensor.detach().to(at::kCPU, wide ? at::kDouble : at::kFloat).contiguous());
                return std::shared_ptr<const void>(held, held->const_data_ptr());
            }};
}

void check_shape(const TensorView& view, std::vector<int64_t> wanted, const std::string& name,
                 const std::string& where) {
    if (view.shape != wanted)
        throw Error(
            "tensor " + quote(name, 150) + " in " + where + " has shape " + shape_text(view.shape),
            shape_text(wanted) + " for this model and its rank",
            "the adapter may be of another base model");
}

struct Halves {
    std::string name[2];
    const TensorView* view[2] = {nullptr, nullptr};
};

// The last parts of the paths if these alone say which layers are targeted, else whole paths.
std::vector<std::string> target_names(Model& network, const Adapter& adapter) {
    LoraConfig parts;
    parts.all_linear = false;
    for (const AdapterLayer& layer : adapter.layers) {
        std::string part = layer.path.substr(layer.path.rfind('.') + 1);
        if (std::find(parts.targets.begin(), parts.targets.end(), part) == parts.targets.end())
            parts.targets.push_back(part);
    }
    size_t matched = 0;
    for (const auto& named : network.parameters().linears())
        matched += parts.targets_module(module_path(network, named.name), false);
    if (matched == adapter.layers.size()) return parts.targets;
    std::vector<std::string> paths;
    for (const AdapterLayer& layer : adapter.layers)
        paths.push_back(module_path(network, layer.linear));
    return paths;
}

}  // namespace

Adapters::File Adapters::open(const std::string& folder) const {
    const std::string where = quote(folder, 200);
    if (!is_adapter_folder(folder))
        throw Error(where + " is no adapter",
                    std::string("a folder with ") + kConfig + " and " + kWeights,
                    fs::exists(fs::path(folder) / "adapter_model.bin")
                        ? "it holds a pickle, which may run code: save it as safetensors"
                        : "");
    File file;
    const std::string config_path = (fs::path(folder) / kConfig).string();
    file.config = lora_config(read_json(config_path), quote(config_path, 200));
    const std::string path = (fs::path(folder) / kWeights).string(), text = quote(path, 200);
    const Safetensors weights = Safetensors::open(path);
    file.metadata = weights.metadata();
    std::map<std::string, Halves> found;  // by path
    at::NoGradGuard no_grad;
    const auto type = network_.parameters().dtype() == at::kDouble ? at::kDouble : at::kFloat;
    for (const auto& [tensor, view] : weights.tensors()) {
        const std::string bare = without_prefix(tensor);
        if (is_head_tensor(bare)) {
            file.head[bare] = tensor_from(view, type, tensor);
            continue;
        }
        auto [layer, half] = parse_name(tensor, text);
        found[layer].name[half - 'A'] = tensor;
        found[layer].view[half - 'A'] = &view;
    }
    if (found.empty()) throw Error(text + " holds no adapter tensors");
    const at::Device device = network_.parameters().device();
    for (const auto& [path_of, halves] : found) {
        const std::string layer = linear_for(network_, path_of);
        if (layer.empty())
            throw Error("layer " + quote(path_of, 150) + " of " + text,
                        "a linear layer of this " + network_.model_type() + " model",
                        "the adapter may be of another base model");
        if (!halves.view[0] || !halves.view[1])
            throw Error("layer " + quote(path_of, 150) + " of " + text + " has no lora_" +
                        (halves.view[0] ? "B" : "A"));
        const LinearWeight& weight = *base_[index_of(linears_, layer)];
        const int rank = file.config.rank_of(path_of);
        check_shape(*halves.view[0], {rank, weight.in_features()}, halves.name[0], text);
        check_shape(*halves.view[1], {weight.out_features(), rank}, halves.name[1], text);
        file.layers.push_back({module_path(network_, layer), layer,
                               tensor_from(*halves.view[0], type, halves.name[0]).to(device),
                               tensor_from(*halves.view[1], type, halves.name[1]).to(device),
                               file.config.scale_of(path_of)});
    }
    return file;
}

// Everything is checked before the network gets a head.
void Adapters::put_head(const File& file, const std::string& folder) {
    if (file.head.empty()) return;
    const std::string where = " of " + quote(folder, 200);
    const HeadLayout& layout = Families::get(network_.model_type()).head;
    const std::string name = layout.score;
    auto weight = file.head.find(name + ".weight");
    if (weight == file.head.end())
        throw Error("head " + quote(file.head.begin()->first) + where, name + ".weight");
    if (layout.dense && !layout.of_body) {
        const int64_t h = network_.hidden_size();
        auto dense = file.head.find(layout.dense + std::string(".weight"));
        if (dense == file.head.end() || dense->second.sizes() != at::IntArrayRef({h, h}))
            throw Error("head " + quote(name) + where + " without its other layer",
                        layout.dense + std::string(".weight") + " of shape " + shape_text({h, h}),
                        "train it with modules_to_save naming both");
    }
    const Classifier* there = network_.classifier();
    const int64_t count = there ? int64_t(there->labels.size()) : weight->second.size(0);
    if (weight->second.dim() != 2 || weight->second.size(0) != count ||
        weight->second.size(1) != network_.hidden_size())
        throw Error(
            "head " + quote(name) + where + " of shape " + shape_text(weight->second.sizes().vec()),
            shape_text({count, network_.hidden_size()}) + " for this model");
    std::vector<std::string> labels;
    for (int64_t i = 0; i < count; ++i) labels.push_back("LABEL_" + std::to_string(i));
    if (auto told = file.metadata.find(kLabels); told != file.metadata.end()) {
        const Json list = parse_json(told->second, "labels" + where);
        for (size_t i = 0; list.is_array() && i < list.size() && i < labels.size(); ++i)
            if (list[i].is_string()) labels[i] = list[i].get<std::string>();
        if (there && labels != there->labels)
            throw Error("labels " + told->second + where, "those of the model's own head");
    }
    auto pooling = file.metadata.find(kPooling);
    if (!there)
        network_.add_classifier(labels,
                                pooling != file.metadata.end() ? pooling->second
                                : network_.causal()            ? "lasttoken"
                                                               : "cls",
                                0);
    at::NoGradGuard no_grad;
    for (const Parameters::Entry& entry : network_.parameters().entries())
        if (auto given = file.head.find(entry.name); given != file.head.end())
            entry.tensor.detach().copy_(given->second.reshape(entry.tensor.sizes()));
}

Adapter& Adapters::load(const std::string& name, const std::string& folder) {
    if (has(name)) throw Error("there is an adapter " + quote(name) + " already", "another name");
    File file = open(folder);
    auto adapter = std::make_unique<Adapter>();
    adapter->name = name;
    adapter->config = file.config;
    adapter->dropout->p = file.config.dropout;
    const Json base = file.config.file.value("base_model_name_or_path", Json());
    if (base.is_string()) adapter->base = base.get<std::string>();
    adapter->layers = std::move(file.layers);
    if (auto hash = file.metadata.find(kHash); hash != file.metadata.end()) {
        adapter->base_hash = hash->second;
        adapter->other_base = hash->second != weights_hash(network_);
    }
    put_head(file, folder);
    return keep(std::move(adapter));
}

std::map<std::string, at::Tensor> Adapters::stored(const std::string& name,
                                                   const std::string& folder) const {
    const Adapter& adapter = const_cast<Adapters*>(this)->get(name);
    const File file = open(folder);
    std::map<std::string, at::Tensor> result;
    for (const AdapterLayer& from : file.layers)
        for (const AdapterLayer& layer : adapter.layers)
            if (layer.linear == from.linear) {
                result[kPrefix + layer.path + ".lora_A.weight"] = from.a;
                result[kPrefix + layer.path + ".lora_B.weight"] = from.b;
            }
    for (const Parameters::Entry& entry : network_.parameters().entries())
        if (auto head = file.head.find(entry.name); head != file.head.end())
            result[entry.name] = head->second.to(entry.tensor.scalar_type());
    return result;
}

void Adapters::save(const std::string& name, const std::string& folder) const {
    const Adapter& adapter = const_cast<Adapters*>(this)->get(name);
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed)
        throw Error("cannot make the folder " + quote(folder, 200) + ": " + failed.message());
    bool transposed = false;
    std::vector<TensorToWrite> out;
    for (const AdapterLayer& layer : adapter.layers) {
        const auto& base = base_[index_of(linears_, layer.linear)];
        if (std::string(base->kind()) == "plain")
            transposed |= !base->dense_weight().is_same(stored_weight(network_, layer.linear));
        // By what the network is now: a head put on it since changes transformers' paths.
        const std::string path = kPrefix + module_path(network_, layer.linear);
        out.push_back(to_write(path + ".lora_A.weight", layer.a));
        out.push_back(to_write(path + ".lora_B.weight", layer.b));
    }
    std::map<std::string, std::string> metadata = {{"format", "pt"}};
    if (!adapter.base_hash.empty()) metadata[kHash] = adapter.base_hash;
    Json config = adapter_config(adapter.config, target_names(network_, adapter), transposed,
                                 adapter.base, network_.causal());
    if (const Classifier* head = network_.classifier()) {
        std::set<std::string> modules;
        for (const Parameters::Entry& entry : network_.parameters().entries()) {
            if (!is_head_tensor(entry.name)) continue;
            out.push_back(to_write(kPrefix + entry.name, entry.tensor));
            modules.insert(entry.name.substr(0, entry.name.find('.')));
        }
        config["modules_to_save"] = modules;
        config["task_type"] = "SEQ_CLS";
        metadata[kLabels] = dump_json(Json(head->labels), -1);
        metadata[kPooling] = head->pooling;
    }
    write_safetensors((fs::path(folder) / kWeights).string(), std::move(out), metadata);
    write_file((fs::path(folder) / kConfig).string(), dump_json(config) + "\n");
}

bool is_adapter_folder(const std::string& folder) {
    std::error_code ignored;
    return fs::exists(fs::path(folder) / kConfig, ignored) &&
           fs::exists(fs::path(folder) / kWeights, ignored) &&
           !fs::exists(fs::path(folder) / "model.safetensors", ignored);
}

std::string adapter_base(const std::string& folder) {
    const std::string path = (fs::path(folder) / kConfig).string();
    const Json base = read_json(path).value("base_model_name_or_path", Json());
    if (!base.is_string() || base.get<std::string>().empty())
        throw Error(quote(path, 200) + " names no base model", "",
                    "say which: models.load(folder, {base = \"…\"})");
    const std::string name = base.get<std::string>(),
                      last = fs::path(name).lexically_normal().filename().string();
    std::error_code ignored;
    if (fs::exists(name, ignored)) return name;
    for (const std::string& known : {name, last}) {
        if (known.empty()) continue;
        try {
            return resolve_model_path(known);
        } catch (const Error&) {
            continue;
        }
    }
    throw Error("the base model " + quote(name, 200) + " of " + quote(folder, 200) + " is not here",
                "", "say where it is: models.load(folder, {base = \"…\"})");
}

std::string base_reference(const std::string& folder) {
    if (folder.empty()) return "";
    std::error_code failed;
    const fs::path path = fs::weakly_canonical(folder, failed);
    if (failed) return folder;
    // The hub's cache: models--Qwen--Qwen3-0.6B/snapshots/<hash>.
    if (path.parent_path().filename() == "snapshots") {
        std::string id = path.parent_path().parent_path().filename().string();
        if (id.rfind("models--", 0) == 0) {
            id = id.substr(8);
            if (size_t dashes = id.find("--"); dashes != std::string::npos)
                id.replace(dashes, 2, "/");
            return id;
        }
    }
    return path.string();
}

std::string weights_hash(Model& network) {
    at::NoGradGuard no_grad;
    constexpr int64_t kSample = 32;  // values each at the beginning, middle and end of a tensor
    uint64_t h = name_hash(network.model_type());
    auto mix = [&](uint64_t word) { h = (h ^ word) * 1099511628211ull; };
    for (const Parameters::Entry& entry : network.parameters().entries()) {
        if (is_head_tensor(entry.name)) continue;  // comes with the adapter
        mix(name_hash(entry.name));
        for (int64_t n : entry.tensor.sizes()) mix(uint64_t(n));
        at::Tensor flat = network.parameters().dense(entry).detach().reshape({-1});
        if (flat.numel() == 0) continue;
        const int64_t n = std::min(kSample, flat.numel()), last = flat.numel() - n;
        for (int64_t from : {int64_t(0), last / 2, last}) {
            at::Tensor sample = flat.narrow(0, from, n).to(at::kCPU, at::kBFloat16).contiguous();
            const auto* bits = static_cast<const uint16_t*>(sample.const_data_ptr());
            for (int64_t i = 0; i < n; ++i) mix(bits[i]);
        }
    }
    char text[20];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(h));
    return text;
}

}  // namespace moonlet
