// SPDX-License-Identifier: Apache-2.0
// A model as a whole: what is opened and what is said of it.
#include "generation/language_model.h"

#include <cstdio>
#include <filesystem>

#include "core/error.h"
#include "core/files.h"
#include "core/opened.h"
#include "generation/kv_store.h"
#include "generation/pooling.h"

namespace moonlet {

namespace fs = std::filesystem;

namespace {

std::string ending(const std::string& path) {
    std::string e = fs::path(path).extension().string();
    for (char& c : e) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return e;
}

// The one GGUF model in a folder; "" where there is none. Error: several.
std::string gguf_in(const std::string& folder) {
    std::vector<std::string> found;
    std::string names;
    for (auto& entry : fs::directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        if (!is_gguf(name)) continue;
        const size_t shard = name.rfind("-of-");  // x-00002-of-00005.gguf belongs to the first
        if (shard != std::string::npos && shard > 5 && name.substr(shard - 5, 5) != "00001")
            continue;
        found.push_back(entry.path().string());
        names += (names.empty() ? "" : ", ") + name;
    }
    if (found.size() > 1)
        throw Error(quote(folder, 200) + " holds several GGUF models: " + names, "one of them",
                    "give its path");
    return found.empty() ? "" : found[0];
}

// A folder with config.json or a GGUF file, or an error that says what was found instead.
std::string model_path(const std::string& name) {
    const std::string path = resolve_model_path(name), kind = ending(path);
    if (!fs::is_directory(path)) {
        if (is_gguf(path)) return path;
        if (kind == ".bin" || kind == ".pt" || kind == ".pth" || kind == ".pkl" || kind == ".ckpt")
            throw Error(quote(path, 200) + " is a pickle, which could run any code",
                        "a folder with safetensors, or a .gguf file",
                        "convert it with transformers: model.save_pretrained(folder, "
                        "safe_serialization=True)");
        std::string folder = fs::path(path).parent_path().string();
        bool inside = fs::exists(fs::path(path).parent_path() / "config.json");
        throw Error(quote(path, 200) + " is a file",
                    "a folder with config.json and model.safetensors, or a .gguf file",
                    inside ? "give its folder, " + quote(folder.empty() ? "." : folder, 200) : "");
    }
    if (fs::exists(fs::path(path) / "config.json")) return path;
    if (std::string gguf = gguf_in(path); !gguf.empty()) return gguf;
    throw Error(quote(path, 200) + " has no config.json",
                "a folder with config.json and model.safetensors, or with a .gguf file",
                "looked for " + (fs::path(path) / "config.json").string());
}

// "models/demo/" -> "demo"; the hub's cache, models--Qwen--Qwen3-0.6B/snapshots/<hash> ->
// "Qwen3-0.6B".
std::string nice_name(const std::string& folder) {
    std::error_code ignored;
    fs::path path = fs::weakly_canonical(folder, ignored);
    if (path.parent_path().filename() == "snapshots") {
        std::string repository = path.parent_path().parent_path().filename().string();
        if (size_t dashes = repository.rfind("--"); dashes != std::string::npos)
            return repository.substr(dashes + 2);
    }
    if (is_gguf(path.string())) return path.stem().string();
    return path.filename().empty() ? folder : path.filename().string();
}

Json json_if_there(const fs::path& path) {
    return fs::exists(path) ? read_json(path.string()) : Json();
}

std::string count_text(int64_t count) {
    char text[32];
    double n = static_cast<double>(count);
    if (n >= 1e9) std::snprintf(text, sizeof text, "%.1f B", n / 1e9);
    else if (n >= 1e6) std::snprintf(text, sizeof text, "%.1f M", n / 1e6);
    else if (n >= 1e3) std::snprintf(text, sizeof text, "%.1f K", n / 1e3);
    else std::snprintf(text, sizeof text, "%d", static_cast<int>(count));
    return text;
}

std::string dtype_text(at::ScalarType dtype) {
    switch (dtype) {
        case at::kFloat: return "f32";
        case at::kDouble: return "f64";
        case at::kHalf: return "f16";
        case at::kBFloat16: return "bf16";
        default: return c10::toString(dtype);
    }
}

// What the weights are kept in; of packed ones their kind and what is computed between them.
std::string weights_text(const Parameters& parameters) {
    const std::string kind = parameters.packed_kind(), dtype = dtype_text(parameters.dtype());
    return kind.empty() ? dtype : kind + " (" + dtype + ")";
}

}  // namespace

Tokenizer& LanguageModel::need_tokenizer() const {
    if (tokenizer) return *tokenizer;
    throw Error("model " + name + " has no tokenizer", "tokenizer.json in its folder",
                "give token ids instead of text");
}

ChatTemplate& LanguageModel::need_chat_template() const {
    if (chat_template) return *chat_template;
    throw Error("model " + name + " has no chat template",
                "chat_template.jinja or chat_template in tokenizer_config.json",
                "use m:generate with a text of your own");
}

const std::shared_ptr<KvStore>& LanguageModel::kv() {
    // Another network was put in: what was read is worth nothing.
    if (!kv_ || !kv_->keeps_for(*network))
        kv_ = std::make_shared<KvStore>(network, KvOptions{kv_budget, kv_int8});
    return kv_;
}

size_t LanguageModel::bytes() const {
    const Overlay* overlay = network ? network->overlay().get() : nullptr;
    return (network ? network->parameters().bytes() : 0) + (overlay ? overlay->bytes() : 0) +
           (kv_ ? kv_->pool().bytes() : 0) + (tokenizer ? tokenizer->bytes() : 0);
}

std::string LanguageModel::describe() const {
    Parameters& parameters = network->parameters();
    std::string text = network->model_type() + " · " + count_text(parameters.count()) +
                       " params · " + weights_text(parameters) + " · " + parameters.device().str();
    if (const Classifier* head = network->classifier())
        text += " · " + std::to_string(head->labels.size()) + " labels";
    if (network->max_positions() > 0) text += " · ctx " + std::to_string(network->max_positions());
    if (!network->causal())
        text += " · embeds " + std::to_string(network->hidden_size()) + " (" + pooling + ")";
    else text += std::string(" · chat template ") + (chat_template ? "yes" : "no");
    const std::string overlay = network->overlay() ? network->overlay()->describe() : "";
    return overlay.empty() ? text : text + " · " + overlay;
}

namespace {

void read_folder(LanguageModel& model, const fs::path& folder) {
    model.generation_config =
        GenerationConfig::from_json(json_if_there(folder / "generation_config.json"),
                                    read_json((folder / "config.json").string()));
    model.tokenizer_config = json_if_there(folder / "tokenizer_config.json");
    if (fs::exists(folder / "tokenizer.json")) model.tokenizer = Tokenizer::load(folder.string());
    model.chat_template = ChatTemplate::load(folder.string());
    read_pooling(model, folder.string());
}

void read_file(LanguageModel& model, const std::string& path) {
    GgufText text = read_gguf_text(path);
    if (!text.name.empty()) model.name = text.name;
    model.generation_config = GenerationConfig::from_json(text.generation_config, Json());
    model.tokenizer_config = text.tokenizer_config;
    if (!text.chat_templates.empty())
        model.chat_template =
            ChatTemplate::from_sources(text.chat_templates, text.tokenizer_config);
    if (!text.pooling.empty()) model.pooling = text.pooling;
    const std::string json = "tokenizer.huggingface.json in " + quote(path, 200);
    if (text.has_vocabulary) model.tokenizer = Tokenizer::load(path);
    else if (!text.tokenizer_json.empty())
        model.tokenizer = Tokenizer::from_json(parse_json(text.tokenizer_json, json), json);
}

}  // namespace

std::shared_ptr<LanguageModel> load_language_model(const std::string& name,
                                                   const LoadOptions& options) {
    const std::string path = model_path(name);
    auto model = std::make_shared<LanguageModel>();
    model->name = nice_name(path);
    model->folder = path;
    // Small files first: a broken one is told of before gigabytes are mapped.
    if (is_gguf(path)) read_file(*model, path);
    else read_folder(*model, path);
    model->network = load_model(path, options);
    note_opened(name, model->folder);
    return model;
}

std::string stored_type(const std::string& name) {
    const auto type = stored_dtype(model_path(name));
    return type ? dtype_text(*type) : "quantised";
}

}  // namespace moonlet
