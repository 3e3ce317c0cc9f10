// SPDX-License-Identifier: Apache-2.0
// Everything a header claims is checked against the file before a view is made, so that whoever
// holds a view may read all of its bytes. Sizes are computed with overflow checks: a hostile shape
// such as [2^40, 2^40] must not wrap around to something small.
#include "formats/safetensors.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <tuple>

#include "core/error.h"
#include "core/files.h"

namespace moonlet {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kMaxHeader = 100'000'000;  // the reference implementation's limit
constexpr const char* kIndex = "model.safetensors.index.json";

struct DtypeRow {
    Dtype dtype;
    const char* name;
    size_t bytes;
};

constexpr DtypeRow kDtypes[] = {
    {Dtype::BOOL, "BOOL", 1},
    {Dtype::U8, "U8", 1},
    {Dtype::I8, "I8", 1},
    {Dtype::F8_E4M3, "F8_E4M3", 1},
    {Dtype::F8_E5M2, "F8_E5M2", 1},
    {Dtype::F8_E8M0, "F8_E8M0", 1},
    {Dtype::F8_E4M3FNUZ, "F8_E4M3FNUZ", 1},
    {Dtype::F8_E5M2FNUZ, "F8_E5M2FNUZ", 1},
    {Dtype::I16, "I16", 2},
    {Dtype::U16, "U16", 2},
    {Dtype::F16, "F16", 2},
    {Dtype::BF16, "BF16", 2},
    {Dtype::I32, "I32", 4},
    {Dtype::U32, "U32", 4},
    {Dtype::F32, "F32", 4},
    {Dtype::F64, "F64", 8},
    {Dtype::I64, "I64", 8},
    {Dtype::U64, "U64", 8},
    {Dtype::C64, "C64", 8},
};

const DtypeRow& row(Dtype dtype) { return kDtypes[size_t(dtype)]; }

// Number of bytes of a shape, or an Error that names the tensor.
uint64_t checked_bytes(const std::vector<int64_t>& shape, Dtype dtype, const std::string& where) {
    uint64_t bytes = dtype_bytes(dtype);
    for (int64_t size : shape) {
        if (size < 0) throw Error(where + " has a negative size in its shape");
        if (__builtin_mul_overflow(bytes, uint64_t(size), &bytes))
            throw Error(where + " has a shape larger than any memory");
    }
    return bytes;
}

uint64_t unsigned_integer(const Json& value, const std::string& where) {
    if (value.is_number_unsigned()) return value.get<uint64_t>();
    throw Error(
        where + " is " + quote(value.dump(-1, ' ', true, Json::error_handler_t::replace), 30),
        "a whole number, 0 or more");
}

const Json& member(const Json& entry, const char* key, const std::string& where) {
    auto it = entry.find(key);
    if (it == entry.end() || (std::strcmp(key, "dtype") != 0 && !it->is_array()))
        throw Error(where + " has no proper \"" + key + "\"",
                    R"({"dtype": "F32", "shape": […], "data_offsets": [begin, end]})");
    return *it;
}

struct Range {
    uint64_t begin, end;
    std::string name;
};

// One entry of the header as a view into data[0, size).
TensorView view_of(const Json& entry, const std::string& where, const std::byte* data,
                   uint64_t size, Range& range) {
    if (!entry.is_object()) throw Error(where + " is not an object in the header");
    TensorView view;
    const Json& dtype = member(entry, "dtype", where);
    if (!dtype.is_string()) throw Error(where + " has a \"dtype\" that is not a string");
    try {
        view.dtype = dtype_from_name(dtype.get_ref<const std::string&>());
    } catch (const Error& e) {
        throw Error(where + ": " + e.what());
    }
    for (const Json& n : member(entry, "shape", where)) {
        uint64_t extent = unsigned_integer(n, where + ": a size in its shape");
        if (extent > uint64_t(INT64_MAX))
            throw Error(where + " has a shape larger than any memory");
        view.shape.push_back(int64_t(extent));
    }
    const Json& offsets = member(entry, "data_offsets", where);
    if (offsets.size() != 2) throw Error(where + " has no pair of data_offsets");
    range.begin = unsigned_integer(offsets[0], where + ": its first data offset");
    range.end = unsigned_integer(offsets[1], where + ": its second data offset");
    if (range.begin > range.end || range.end > size)
        throw Error(where + " lies at bytes " + std::to_string(range.begin) + " to " +
                        std::to_string(range.end),
                    "a range inside the " + std::to_string(size) + " bytes of data",
                    "the file is truncated or damaged: get it again");
    uint64_t wanted = checked_bytes(view.shape, view.dtype, where);
    if (wanted != range.end - range.begin)
        throw Error(where + " has " + std::to_string(range.end - range.begin) + " bytes",
                    std::to_string(wanted) + " for its shape and dtype",
                    "the file is damaged: get it again");
    view.data = data + range.begin;
    view.bytes = size_t(wanted);
    return view;
}

// The data must be covered exactly once: a gap or an overlap means that header and data disagree.
void check_coverage(std::vector<Range> ranges, uint64_t size, const std::string& what) {
    std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
        return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
    });
    uint64_t at = 0;
    for (const Range& range : ranges) {
        if (range.begin < at)
            throw Error(what + ": tensor " + quote(range.name) + " overlaps the one before it");
        if (range.begin > at)
            throw Error(what + ": " + std::to_string(range.begin - at) + " bytes before tensor " +
                        quote(range.name) + " belong to no tensor");
        at = range.end;
    }
    if (at != size)
        throw Error(what + ": " + std::to_string(size - at) +
                    " bytes at its end belong to no tensor");
}

std::string what_else_is_there(const std::string& folder) {
    std::error_code ignored;
    for (const auto& file : fs::directory_iterator(folder, ignored)) {
        std::string name = file.path().filename().string(), end = file.path().extension().string();
        if (end == ".bin" || end == ".pt" || end == ".pth")
            return "it has " + quote(name) +
                   ", which is a pickle that could run any code: convert it with transformers, "
                   "model.save_pretrained(folder, safe_serialization=True)";
    }
    return "";
}

}  // namespace

const char* dtype_name(Dtype dtype) { return row(dtype).name; }
size_t dtype_bytes(Dtype dtype) { return row(dtype).bytes; }

Dtype dtype_from_name(std::string_view name) {
    std::string known;
    for (const DtypeRow& r : kDtypes) {
        if (name == r.name) return r.dtype;
        known += (known.empty() ? "" : " ") + std::string(r.name);
    }
    throw Error("unknown dtype " + quote(name), "one of " + known);
}

Safetensors Safetensors::parse(const std::byte* data, size_t size,
                               std::shared_ptr<const void> owner, const std::string& what) {
    if (size < 8)
        throw Error(what + " has " + std::to_string(size) + " bytes",
                    "a safetensors file, which has at least 8");
    uint64_t length = 0;
    for (int i = 7; i >= 0; --i) length = length << 8 | uint64_t(data[i]);
    if (length > kMaxHeader)
        throw Error(what + " says its header has " + std::to_string(length) + " bytes",
                    "at most " + std::to_string(kMaxHeader), "it is not a safetensors file");
    if (length > size - 8)
        throw Error(what + " says its header has " + std::to_string(length) + " bytes, but only " +
                        std::to_string(size - 8) + " follow",
                    "", "the file is truncated: get it again");
    std::string_view text(reinterpret_cast<const char*>(data) + 8, size_t(length));
    Json header = parse_json(text, "the header of " + what);
    if (!header.is_object()) throw Error("the header of " + what + " is not a JSON object");

    Safetensors result;
    std::vector<Range> ranges;
    const uint64_t data_size = size - 8 - length;
    for (const auto& [name, entry] : header.items()) {
        if (name == "__metadata__") {
            if (!entry.is_object()) throw Error(what + ": __metadata__ is not an object");
            for (const auto& [key, value] : entry.items()) {
                if (!value.is_string())
                    throw Error(what + ": __metadata__ entry " + quote(key) + " is not a string");
                result.metadata_[key] = value.get<std::string>();
            }
            continue;
        }
        Range range{0, 0, name};
        TensorView view = view_of(entry, what + ": tensor " + quote(name, 120), data + 8 + length,
                                  data_size, range);
        view.owner = owner;
        result.tensors_.emplace(name, std::move(view));
        ranges.push_back(std::move(range));
    }
    check_coverage(std::move(ranges), data_size, what);
    return result;
}

Safetensors Safetensors::open(const std::string& path) {
    std::shared_ptr<MappedFile> file = MappedFile::open(path);
    return parse(file->data(), file->size(), file, quote(path, 200));
}

Safetensors Safetensors::open_folder(const std::string& folder) {
    const std::string single = folder + "/model.safetensors", index = folder + "/" + kIndex;
    if (fs::exists(single)) return open(single);
    if (!fs::exists(index))
        throw Error("no weights in " + quote(folder, 200),
                    std::string("model.safetensors or ") + kIndex, what_else_is_there(folder));

    Json map = read_json(index);
    if (!map.is_object() || !map.contains("weight_map") || !map["weight_map"].is_object())
        throw Error(quote(index, 200) + " has no \"weight_map\" object");
    Safetensors result;
    std::map<std::string, Safetensors> shards;
    for (const auto& [name, value] : map["weight_map"].items()) {
        if (!value.is_string())
            throw Error(quote(index, 200) + ": the shard of " + quote(name) + " is not a string");
        const std::string file = value.get<std::string>();
        if (file.empty() || file.find('/') != std::string::npos || file == "." || file == "..")
            throw Error(quote(index, 200) + " names the shard " + quote(file),
                        "a file name inside the same folder");
        auto shard = shards.find(file);
        if (shard == shards.end()) {
            if (!fs::exists(folder + "/" + file))
                throw Error(
                    "no file " + quote(folder + "/" + file, 200) + ", which " + kIndex + " names",
                    "", "the download is incomplete: get it again");
            shard = shards.emplace(file, open(folder + "/" + file)).first;
            result.metadata_.insert(shard->second.metadata_.begin(), shard->second.metadata_.end());
        }
        const TensorView* view = shard->second.find(name);
        if (!view)
            throw Error(quote(folder + "/" + file, 200) + " has no tensor " + quote(name, 120) +
                        ", which " + kIndex + " promises");
        result.tensors_.emplace(name, *view);
    }
    return result;
}

const TensorView* Safetensors::find(const std::string& name) const {
    auto it = tensors_.find(name);
    return it == tensors_.end() ? nullptr : &it->second;
}

void write_safetensors(const std::string& path, std::vector<TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata) {
    std::stable_sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
        size_t wide_a = dtype_bytes(a.dtype), wide_b = dtype_bytes(b.dtype);
        return wide_a != wide_b ? wide_a > wide_b : a.name < b.name;
    });
    Json header = Json::object();
    if (!metadata.empty()) header["__metadata__"] = metadata;
    uint64_t at = 0;
    std::vector<uint64_t> sizes;
    for (const TensorToWrite& tensor : tensors) {
        if (tensor.name == "__metadata__" || header.contains(tensor.name))
            throw Error("cannot save two tensors called " + quote(tensor.name, 120));
        sizes.push_back(
            checked_bytes(tensor.shape, tensor.dtype, "tensor " + quote(tensor.name, 120)));
        header[tensor.name] = {{"dtype", dtype_name(tensor.dtype)},
                               {"shape", tensor.shape},
                               {"data_offsets", {at, at + sizes.back()}}};
        at += sizes.back();
    }
    std::string text = dump_json(header, -1);
    text.resize((text.size() + 7) / 8 * 8, ' ');
    std::string length(8, '\0');
    for (size_t i = 0; i < 8; ++i) length[i] = char(uint64_t(text.size()) >> (8 * i));
    write_file(path, [&](const auto& append) {
        append(length.data(), length.size());
        append(text.data(), text.size());
        for (size_t i = 0; i < tensors.size(); ++i) {
            if (sizes[i] == 0) continue;
            std::shared_ptr<const void> bytes = tensors[i].data();
            append(bytes.get(), size_t(sizes[i]));
        }
    });
}

}  // namespace moonlet
