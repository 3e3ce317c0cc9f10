// SPDX-License-Identifier: Apache-2.0
// One pass over the header finds every entry and tensor and checks what it claims; values stay in
// the map and are read again when asked for, which the check made safe. The index that is built
// grows with what was read, never by a count that the file claims.
#include "formats/gguf.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "core/error.h"
#include "core/files.h"
#include "formats/gguf_index.h"

namespace moonlet {

using gguf::load;
using gguf::scalar_bytes;

namespace {

constexpr int kMaxNesting = 8;          // arrays of arrays; files in use have none
constexpr uint32_t kMaxDimensions = 8;  // ggml: 4

}  // namespace

// Reads forward; every step is checked against the end.
struct gguf::Cursor {
    const std::byte* at;
    const std::byte* end;
    const std::string& where;

    size_t left() const { return size_t(end - at); }
    const std::byte* take(uint64_t bytes, const std::string& what) {
        if (bytes > left())
            throw Error(where + " ends inside " + what, "",
                        "the file is truncated or damaged: get it again");
        const std::byte* start = at;
        at += bytes;
        return start;
    }
    template <class T>
    T number(const std::string& what) {
        return load<T>(take(sizeof(T), what));
    }
    std::string_view text(const std::string& what) {
        uint64_t length = number<uint64_t>(what);
        return {reinterpret_cast<const char*>(take(length, what)), size_t(length)};
    }
    void skip_value(uint32_t type, const std::string& key, int depth) {
        const std::string what = "the value of key " + quote(key, 120);
        if (size_t bytes = scalar_bytes(type)) {
            take(bytes, what);
        } else if (type == uint32_t(GgufType::STRING)) {
            text(what);
        } else if (type == uint32_t(GgufType::ARRAY)) {
            skip_array(key, what, depth);
        } else {
            throw Error(where + ": key " + quote(key, 120) + " has the unknown type " +
                            std::to_string(type),
                        "0 to 12", "the file is damaged, or newer than this reader");
        }
    }
    void skip_array(const std::string& key, const std::string& what, int depth) {
        if (depth == kMaxNesting)
            throw Error(where + ": key " + quote(key, 120) + " has arrays nested over " +
                        std::to_string(kMaxNesting) + " deep");
        const uint32_t element = number<uint32_t>(what);
        const uint64_t count = number<uint64_t>(what);
        if (size_t bytes = scalar_bytes(element)) {
            if (count > left() / bytes) take(UINT64_MAX, what);
            take(count * bytes, what);
        } else {  // strings and arrays have 8 bytes or more each: the loop ends with the file
            if (element > uint32_t(GgufType::F64)) skip_value(element, key, depth);
            for (uint64_t i = 0; i < count; ++i) {
                if (element == uint32_t(GgufType::STRING)) {
                    const uint64_t length = left() < 8 ? UINT64_MAX : load<uint64_t>(at);
                    if (left() < 8 || length > left() - 8) take(UINT64_MAX, what);
                    at += 8 + length;
                } else {
                    skip_array(key, what, depth + 1);
                }
            }
        }
    }
};

using gguf::Cursor;

namespace {

uint64_t padded(uint64_t offset, uint64_t alignment) {
    return (offset + alignment - 1) / alignment * alignment;
}

// Order of names in a list of named things, and where one stands.
template <class List, class Name>
std::vector<uint32_t> sorted_by_name(const List& list, Name name) {
    std::vector<uint32_t> order(list.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = uint32_t(i);
    std::sort(order.begin(), order.end(),
              [&](uint32_t a, uint32_t b) { return name(list[a]) < name(list[b]); });
    return order;
}

template <class List, class Name>
auto find_by_name(const List& list, const std::vector<uint32_t>& order, std::string_view wanted,
                  Name name) -> decltype(list.data()) {
    auto it = std::lower_bound(order.begin(), order.end(), wanted,
                               [&](uint32_t a, std::string_view w) { return name(list[a]) < w; });
    return it == order.end() || name(list[*it]) != wanted ? nullptr : &list[*it];
}

const std::string& name_of(const std::pair<std::string, GgufValue>& entry) { return entry.first; }
const std::string& name_of(const GgufTensor& tensor) { return tensor.name; }
constexpr auto kName = [](const auto& thing) -> const std::string& { return name_of(thing); };

template <class List>
void check_unique(const List& list, const std::vector<uint32_t>& order, const std::string& what) {
    for (size_t i = 1; i < order.size(); ++i)
        if (kName(list[order[i - 1]]) == kName(list[order[i]]))
            throw Error(what + quote(kName(list[order[i]]), 120) + " twice", "",
                        "the file is damaged: get it again");
}

}  // namespace

void GgufIndex::read_header(Cursor& in, uint64_t& tensor_count, uint64_t& entry_count) {
    const std::string_view head(reinterpret_cast<const char*>(in.at),
                                std::min<size_t>(in.left(), 4));
    if (head != "GGUF") {
        const bool old = head == "lmgg" || head == "fmgg" || head == "tjgg" || head == "algg";
        throw Error(where + " is no GGUF file", "a file that begins with \"GGUF\"",
                    old ? "it is of GGML's formats before GGUF: get the model again as GGUF" : "");
    }
    in.at += 4;
    version = in.number<uint32_t>("its header");
    if ((version & 0xffff) == 0 && version != 0)
        throw Error(where + " is a big-endian GGUF file", "a little-endian one",
                    "get that one, or convert it with gguf-py's gguf_convert_endian");
    if (version == 1)
        throw Error(where + " is a GGUF file of version 1", "version 2 or 3",
                    "that version lasted a week in 2023: get the model again");
    if (version < 2 || version > 3)
        throw Error(where + " says it is of GGUF version " + std::to_string(version),
                    "version 2 or 3");
    tensor_count = in.number<uint64_t>("its header");
    entry_count = in.number<uint64_t>("its header");
    if (entry_count > in.left() / 13)  // the least bytes of an entry
        throw Error(where + " says it has " + std::to_string(entry_count) + " keys", "",
                    "the file is truncated or damaged: get it again");
    if (tensor_count > in.left() / 24)
        throw Error(where + " says it has " + std::to_string(tensor_count) + " tensors", "",
                    "the file is truncated or damaged: get it again");
}

void GgufIndex::read_entry(Cursor& in) {
    GgufValue value;
    value.file_ = this;
    value.entry_ = in.at;
    std::string key(in.text("key " + std::to_string(metadata.size() + 1)));
    const uint32_t type = in.number<uint32_t>("the type of key " + quote(key, 120));
    in.skip_value(type, key, 0);
    metadata.emplace_back(std::move(key), value);
}

void GgufIndex::read_alignment() {
    auto* entry = find_by_name(metadata, metadata_order, "general.alignment", kName);
    if (!entry) return;
    if (entry->second.type() != GgufType::U32)
        throw Error(where + ": key \"general.alignment\" is of type " +
                        gguf_type_name(entry->second.type()),
                    "u32");
    alignment = uint64_t(entry->second.integer());
    if (alignment == 0 || (alignment & (alignment - 1)) != 0)
        throw Error(where + ": key \"general.alignment\" is " + std::to_string(alignment),
                    "a power of two");
}

void GgufIndex::read_tensor(Cursor& in, std::vector<uint64_t>& offsets) {
    GgufTensor tensor;
    tensor.name = in.text("the name of tensor " + std::to_string(tensors.size() + 1));
    const std::string what = "the entry of tensor " + quote(tensor.name, 120);
    const std::string here = where + ": tensor " + quote(tensor.name, 120);
    const uint32_t dimensions = in.number<uint32_t>(what);
    if (dimensions > kMaxDimensions)
        throw Error(here + " has " + std::to_string(dimensions) + " dimensions",
                    "at most " + std::to_string(kMaxDimensions));
    uint64_t count = 1;
    for (uint32_t i = 0; i < dimensions; ++i) {
        const uint64_t size = in.number<uint64_t>(what);
        if (size > uint64_t(INT64_MAX) || __builtin_mul_overflow(count, size, &count) ||
            count > uint64_t(INT64_MAX))
            throw Error(here + " has a shape larger than any memory");
        tensor.shape.push_back(int64_t(size));
    }
    tensor.type = ggml_type_from_number(in.number<uint32_t>(what), here);
    const uint64_t block = ggml_block_size(tensor.type), row = dimensions ? tensor.shape[0] : 1;
    if (row % block != 0)
        throw Error(here + " of type " + ggml_type_name(tensor.type) + " has rows of " +
                        std::to_string(row) + " values",
                    "a multiple of " + std::to_string(block));
    if (__builtin_mul_overflow(count / block, ggml_block_bytes(tensor.type), &tensor.bytes))
        throw Error(here + " has a shape larger than any memory");
    std::reverse(tensor.shape.begin(), tensor.shape.end());
    offsets.push_back(in.number<uint64_t>(what));
    tensor.owner = owner;
    tensors.push_back(std::move(tensor));
}

// Turns offsets into views: `begin` is where the data starts in data[0, size).
void GgufIndex::place(const std::vector<uint64_t>& offsets, const std::byte* data, uint64_t size,
                      uint64_t begin) {
    const uint64_t room = size > begin ? size - begin : 0;
    std::vector<uint32_t> order;
    for (size_t i = 0; i < tensors.size(); ++i) {
        GgufTensor& tensor = tensors[i];
        const std::string here = where + ": tensor " + quote(tensor.name, 120);
        if (offsets[i] % alignment != 0)
            throw Error(here + " lies at offset " + std::to_string(offsets[i]),
                        "a multiple of the alignment, " + std::to_string(alignment));
        if (offsets[i] > room || tensor.bytes > room - offsets[i])
            throw Error(here + " has " + std::to_string(tensor.bytes) + " bytes at offset " +
                            std::to_string(offsets[i]),
                        "a range inside the " + std::to_string(room) + " bytes of data",
                        "the file is truncated or damaged: get it again");
        tensor.data = room == 0 ? data + size : data + begin + offsets[i];
        if (tensor.bytes > 0) order.push_back(uint32_t(i));
    }
    std::sort(order.begin(), order.end(),
              [&](uint32_t a, uint32_t b) { return offsets[a] < offsets[b]; });
    for (size_t i = 1; i < order.size(); ++i) {
        const GgufTensor &before = tensors[order[i - 1]], &tensor = tensors[order[i]];
        if (before.data + before.bytes > tensor.data)
            throw Error(where + ": tensor " + quote(tensor.name, 120) + " overlaps " +
                            quote(before.name, 120),
                        "", "the file is damaged: get it again");
    }
}

Gguf Gguf::parse(const std::byte* data, size_t size, std::shared_ptr<const void> owner,
                 const std::string& what) {
    auto index = std::make_shared<GgufIndex>();
    index->where = what;
    index->owner = std::move(owner);
    Cursor in{data, data + size, index->where};
    uint64_t tensor_count = 0, entry_count = 0;
    index->read_header(in, tensor_count, entry_count);
    for (uint64_t i = 0; i < entry_count; ++i) index->read_entry(in);
    index->metadata_order = sorted_by_name(index->metadata, kName);
    check_unique(index->metadata, index->metadata_order, what + " has the key ");
    index->read_alignment();
    std::vector<uint64_t> offsets;
    for (uint64_t i = 0; i < tensor_count; ++i) index->read_tensor(in, offsets);
    index->tensor_order = sorted_by_name(index->tensors, kName);
    check_unique(index->tensors, index->tensor_order, what + " has the tensor ");
    index->place(offsets, data, size, padded(uint64_t(in.at - data), index->alignment));
    Gguf file;
    file.index_ = std::move(index);
    return file;
}

Gguf Gguf::open_one(const std::string& path) {
    std::shared_ptr<MappedFile> file = MappedFile::open(path);
    return parse(file->data(), file->size(), file, quote(path, 200));
}

Gguf Gguf::open(const std::string& path) {
    Gguf file = open_one(path);
    const GgufValue* count = file.find("split.count");
    if (!count || count->integer() < 2) return file;
    return open_parts(path, count->integer());
}

// A model in parts, as llama.cpp splits it: NAME-00001-of-00003.gguf and its neighbours. The first
// has the metadata of all.
Gguf Gguf::open_parts(const std::string& path, int64_t count) {
    auto ending = [&](int64_t number) {
        char text[64];
        std::snprintf(text, sizeof text, "-%05lld-of-%05lld.gguf", static_cast<long long>(number),
                      static_cast<long long>(count));
        return std::string(text);
    };
    const size_t length = ending(1).size();
    const std::string name = path.size() < length ? "" : path.substr(0, path.size() - length);
    bool named = false;
    for (int64_t i = 1; i <= std::min<int64_t>(count, 99999) && !named; ++i)
        named = path == name + ending(i);
    if (!named)
        throw Error(quote(path, 200) + " is one of " + std::to_string(count) + " parts of a model",
                    "its name to end in " + ending(1), "give the parts their names back");
    auto index = std::make_shared<GgufIndex>();
    for (int64_t i = 1; i <= count; ++i) {
        const std::string part_path = name + ending(i);
        if (!std::filesystem::exists(part_path))
            throw Error("no file " + quote(part_path, 200) + ", part " + std::to_string(i) +
                            " of the model in " + quote(path, 200),
                        "", "the download is incomplete: get it again");
        const Gguf part = open_one(part_path);
        const GgufValue &number = part.get("split.no"), &parts = part.get("split.count");
        if (number.integer() != i - 1 || parts.integer() != count)
            throw Error(quote(part_path, 200) + " says it is part " +
                            std::to_string(number.integer() + 1) + " of " +
                            std::to_string(parts.integer()),
                        "part " + std::to_string(i) + " of " + std::to_string(count));
        if (i == 1) {
            *index = *part.index_;
            for (auto& [key, value] : index->metadata) value.file_ = index.get();
        } else {
            const std::vector<GgufTensor>& more = part.tensors();
            index->tensors.insert(index->tensors.end(), more.begin(), more.end());
        }
    }
    index->tensor_order = sorted_by_name(index->tensors, kName);
    check_unique(index->tensors, index->tensor_order, index->where + " has the tensor ");
    Gguf whole;
    whole.index_ = index;
    if (const GgufValue* wanted = whole.find("split.tensors.count"))
        if (wanted->integer() != int64_t(index->tensors.size()))
            throw Error("the " + std::to_string(count) + " parts of " + index->where + " have " +
                            std::to_string(index->tensors.size()) + " tensors",
                        std::to_string(wanted->integer()), "one of them is damaged");
    return whole;
}

const GgufValue* Gguf::find(std::string_view key) const {
    auto* entry = find_by_name(index_->metadata, index_->metadata_order, key, kName);
    return entry ? &entry->second : nullptr;
}

const GgufValue& Gguf::get(std::string_view key) const {
    if (const GgufValue* value = find(key)) return *value;
    std::vector<std::string> keys;
    for (const auto& [name, value] : index_->metadata) keys.push_back(name);
    const std::string near = nearest_name(key, keys);
    throw Error(index_->where + " has no key " + quote(key, 120), "",
                near.empty() ? "" : "the nearest it has is " + quote(near, 120));
}

const GgufTensor* Gguf::tensor(std::string_view name) const {
    return find_by_name(index_->tensors, index_->tensor_order, name, kName);
}

const std::vector<std::pair<std::string, GgufValue>>& Gguf::metadata() const {
    return index_->metadata;
}
const std::vector<GgufTensor>& Gguf::tensors() const { return index_->tensors; }
const std::string& Gguf::where() const { return index_->where; }
uint32_t Gguf::version() const { return index_->version; }
size_t Gguf::alignment() const { return size_t(index_->alignment); }

}  // namespace moonlet
