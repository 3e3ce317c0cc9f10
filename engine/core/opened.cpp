// SPDX-License-Identifier: Apache-2.0
#include "core/opened.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>

#include "core/error.h"
#include "core/sha256.h"

namespace moonlet {

namespace fs = std::filesystem;

namespace {

struct Notes {
    std::mutex mutex;
    std::map<std::string, OpenedModel> last;  // by name
    std::vector<std::string> fresh;           // names since take_opened()
};

Notes& notes() {
    static Notes the_notes;
    return the_notes;
}

std::vector<fs::path> weight_files(const std::string& path) {
    std::error_code failed;
    if (!fs::is_directory(path, failed)) return {path};
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(path, failed)) {
        auto ending = entry.path().extension();
        if (ending == ".safetensors" || ending == ".gguf") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

void note_opened(const std::string& name, const std::string& path) {
    OpenedModel model{name, path, weight_stamp(path)};
    Notes& n = notes();
    std::lock_guard lock(n.mutex);
    n.last[name] = std::move(model);
    if (std::find(n.fresh.begin(), n.fresh.end(), name) == n.fresh.end()) n.fresh.push_back(name);
}

void rename_opened(const std::string& name, const std::string& as) {
    Notes& n = notes();
    std::lock_guard lock(n.mutex);
    auto found = n.last.find(name);
    if (found == n.last.end() || name == as) return;
    OpenedModel model = found->second;
    model.name = as;
    n.last.erase(found);
    n.last[as] = std::move(model);
    n.fresh.erase(std::remove(n.fresh.begin(), n.fresh.end(), as), n.fresh.end());
    std::replace(n.fresh.begin(), n.fresh.end(), name, as);
}

std::vector<OpenedModel> take_opened() {
    Notes& n = notes();
    std::lock_guard lock(n.mutex);
    std::vector<OpenedModel> result;
    for (const auto& name : n.fresh) result.push_back(n.last[name]);
    n.fresh.clear();
    return result;
}

OpenedModel last_opened(const std::string& name) {
    Notes& n = notes();
    std::lock_guard lock(n.mutex);
    auto found = n.last.find(name);
    if (found == n.last.end())
        throw Error("model " + quote(name, 200) + ", which nothing has opened", "",
                    "load it first");
    return found->second;
}

std::string weight_stamp(const std::string& path) {
    std::string stamp;
    std::error_code failed;
    for (const auto& file : weight_files(path)) {
        auto time = fs::last_write_time(file, failed).time_since_epoch().count();
        stamp += file.filename().string() + " " + std::to_string(fs::file_size(file, failed)) +
                 " " + std::to_string(time) + "\n";
    }
    return stamp;
}

std::string weight_hash(const std::string& path) {
    auto files = weight_files(path);
    if (files.empty()) return {};
    if (files.size() == 1) return sha256_file(files[0].string());
    std::string lines;
    for (const auto& file : files)
        lines += sha256_file(file.string()) + "  " + file.filename().string() + "\n";
    return sha256(lines);
}

}  // namespace moonlet
