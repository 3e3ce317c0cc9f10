// SPDX-License-Identifier: Apache-2.0
// A model folder as a whole: what is opened, what is said of it, what is written back.
#include "generation/language_model.h"

#include <cstdio>
#include <filesystem>

#include "core/error.h"
#include "core/files.h"
#include "core/opened.h"
#include "generation/context.h"
#include "generation/pooling.h"

namespace moonlet {

namespace fs = std::filesystem;

namespace {

std::string ending(const std::string& path) {
    std::string e = fs::path(path).extension().string();
    for (char& c : e) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return e;
}

// A folder with config.json, or an error that says what was found instead.
std::string model_folder(const std::string& name) {
    bool gguf = ending(name) == ".gguf";
    std::string path = gguf && !fs::exists(name) ? name : resolve_model_path(name);
    if (gguf)
        throw Error(quote(name, 200) + " is a GGUF file", "a Hugging Face folder",
                    "GGUF comes with a later version; open the folder it was made from");
    if (!fs::is_directory(path)) {
        std::string folder = fs::path(path).parent_path().string();
        bool inside = fs::exists(fs::path(path).parent_path() / "config.json");
        throw Error(quote(path, 200) + " is a file",
                    "a folder with config.json and model.safetensors",
                    inside ? "give its folder, " + quote(folder.empty() ? "." : folder, 200) : "");
    }
    if (!fs::exists(fs::path(path) / "config.json")) {
        std::string todo = "looked for " + (fs::path(path) / "config.json").string();
        for (auto& entry : fs::directory_iterator(path))
            if (ending(entry.path().string()) == ".gguf")
                todo = "it holds " + entry.path().filename().string() +
                       ", but GGUF comes with a later version";
        throw Error(quote(path, 200) + " has no config.json",
                    "a folder with config.json and model.safetensors", todo);
    }
    return path;
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

size_t LanguageModel::bytes() const {
    const Overlay* overlay = network ? network->overlay().get() : nullptr;
    return (network ? network->parameters().bytes() : 0) + (overlay ? overlay->bytes() : 0) +
           (context ? context->bytes() : 0) + (tokenizer ? tokenizer->bytes() : 0);
}

std::string LanguageModel::describe() const {
    Parameters& parameters = network->parameters();
    std::string text = network->model_type() + " · " + count_text(parameters.count()) +
                       " params · " + dtype_text(parameters.dtype()) + " · " +
                       parameters.device().str();
    if (const Classifier* head = network->classifier())
        text += " · " + std::to_string(head->labels.size()) + " labels";
    if (network->max_positions() > 0) text += " · ctx " + std::to_string(network->max_positions());
    if (!network->causal())
        text += " · embeds " + std::to_string(network->hidden_size()) + " (" + pooling + ")";
    else text += std::string(" · chat template ") + (chat_template ? "yes" : "no");
    const std::string overlay = network->overlay() ? network->overlay()->describe() : "";
    return overlay.empty() ? text : text + " · " + overlay;
}

std::shared_ptr<LanguageModel> load_language_model(const std::string& name,
                                                   const LoadOptions& options) {
    fs::path folder = model_folder(name);
    auto model = std::make_shared<LanguageModel>();
    model->name = nice_name(folder.string());
    model->folder = folder.string();
    // Small files first: a broken one is told of before gigabytes are mapped.
    model->generation_config =
        GenerationConfig::from_json(json_if_there(folder / "generation_config.json"),
                                    read_json((folder / "config.json").string()));
    model->tokenizer_config = json_if_there(folder / "tokenizer_config.json");
    if (fs::exists(folder / "tokenizer.json")) model->tokenizer = Tokenizer::load(folder.string());
    model->chat_template = ChatTemplate::load(folder.string());
    read_pooling(*model, folder.string());
    model->network = load_model(folder.string(), options);
    note_opened(name, model->folder);
    return model;
}

void save_language_model(LanguageModel& model, const std::string& folder) {
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed)
        throw Error("cannot make the folder " + quote(folder, 200) + ": " + failed.message());
    fs::path to = folder;
    auto put = [&](const char* file, const Json& json) {
        if (!json.is_null()) write_file((to / file).string(), dump_json(json) + "\n");
    };
    save_model(*model.network, folder);
    if (model.tokenizer) model.tokenizer->save(folder);
    put("tokenizer_config.json", model.tokenizer_config);
    if (model.chat_template)
        write_file((to / "chat_template.jinja").string(), model.chat_template->source());
    put("generation_config.json", model.generation_config.json);
    if (!model.network->causal() || model.normalize || model.pooling != "mean")
        save_pooling(model, folder);
}

}  // namespace moonlet
