// SPDX-License-Identifier: Apache-2.0
// Adapters as peft's folders: adapter_config.json and adapter_model.safetensors, whose names are
// "base_model.model.<module path>.lora_A.weight" and lora_B. What ours hold beyond peft's, a hash
// of the base weights, stands in the safetensors' metadata, which peft passes over.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>

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
                     *kPrefix = "base_model.model.", *kHash = "base_hash";

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

// "base_model.model.<path>.lora_A.weight" -> path and 'A'. Error: anything else.
std::pair<std::string, char> parse_name(const std::string& name, const std::string& where) {
    for (char half : {'A', 'B'}) {
        const std::string end = std::string(".lora_") + half + ".weight",
                          prefix = name.rfind(kPrefix, 0) == 0 ? kPrefix : "";
        if (name.size() > prefix.size() + end.size() &&
            name.compare(name.size() - end.size(), end.size(), end) == 0)
            return {name.substr(prefix.size(), name.size() - end.size() - prefix.size()), half};
    }
    throw Error("tensor " + quote(name, 150) + " in " + where,
                "lora_A and lora_B weights of linear layers",
                "adapters of embeddings, norms or whole layers are not supported");
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
    for (const AdapterLayer& layer : adapter.layers) paths.push_back(layer.path);
    return paths;
}

}  // namespace

Adapter& Adapters::load(const std::string& name, const std::string& folder) {
    const std::string where = quote(folder, 200);
    if (!is_adapter_folder(folder))
        throw Error(where + " is no adapter",
                    std::string("a folder with ") + kConfig + " and " + kWeights,
                    fs::exists(fs::path(folder) / "adapter_model.bin")
                        ? "it holds a pickle, which may run code: save it as safetensors"
                        : "");
    const std::string file = (fs::path(folder) / kWeights).string(), file_text = quote(file, 200);
    auto adapter = std::make_unique<Adapter>();
    adapter->name = name;
    const std::string config_path = (fs::path(folder) / kConfig).string();
    adapter->config = lora_config(read_json(config_path), quote(config_path, 200));
    adapter->dropout->p = adapter->config.dropout;
    const Json base = adapter->config.file.value("base_model_name_or_path", Json());
    if (base.is_string()) adapter->base = base.get<std::string>();

    const Safetensors weights = Safetensors::open(file);
    std::map<std::string, Halves> found;  // by path
    for (const auto& [tensor, view] : weights.tensors()) {
        auto [path, half] = parse_name(tensor, file_text);
        found[path].name[half - 'A'] = tensor;
        found[path].view[half - 'A'] = &view;
    }
    if (found.empty()) throw Error(file_text + " holds no tensors");
    at::NoGradGuard no_grad;
    const at::Device device = network_.parameters().device();
    const auto type = network_.parameters().dtype() == at::kDouble ? at::kDouble : at::kFloat;
    for (const auto& [path, halves] : found) {
        const std::string layer = linear_for(network_, path);
        if (layer.empty())
            throw Error("layer " + quote(path, 150) + " of " + file_text,
                        "a linear layer of this " + network_.model_type() + " model",
                        "the adapter may be of another base model");
        if (!halves.view[0] || !halves.view[1])
            throw Error("layer " + quote(path, 150) + " of " + file_text + " has no lora_" +
                        (halves.view[0] ? "B" : "A"));
        const LinearWeight& weight = *base_[index_of(linears_, layer)];
        const int rank = adapter->config.rank_of(path);
        check_shape(*halves.view[0], {rank, weight.in_features()}, halves.name[0], file_text);
        check_shape(*halves.view[1], {weight.out_features(), rank}, halves.name[1], file_text);
        adapter->layers.push_back({module_path(network_, layer), layer,
                                   tensor_from(*halves.view[0], type, halves.name[0]).to(device),
                                   tensor_from(*halves.view[1], type, halves.name[1]).to(device),
                                   adapter->config.scale_of(path)});
    }
    if (auto hash = weights.metadata().find(kHash); hash != weights.metadata().end()) {
        adapter->base_hash = hash->second;
        adapter->other_base = hash->second != weights_hash(network_);
    }
    return keep(std::move(adapter));
}

void Adapters::save(const std::string& name, const std::string& folder) const {
    const Adapter& adapter = const_cast<Adapters*>(this)->get(name);
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed)
        throw Error("cannot make the folder " + quote(folder, 200) + ": " + failed.message());
    bool transposed = false;
    for (const AdapterLayer& layer : adapter.layers) {
        const auto& base = base_[index_of(linears_, layer.linear)];
        if (std::string(base->kind()) != "plain") continue;
        transposed |= !base->dense_weight().is_same(stored_weight(network_, layer.linear));
    }
    std::vector<TensorToWrite> out;
    for (const Parameters::Entry& entry : tensors(adapter))
        out.push_back(
            {entry.name, entry.tensor.scalar_type() == at::kDouble ? Dtype::F64 : Dtype::F32,
             entry.tensor.sizes().vec(), [tensor = entry.tensor] {
                 auto held = std::make_shared<at::Tensor>(tensor.detach().cpu().contiguous());
                 return std::shared_ptr<const void>(held, held->const_data_ptr());
             }});
    std::map<std::string, std::string> metadata = {{"format", "pt"}};
    if (!adapter.base_hash.empty()) metadata[kHash] = adapter.base_hash;
    write_safetensors((fs::path(folder) / kWeights).string(), std::move(out), metadata);
    Json config = adapter_config(adapter.config, target_names(network_, adapter), transposed,
                                 adapter.base, network_.causal());
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
        mix(name_hash(entry.name));
        for (int64_t n : entry.tensor.sizes()) mix(uint64_t(n));
        at::Tensor flat = entry.tensor.detach().reshape({-1});
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
