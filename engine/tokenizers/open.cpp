// SPDX-License-Identifier: Apache-2.0
// What a path is: a tokenizer.json, or one of the other files that hold a tokenizer. Told by the
// bytes where names say little (Llama 3's rank file is called tokenizer.model).
#include <filesystem>

#include "core/error.h"
#include "core/files.h"
#include "tokenizers/gguf_vocabulary.h"
#include "tokenizers/tiktoken.h"
#include "tokenizers/tokenizer.h"

namespace moonlet {

namespace {

namespace fs = std::filesystem;

// The file of a folder that holds its tokenizer.
std::string in_folder(const std::string& path) {
    std::error_code ignored;
    for (const char* name : {"tokenizer.json", "tekken.json", "tokenizer.model", "spiece.model"}) {
        fs::path file = fs::path(path) / name;
        if (fs::exists(file, ignored)) return file.string();
    }
    std::string found;
    for (auto& entry : fs::directory_iterator(path, ignored)) {
        std::string extension = entry.path().extension().string();
        if (extension != ".tiktoken" && extension != ".gguf") continue;
        std::string file = entry.path().string();
        if (found.empty() || file < found) found = file;
    }
    if (found.empty())
        throw Error("the folder " + quote(path) + " has no tokenizer.json",
                    "a Hugging Face model folder or a tokenizer.json");
    return found;
}

}  // namespace

std::shared_ptr<Tokenizer> Tokenizer::load(const std::string& path, const std::string& encoding) {
    std::error_code ignored;
    std::string file = fs::is_directory(path, ignored) ? in_folder(path) : path;
    std::string extension = fs::path(file).extension().string();
    if (extension == ".tiktoken" || extension == ".model") {
        std::string bytes = read_file(file);
        if (extension == ".tiktoken" || is_rank_file(bytes))
            return from_json(tokenizer_json_from_tiktoken(bytes, file, encoding), file);
    }
    if (!encoding.empty())
        throw Error(file + " is no tiktoken rank file", "no encoding",
                    "leave the option encoding out");
    if (extension == ".gguf") return from_json(tokenizer_json_from_gguf(Gguf::open(file)), file);
    Json json = read_json(file);
    if (is_tekken(json)) return from_json(tokenizer_json_from_tekken(json, file), file);
    return from_json(json, file);
}

}  // namespace moonlet
