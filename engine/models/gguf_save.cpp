// SPDX-License-Identifier: Apache-2.0
// A network as a GGUF file: its tensors by the rows of gguf_names, each in the type that llama.cpp
// would choose. A tensor is reshaped and converted when its turn to be written comes.
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/progress.h"
#include "formats/gguf_write.h"
#include "models/gguf_config.h"
#include "models/gguf_rope.h"
#include "models/gguf_types.h"
#include "models/model.h"

namespace moonlet {

namespace {

// What one tensor of the file is made from.
struct Making {
    const GgufTensorRow* row = nullptr;
    size_t part = 0;                         // which of the row's
    std::vector<Parameters::Entry> tensors;  // of the checkpoint, by expert
    int64_t layer = -1;

    at::Tensor make(const GgufSizes& sizes, const Parameters& parameters) const {
        std::vector<at::Tensor> dense;
        for (const Parameters::Entry& entry : tensors) dense.push_back(parameters.dense(entry));
        at::NoGradGuard no_grad;
        return to_gguf(row->move, dense, sizes).at(part);
    }
    // Reshaping tensors without numbers tells the shape.
    std::vector<int64_t> shape(const GgufSizes& sizes) const {
        std::vector<at::Tensor> empty;
        for (const Parameters::Entry& entry : tensors)
            empty.push_back(
                at::empty(entry.tensor.sizes(), entry.tensor.options().device(at::kMeta)));
        at::NoGradGuard no_grad;
        return to_gguf(row->move, empty, sizes).at(part).sizes().vec();
    }
};
using Plan = std::map<std::string, Making>;

// The names under which the rows may know a tensor: checkpoints leave the family's prefix out or
// put it before, and those that came from TensorFlow call a norm's tensors gamma and beta.
std::vector<std::string> spellings(std::string name, const std::string& prefix) {
    auto ending = [&](const char* old, const char* now) {
        if (name.ends_with(old)) name = name.substr(0, name.size() - std::string(old).size()) + now;
    };
    ending(".gamma", ".weight");
    ending(".beta", ".bias");
    std::vector<std::string> result = {name, prefix + name};
    if (name.rfind(prefix, 0) == 0) result.push_back(name.substr(prefix.size()));
    return result;
}

bool place(Plan& plan, const GgufFamily& family, const Parameters::Entry& entry) {
    std::string layer, expert, ending;
    for (const std::string& name : spellings(entry.name, family.prefix))
        for (const GgufTensorRow& row : family.tensors) {
            if (!matches(row.hf, name, layer, expert, ending)) continue;
            for (size_t part = 0; part < row.gguf.size(); ++part) {
                Making& making = plan[filled(row.gguf[part], layer, expert, ending)];
                const size_t index = row.move == GgufMove::experts ? std::stoul(expert) : 0;
                making.row = &row;
                making.part = part;
                making.layer = layer.empty() ? -1 : std::stol(layer);
                if (making.tensors.size() <= index) making.tensors.resize(index + 1);
                making.tensors[index] = {entry.name, entry.tensor.detach()};
            }
            return true;
        }
    return false;
}

bool dropped(const GgufFamily& family, const std::string& given) {
    for (const std::string& name : spellings(given, family.prefix))
        for (const std::string& part : family.dropped)
            if (name.rfind(part, 0) == 0) return true;
    return false;
}

// The values in a type's bytes.
std::shared_ptr<const void> bytes_of(const at::Tensor& given, GgmlType type) {
    interrupt::check();
    const at::ScalarType plain = type == GgmlType::F16    ? at::kHalf
                                 : type == GgmlType::BF16 ? at::kBFloat16
                                                          : at::kFloat;
    at::Tensor values = given.to(at::kCPU, plain).contiguous();
    if (ggml_block_size(type) > 1) {
        const int64_t block = int64_t(ggml_block_size(type)), blocks = values.numel() / block;
        const size_t bytes = ggml_block_bytes(type);
        at::Tensor packed = at::empty({blocks * int64_t(bytes)}, at::kByte);
        const float* from = values.const_data_ptr<float>();
        auto* to = reinterpret_cast<std::byte*>(packed.data_ptr<uint8_t>());
        at::parallel_for(0, blocks, 256, [&](int64_t begin, int64_t end) {
            quantize(type, from + begin * block, (end - begin) * block, to + size_t(begin) * bytes);
        });
        values = packed;
    }
    auto keep = std::make_shared<at::Tensor>(values);
    return std::shared_ptr<const void>(keep, values.const_data_ptr());
}

size_t size_of(const std::vector<int64_t>& shape, GgmlType type) {
    int64_t count = 1;
    for (int64_t n : shape) count *= n;
    return size_t(count) / ggml_block_size(type) * ggml_block_bytes(type);
}

int64_t experts_of(const Plan& plan, const GgufSizes& sizes) {
    for (const auto& [name, making] : plan)
        if (name.find("_exps.weight") != std::string::npos) return making.shape(sizes)[0];
    return 0;
}

}  // namespace

GgufWritten save_gguf(Model& model, const std::string& path, const std::string& type,
                      const std::vector<GgufEntry>& more) {
    const GgufFileType& file = gguf_file_type(type);
    const GgufFamily& family = gguf_family_of(model.model_type());
    const GgufSizes sizes = gguf_sizes(model.config(), family);

    GgufWritten written;
    Plan plan;
    for (const Parameters::Entry& entry : model.parameters().entries()) {
        if (place(plan, family, entry)) continue;
        if (!dropped(family, entry.name))
            throw Error("tensor " + quote(entry.name, 120) + " of this " + model.model_type() +
                            " model has no place in a GGUF file",
                        "", "save it as a Hugging Face folder");
        written.left_out.push_back(entry.name);
    }
    if (family.head_needed && !plan.count("output.weight")) {
        Making head = plan.at("token_embd.weight");
        for (const GgufTensorRow& row : family.tensors)
            if (row.gguf[0] == "output.weight") head.row = &row;
        plan["output.weight"] = head;
    }

    std::vector<GgufEntry> entries = {
        {"general.architecture", GgufType::STRING, family.architecture},
        {"general.type", GgufType::STRING, "model"}};
    auto is_general = [](const GgufEntry& e) { return e.key.rfind("general.", 0) == 0; };
    std::copy_if(more.begin(), more.end(), std::back_inserter(entries), is_general);
    for (GgufEntry& entry : config_to_gguf(model, family)) entries.push_back(std::move(entry));
    GgufRope rope = rope_to_gguf(model.config(), family, model.head_dim(), model.max_positions());
    for (GgufEntry& entry : rope.entries) entries.push_back(std::move(entry));
    entries.push_back({"general.file_type", GgufType::U32, file.number});
    if (family.architecture != family.model_type)  // several may share one
        entries.push_back({"moonlet.model_type", GgufType::STRING, family.model_type});
    if (ggml_block_size(file.type) > 1)
        entries.push_back({"general.quantization_version", GgufType::U32, 2});
    for (GgufEntry entry : more) {
        if (entry.key.rfind("{arch}", 0) == 0) entry.key.replace(0, 6, family.architecture);
        const bool there = std::any_of(entries.begin(), entries.end(),
                                       [&](const GgufEntry& e) { return e.key == entry.key; });
        if (!there) entries.push_back(entry);
    }

    std::vector<GgufTensorToWrite> tensors;
    auto done = std::make_shared<double>(0), total = std::make_shared<double>(0);
    const std::string what = "writing " + std::filesystem::path(path).filename().string();
    const int64_t experts = experts_of(plan, sizes);
    const bool tied = !plan.count("output.weight");
    for (auto& [name, making] : plan) {
        for (const Parameters::Entry& entry : making.tensors)
            if (!entry.tensor.defined())
                throw Error("a tensor of " + quote(name, 120) + " is missing");
        const std::vector<int64_t> shape = making.shape(sizes);
        const GgmlType t = gguf_tensor_type(
            {name, shape, making.layer, model.num_hidden_layers(), experts, tied}, file);
        const double mb = double(size_of(shape, t)) / 1e6;
        *total += mb;
        tensors.push_back({name, t, shape, [=, making = making, &parameters = model.parameters()] {
                               report_progress({what, *done, *total, "MB", ""});
                               auto bytes = bytes_of(making.make(sizes, parameters), t);
                               *done += mb;
                               return bytes;
                           }});
    }
    for (auto& [name, factors] : rope.tensors)
        tensors.push_back({name, GgmlType::F32, {int64_t(factors.size())}, [factors = factors] {
                               auto keep = std::make_shared<std::vector<float>>(factors);
                               return std::shared_ptr<const void>(keep, keep->data());
                           }});
    written.tensors = tensors.size();
    write_gguf(path, entries, std::move(tensors));
    report_progress({what, *total, *total, "MB", ""});
    return written;
}

}  // namespace moonlet
