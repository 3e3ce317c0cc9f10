// SPDX-License-Identifier: Apache-2.0
#include "formats/model_summary.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>

#include "core/error.h"
#include "core/json.h"
#include "formats/gguf.h"
#include "formats/safetensors.h"

namespace moonlet {

namespace fs = std::filesystem;

namespace {

// The names people use, "bf16" for "BF16" and for float16 "f16"; others as the format writes them.
std::string lower(std::string text) {
    for (char& c : text) c = char(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

bool ends_with(const std::string& text, const std::string& end) {
    return text.size() >= end.size() && lower(text.substr(text.size() - end.size())) == end;
}

// Adds up tensors: the type that most bytes are in is the model's.
struct Sum {
    std::map<std::string, int64_t> bytes_of;
    ModelSummary& into;
    void add(const std::string& type, const std::vector<int64_t>& shape, size_t bytes) {
        int64_t elements = 1;
        for (int64_t n : shape) elements *= n;
        into.parameters += elements;
        into.bytes += int64_t(bytes);
        bytes_of[type] += int64_t(bytes);
        if (into.dtype.empty() || bytes_of[type] > bytes_of[into.dtype]) into.dtype = type;
    }
};

void read_gguf(const std::string& path, ModelSummary& summary) {
    Gguf file = Gguf::open(path);
    if (const GgufValue* family = file.find("general.architecture"))
        summary.family = std::string(family->string());
    Sum sum{{}, summary};
    for (const GgufTensor& tensor : file.tensors())
        sum.add(ggml_type_name(tensor.type), tensor.shape, tensor.bytes);
}

void read_folder(const fs::path& folder, const char* config_name, ModelSummary& summary) {
    Json config = read_json((folder / config_name).string());
    for (const char* key : {"peft_type", "model_type"}) {
        auto found = config.is_object() ? config.find(key) : config.end();
        if (found == config.end() || !found->is_string()) continue;
        summary.family = found->get<std::string>();
        if (key == std::string("peft_type")) summary.family = lower(summary.family) + " adapter";
        break;
    }
    const fs::path adapter = folder / "adapter_model.safetensors";
    Safetensors weights = config_name == std::string("adapter_config.json")
                              ? Safetensors::open(adapter.string())
                              : Safetensors::open_folder(folder.string());
    Sum sum{{}, summary};
    for (const auto& [name, view] : weights.tensors())
        sum.add(lower(dtype_name(view.dtype)), view.shape, view.bytes);
}

}  // namespace

std::optional<ModelSummary> summarize_model(const std::string& path) {
    std::error_code none;
    const bool gguf = ends_with(path, ".gguf") && fs::is_regular_file(path, none);
    const char* config = nullptr;
    for (const char* name : {"adapter_config.json", "config.json"})
        if (fs::exists(fs::path(path) / name, none)) config = name;
    if (!gguf && !config) return std::nullopt;
    ModelSummary summary;
    try {
        if (gguf) read_gguf(path, summary);
        else read_folder(path, config, summary);
    } catch (const Error& e) {
        summary.problem = e.what();
    }
    return summary;
}

std::vector<std::string> model_entries(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code failed;
    for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
         entry.increment(failed)) {
        std::error_code none;
        std::string name = entry->path().filename().string();
        bool model = ends_with(name, ".gguf") && entry->is_regular_file(none);
        for (const char* config : {"config.json", "adapter_config.json"})
            model = model || fs::exists(entry->path() / config, none);
        if (model) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace moonlet
