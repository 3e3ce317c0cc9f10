// SPDX-License-Identifier: Apache-2.0
#include "trainers/checkpoint.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/error.h"
#include "models/sources.h"

namespace moonlet {

namespace fs = std::filesystem;

namespace {

constexpr const char* kPrefix = "checkpoint-";
// Of the whole model, or of an adapter alone.
constexpr const char *kModel[] = {"config.json", "model.safetensors"},
                     *kAdapter[] = {"adapter_config.json", "adapter_model.safetensors"},
                     *kTraining[] = {"optimizer.safetensors", "trainer.json"};

void sync_path(const std::string& path) {
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    ::fsync(fd);
    ::close(fd);
}

[[noreturn]] void fail(const std::string& folder, const std::string& why) {
    throw Error("cannot write " + quote(folder, 200) + ": " + why +
                "; what was there before is untouched");
}

// Removes the temporary whatever way the writing ended.
struct Temporary {
    std::string path;
    ~Temporary() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
};

// -1 for what is no checkpoint's name.
int step_of(const fs::path& path) {
    std::string name = path.filename().string();
    if (name.rfind(kPrefix, 0) != 0) return -1;
    std::string digits = name.substr(std::strlen(kPrefix));
    if (digits.empty() || digits.size() > 9 ||
        digits.find_first_not_of("0123456789") != std::string::npos)
        return -1;
    return std::stoi(digits);
}

bool complete(const fs::path& folder) {
    auto all = [&](const auto& names) {
        return std::all_of(std::begin(names), std::end(names),
                           [&](const char* name) { return fs::exists(folder / name); });
    };
    return all(kTraining) && (all(kModel) || all(kAdapter));
}

// Complete checkpoints by step.
std::map<int, std::string> checkpoints(const std::string& output) {
    std::map<int, std::string> found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(output, ignored))
        if (int step = step_of(entry.path()); step >= 0 && complete(entry.path()))
            found[step] = entry.path().string();
    return found;
}

}  // namespace

void write_folder(const std::string& given, const std::function<void(const std::string&)>& fill) {
    fs::path target = fs::path(given).lexically_normal();
    if (!target.has_filename()) target = target.parent_path();
    const fs::path parent = target.has_parent_path() ? target.parent_path() : fs::path(".");
    std::error_code code;
    fs::create_directories(parent, code);
    if (code) fail(given, code.message());
    if (fs::exists(target) && !fs::is_directory(target)) fail(given, "it is a file");
    Temporary temporary{(parent / ("." + target.filename().string() + ".tmp")).string()};
    fs::remove_all(temporary.path, code);
    fs::create_directory(temporary.path, code);
    if (code) fail(given, code.message());
    fill(temporary.path);
    sync_path(temporary.path);
    // An existing folder changes places with the new one in one step; the old one then stands under
    // the temporary name and is removed. File systems without that (some network ones) take two
    // renames.
    const char *from = temporary.path.c_str(), *to = target.c_str();
    int failed = ::rename(from, to);
    if (failed && (errno == ENOTEMPTY || errno == EEXIST)) {
        failed = ::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE);
        if (failed && (errno == EINVAL || errno == ENOSYS)) {
            Temporary old{temporary.path + "-old"};
            failed = ::rename(to, old.path.c_str()) || ::rename(from, to);
        }
    }
    if (failed) fail(given, std::strerror(errno));
    sync_path(parent.string());
}

std::string newest_checkpoint(const std::string& output) {
    auto found = checkpoints(output);
    return found.empty() ? "" : found.rbegin()->second;
}

std::string checkpoint_name(const std::string& output, int step) {
    return (fs::path(output) / (kPrefix + std::to_string(step))).string();
}

void remove_stale(const std::string& output) {
    std::error_code ignored;
    std::vector<fs::path> stale;
    for (const auto& entry : fs::directory_iterator(output, ignored)) {
        std::string name = entry.path().filename().string();
        if (name.rfind(std::string(".") + kPrefix, 0) == 0 &&
            name.find(".tmp") != std::string::npos)
            stale.push_back(entry.path());
    }
    for (const fs::path& path : stale) fs::remove_all(path, ignored);
}

void prune_checkpoints(const std::string& output, int keep) {
    auto found = checkpoints(output);
    for (auto it = found.begin(); keep > 0 && int(found.size()) > keep; it = found.erase(it)) {
        std::error_code ignored;
        // Away in one step first: a half removed folder must not look like a checkpoint.
        fs::path hidden =
            fs::path(output) / ("." + fs::path(it->second).filename().string() + ".tmp");
        fs::rename(it->second, hidden, ignored);
        fs::remove_all(hidden, ignored);
    }
}

void write_tensors(const std::string& path, const std::vector<NamedTensor>& tensors) {
    std::vector<TensorToWrite> out;
    for (const NamedTensor& t : tensors)
        out.push_back(
            {t.name, dtype_of(t.tensor.scalar_type()), t.tensor.sizes().vec(), [tensor = t.tensor] {
                 auto held = std::make_shared<at::Tensor>(tensor.detach().cpu().contiguous());
                 return std::shared_ptr<const void>(held, held->const_data_ptr());
             }});
    write_safetensors(path, std::move(out));
}

std::map<std::string, at::Tensor> read_tensors(const std::string& path) {
    std::map<std::string, at::Tensor> result;
    const Safetensors file = Safetensors::open(path);
    for (const auto& [name, view] : file.tensors()) result[name] = tensor_of(view);
    return result;
}

}  // namespace moonlet
