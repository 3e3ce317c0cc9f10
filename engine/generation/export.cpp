// SPDX-License-Identifier: Apache-2.0
// A model as a whole, written: a Hugging Face folder or a GGUF file, with all that is needed to ask
// it the same way again.
#include <cstdint>
#include <filesystem>

#include "core/error.h"
#include "core/files.h"
#include "generation/gguf_entries.h"
#include "generation/language_model.h"
#include "generation/pooling.h"

namespace moonlet {

namespace fs = std::filesystem;

namespace {

std::string own_type(const LanguageModel& model) {
    const at::ScalarType type = model.network->parameters().dtype();
    return type == at::kHalf ? "f16" : type == at::kBFloat16 ? "bf16" : "f32";
}

int64_t bytes_at(const fs::path& path) {
    std::error_code failed;
    if (!fs::is_directory(path, failed)) return int64_t(fs::file_size(path, failed));
    int64_t sum = 0;
    for (const auto& entry : fs::recursive_directory_iterator(path, failed))
        if (entry.is_regular_file(failed)) sum += int64_t(entry.file_size(failed));
    return sum;
}

// What transformers reads: default in chat_template.jinja, the others by name beside it.
void write_templates(const ChatTemplate& chat, const fs::path& folder) {
    for (const std::string& name : chat.names()) {
        fs::path file = folder / "chat_template.jinja";
        if (name != "default") {
            const bool plain = name.find_first_of("/\\") == std::string::npos && name[0] != '.';
            if (!plain) throw Error("a chat template called " + quote(name), "a file's name");
            fs::create_directories(folder / "additional_chat_templates");
            file = folder / "additional_chat_templates" / (name + ".jinja");
        }
        write_file(file.string(), chat.source(name));
    }
}

void save_folder(LanguageModel& model, const fs::path& to, const ExportOptions& options) {
    SaveOptions save;
    save.shard_bytes = options.shard_bytes;
    if (options.type == "f32") save.dtype = at::kFloat;
    else if (options.type == "bf16") save.dtype = at::kBFloat16;
    else if (options.type == "f16") save.dtype = at::kHalf;
    else if (!options.type.empty())
        throw Error("type " + quote(options.type) + " for a Hugging Face folder",
                    "f32, bf16 or f16", "quantised types are written as GGUF");
    std::error_code failed;
    fs::create_directories(to, failed);
    if (failed)
        throw Error("cannot make the folder " + quote(to.string(), 200) + ": " + failed.message());
    auto put = [&](const char* file, const Json& json) {
        if (!json.is_null() && !json.empty())
            write_file((to / file).string(), dump_json(json) + "\n");
    };
    save_model(*model.network, to.string(), save);
    if (model.tokenizer) model.tokenizer->save(to.string());
    put("tokenizer_config.json", model.tokenizer_config);
    if (model.chat_template) write_templates(*model.chat_template, to);
    put("generation_config.json", model.generation_config.json);
    if (!model.network->causal() || model.normalize || model.pooling != "mean")
        save_pooling(model, to.string());
}

}  // namespace

Exported save_language_model(LanguageModel& model, const std::string& path,
                             const ExportOptions& options) {
    Exported out{path, options.format, options.type, {}, 0};
    if (out.format.empty()) out.format = is_gguf(path) ? "gguf" : "hf";
    if (out.format != "gguf" && out.format != "hf")
        throw Error("format " + quote(out.format), "\"gguf\" or \"hf\"");
    if (out.type.empty()) out.type = own_type(model);
    if (out.format == "hf") {
        if (is_gguf(path))
            throw Error(quote(path, 200) + " for a Hugging Face folder", "the name of a folder");
        save_folder(model, path, options);
    } else {
        if (fs::is_directory(path))
            throw Error(quote(path, 200) + " is a folder", "the name of a .gguf file");
        out.left_out = save_gguf(*model.network, path, out.type, gguf_entries(model)).left_out;
    }
    out.bytes = bytes_at(path);
    return out;
}

}  // namespace moonlet
