// SPDX-License-Identifier: Apache-2.0
// A network as a Hugging Face folder: config.json and safetensors, sharded as transformers does
// above a size.
#include <cstdio>
#include <filesystem>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "core/interrupt.h"
#include "core/progress.h"
#include "models/model.h"
#include "models/sources.h"

namespace moonlet {

namespace fs = std::filesystem;

namespace {

struct Shard {
    std::vector<TensorToWrite> tensors;
    int64_t bytes = 0;
};

constexpr double kMega = 1e6;

// Weight files of an earlier save would be read beside, or instead of, the new ones.
void remove_others(const std::string& folder, const std::set<std::string>& written) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        const std::string name = entry.path().filename().string();
        const bool weights =
            name.rfind("model", 0) == 0 &&
            (name.ends_with(".safetensors") || name.ends_with(".safetensors.index.json"));
        if (weights && !written.count(name)) fs::remove(entry.path(), ignored);
    }
}

}  // namespace

void save_model(Model& model, const std::string& folder, const SaveOptions& options) {
    fs::create_directories(folder);
    const at::ScalarType dtype = options.dtype ? *options.dtype : model.parameters().dtype();
    std::vector<Shard> shards(1);
    int64_t total = 0;
    auto done = std::make_shared<int64_t>(0);
    for (const Parameters::Entry& entry : model.parameters().entries()) {
        const at::Tensor tensor = entry.tensor.detach();
        const at::ScalarType type = options.dtype && at::isFloatingType(tensor.scalar_type())
                                        ? dtype
                                        : tensor.scalar_type();
        const int64_t bytes = tensor.numel() * int64_t(c10::elementSize(type));
        if (shards.back().bytes > 0 && shards.back().bytes + bytes > options.shard_bytes)
            shards.emplace_back();
        shards.back().bytes += bytes;
        total += bytes;
        shards.back().tensors.push_back(
            {entry.name, dtype_of(type), tensor.sizes().vec(),
             [=, name = fs::path(folder).filename().string(), all = &total,
              &parameters = model.parameters()] {
                 interrupt::check();
                 at::Tensor here =
                     parameters.dense({entry.name, tensor}).to(at::kCPU, type).contiguous();
                 *done += bytes;
                 report_progress(
                     {"writing " + name, double(*done) / kMega, double(*all) / kMega, "MB", ""});
                 auto keep = std::make_shared<at::Tensor>(here);
                 return std::shared_ptr<const void>(keep, here.const_data_ptr());
             }});
    }
    Json config = model.config();
    for (const char* key : {"dtype", "torch_dtype"})  // transformers 5 and 4
        if (config.contains(key)) config[key] = dtype_words(dtype);
    if (!config.contains("dtype") && !config.contains("torch_dtype"))
        config["torch_dtype"] = dtype_words(dtype);

    std::set<std::string> written;
    Json map = Json::object();
    for (size_t i = 0; i < shards.size(); ++i) {
        char name[64] = "model.safetensors";
        if (shards.size() > 1)
            std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", i + 1,
                          shards.size());
        written.insert(name);
        for (const TensorToWrite& tensor : shards[i].tensors) map[tensor.name] = name;
        write_safetensors(folder + "/" + name, std::move(shards[i].tensors));
    }
    if (shards.size() > 1) {
        const std::string index = "model.safetensors.index.json";
        written.insert(index);
        Json json = {{"metadata", {{"total_size", total}}}, {"weight_map", map}};
        write_file(folder + "/" + index, dump_json(json) + "\n");
    }
    remove_others(folder, written);
    write_file(folder + "/config.json", dump_json(config) + "\n");
}

}  // namespace moonlet
