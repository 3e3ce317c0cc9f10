// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "shell/completion_sources.h"

namespace moonlet {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxLooked = 5000;

// Is the file's extension in the list? Upper and lower case are one.
bool fits(const std::string& name, const std::string& extensions) {
    if (extensions.empty()) return true;
    std::size_t dot = name.rfind('.');
    if (dot == std::string::npos || dot == 0) return false;
    std::string wanted = " ";
    for (char c : name.substr(dot + 1)) {
        wanted += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    return (" " + extensions + " ").find(wanted + " ") != std::string::npos;
}

}  // namespace

std::string extensions_for(CompletionPlace& place) {
    static const std::pair<const char*, const char*> kRows[] = {
        {"datasets.load", "jsonl json csv tsv txt md"},
        {"dofile", "lua"},
        {"json.load", "json jsonl"},
        {"loadfile", "lua"},
        {"models.inspect", "gguf safetensors"},
        {"models.load", "gguf"},
        {"tokenizers.load", "json gguf tiktoken model"},
    };
    if (!place.call()) return {};
    const RowField* field = place.option() ? place.option() : place.parameter();
    if (field && (field->name == "folder" || field->name == "cwd" || field->name == "output" ||
                  field->name == "cache")) {
        return "/";
    }
    if (place.call()->in_table || place.call()->argument > 0) return {};
    const HelpRow* row = place.callee().row;
    std::string callee = row ? row->name : place.callee_chain().dotted();
    for (const auto& [name, extensions] : kRows) {
        if (callee == name) return extensions;
    }
    return {};
}

void offer_paths(CompletionPlace& place, char quote, const std::string& extensions) {
    std::string typed = place.prefix;
    std::size_t slash = typed.rfind('/');
    std::string folder = slash == std::string::npos ? "" : typed.substr(0, slash + 1);
    std::string start = typed.substr(folder.size()), real = folder.empty() ? "." : folder;
    const char* home = std::getenv("HOME");
    if (real[0] == '~' && home) real = home + real.substr(1);
    std::error_code failed;
    std::size_t looked = 0;
    std::vector<std::string> misfits;
    place.prefix = start;
    fs::directory_iterator it(real, failed);
    for (; !failed && it != fs::directory_iterator() && ++looked < kMaxLooked;
         it.increment(failed)) {
        std::string name = it->path().filename().string();
        bool hidden = name[0] == '.' && (start.empty() || start[0] != '.');
        if (hidden || name.find(quote) != std::string::npos || name.find('\\') != std::string::npos)
            continue;
        std::error_code ignored;
        bool is_folder = it->is_directory(ignored);
        if (is_folder) name += "/";
        if (is_folder || fits(name, extensions)) {
            place.add(name, {folder + name, name});
        } else {
            misfits.push_back(name);
        }
    }
    // Better a file of another kind than none: its name may say nothing of what is in it.
    if (place.empty() && extensions != "/") {
        for (const auto& name : misfits) place.add(name, {folder + name, name});
    }
    place.prefix = typed;
}

}  // namespace moonlet
