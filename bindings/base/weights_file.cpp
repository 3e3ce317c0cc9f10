// SPDX-License-Identifier: Apache-2.0
// What a file of weights holds, without opening it as a model: keys and tensors of a GGUF file, a
// safetensors file, or a folder of those. stdlib/inspect.lua shows it.
#include <cstring>
#include <filesystem>

#include "bindings/convert.h"
#include "bindings/row.h"
#include "core/error.h"
#include "core/files.h"
#include "formats/gguf.h"
#include "formats/safetensors.h"

namespace moonlet::bindings {

namespace {

Json tensor_row(const std::string& name, const char* type, const std::vector<int64_t>& shape,
                size_t bytes) {
    return {{"name", name}, {"dtype", type}, {"shape", shape}, {"bytes", bytes}};
}

Json describe(const Gguf& file, size_t elements) {
    Json keys = Json::array(), tensors = Json::array();
    for (const auto& [key, value] : file.metadata()) {
        std::string type = gguf_type_name(value.type());
        Json row = {{"key", key}};
        if (value.type() == GgufType::ARRAY) {
            type = gguf_type_name(value.element_type());
            row["count"] = value.count();
        }
        row["type"] = type;
        row["value"] = value.json(elements);
        keys.push_back(std::move(row));
    }
    for (const GgufTensor& t : file.tensors())
        tensors.push_back(tensor_row(t.name, ggml_type_name(t.type), t.shape, t.bytes));
    return {{"format", "gguf"},
            {"version", file.version()},
            {"alignment", file.alignment()},
            {"keys", std::move(keys)},
            {"tensors", std::move(tensors)}};
}

Json describe(const Safetensors& file) {
    Json keys = Json::array(), tensors = Json::array();
    for (const auto& [key, value] : file.metadata())
        keys.push_back({{"key", key}, {"type", "string"}, {"value", value}});
    for (const auto& [name, view] : file.tensors())
        tensors.push_back(tensor_row(name, dtype_name(view.dtype), view.shape, view.bytes));
    return {{"format", "safetensors"}, {"keys", std::move(keys)}, {"tensors", std::move(tensors)}};
}

// The first bytes tell what a file is, whatever it is called.
std::string head_of(const std::string& path) {
    std::shared_ptr<MappedFile> file = MappedFile::open(path);
    return std::string(reinterpret_cast<const char*>(file->data()),
                       std::min<size_t>(4, file->size()));
}

int inspect(lua_State* L) {
    const std::string path = resolve_model_path(check_string(L, 1));
    const size_t elements = size_t(luaL_checkinteger(L, 2));
    Json found;
    if (std::filesystem::is_directory(path)) {
        found = describe(Safetensors::open_folder(path));
    } else {
        const std::string head = head_of(path);
        if (head == "GGUF") found = describe(Gguf::open(path), elements);
        else if (head == std::string("PK\3\4") || head.substr(0, 1) == "\x80")
            throw Error(quote(path, 200) + " is a pickle, which could run any code",
                        "a GGUF or safetensors file",
                        "convert it with transformers, model.save_pretrained(folder, "
                        "safe_serialization=True)");
        else found = describe(Safetensors::open(path));
    }
    found["path"] = path;
    push_json(L, found);
    return 1;
}

const bool registered = add_rows({
    {"_models.inspect", inspect, "path: string, elements: integer -> table",
     "Keys and tensors of a file of weights.", ""},
});

}  // namespace

}  // namespace moonlet::bindings
