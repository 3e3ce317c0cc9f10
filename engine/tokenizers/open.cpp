// SPDX-License-Identifier: Apache-2.0
// What a path is: a tokenizer.json, or one of the other files that hold a tokenizer. Told by the
// bytes where names say little (Llama 3's rank file is called tokenizer.model).
#include <filesystem>
#include <fstream>

#include "core/error.h"
#include "core/files.h"
#include "tokenizers/gguf_vocabulary.h"
#include "tokenizers/sentencepiece.h"
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

// The first bytes of a file, fewer where it is shorter, none where it cannot be read.
std::string beginning(const std::string& file) {
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored)) return "";
    std::ifstream in(file, std::ios::binary);
    std::string bytes(4096, '\0');
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<size_t>(in.gcount()));
    return bytes;
}

}  // namespace

std::shared_ptr<Tokenizer> Tokenizer::load(const std::string& path, const std::string& encoding) {
    std::error_code ignored;
    std::string file = fs::is_directory(path, ignored) ? in_folder(path) : path;
    std::string extension = fs::path(file).extension().string(), bytes = beginning(file);
    if (extension == ".tiktoken" || is_rank_file(bytes))
        return from_json(tokenizer_json_from_tiktoken(read_file(file), file, encoding), file);
    if (!encoding.empty())
        throw Error(file + " is no tiktoken rank file", "no encoding",
                    "leave the option encoding out");
    if (extension == ".gguf" || bytes.compare(0, 4, "GGUF") == 0)
        return from_json(tokenizer_json_from_gguf(Gguf::open(file)), file);
    // A model begins with the field of its first piece: tag, length, tag of its text.
    bool model = bytes.size() > 2 && bytes[0] == '\n' && bytes[1] > 0 && bytes[2] == '\n';
    if (extension == ".model" || model)
        return from_json(tokenizer_json_from_sentencepiece(read_file(file), file), file);
    Json json = read_json(file);
    if (is_tekken(json)) return from_json(tokenizer_json_from_tekken(json, file), file);
    return from_json(std::move(json), file);
}

}  // namespace moonlet
