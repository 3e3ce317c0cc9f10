// SPDX-License-Identifier: Apache-2.0
// One pass over the header finds every entry and tensor and checks what it claims; values stay in
// the map and are read again when asked for, which the check made safe. The index that is built
// grows with what was read, never by a count that the file claims.
#include "formats/gguf.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "core/files.h"

namespace moonlet {

namespace {

constexpr uint64_t kDefaultAlignment = 32;
constexpr int kMaxNesting = 8;          // arrays of arrays; files in use have none
constexpr uint32_t kMaxDimensions = 8;  // ggml: 4

template <class T>
T load(const std::byte* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

std::string_view text_at(const std::byte* at) {
    return {reinterpret_cast<const char*>(at) + 8, size_t(load<uint64_t>(at))};
}

// Bytes of one value of a fixed size; 0: string, array or no type.
size_t scalar_bytes(uint32_t type) {
    constexpr uint8_t sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return type < std::size(sizes) ? sizes[type] : 0;
}

bool is_integer(GgufType type) {
    return type != GgufType::F32 && type != GgufType::F64 && type != GgufType::BOOL &&
           type != GgufType::STRING && type != GgufType::ARRAY;
}
bool is_number(GgufType type) {
    return is_integer(type) || type == GgufType::F32 || type == GgufType::F64;
}
bool is_byte(GgufType type) { return type == GgufType::U8 || type == GgufType::I8; }

double number_at(GgufType type, const std::byte* at) {
    switch (type) {
        case GgufType::U8: return load<uint8_t>(at);
        case GgufType::I8: return load<int8_t>(at);
        case GgufType::U16: return load<uint16_t>(at);
        case GgufType::I16: return load<int16_t>(at);
        case GgufType::U32: return load<uint32_t>(at);
        case GgufType::I32: return load<int32_t>(at);
        case GgufType::F32: return double(load<float>(at));
        case GgufType::U64: return double(load<uint64_t>(at));
        case GgufType::I64: return double(load<int64_t>(at));
        default: return load<double>(at);
    }
}

// Of an integer type; false: a u64 beyond int64_t.
bool integer_at(GgufType type, const std::byte* at, int64_t& out) {
    if (type == GgufType::U64 || type == GgufType::I64) {
        out = load<int64_t>(at);
        return type == GgufType::I64 || out >= 0;
    }
    out = int64_t(number_at(type, at));
    return true;
}

// Reads forward; every step is checked against the end.
struct Cursor {
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

struct GgufIndex {
    std::string where;
    uint32_t version = 0;
    uint64_t alignment = kDefaultAlignment;
    std::shared_ptr<const void> owner;
    std::vector<std::pair<std::string, GgufValue>> metadata;
    std::vector<GgufTensor> tensors;
    std::vector<uint32_t> metadata_order, tensor_order;  // by name

    void read_header(Cursor& in, uint64_t& tensor_count, uint64_t& entry_count);
    void read_entry(Cursor& in);
    void read_tensor(Cursor& in, std::vector<uint64_t>& offsets);
    void read_alignment();
    void place(const std::vector<uint64_t>& offsets, const std::byte* data, uint64_t size,
               uint64_t begin);
};

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

const char* gguf_type_name(GgufType type) {
    constexpr const char* names[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                     "bool", "string", "array", "u64", "i64", "f64"};
    return size_t(type) < std::size(names) ? names[size_t(type)] : "unknown";
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

Gguf Gguf::open(const std::string& path) {
    std::shared_ptr<MappedFile> file = MappedFile::open(path);
    return parse(file->data(), file->size(), file, quote(path, 200));
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

// Values. An entry is key, u32 type, value; all of it was walked over once by read_entry.

std::string_view GgufValue::key() const { return text_at(entry_); }

GgufType GgufValue::type() const { return GgufType(load<uint32_t>(entry_ + 8 + key().size())); }

std::string GgufValue::found() const {
    if (type() != GgufType::ARRAY) return gguf_type_name(type());
    return std::string("array of ") + gguf_type_name(element_type());
}

void GgufValue::wrong(const std::string& wanted) const {
    throw Error(file_->where + ": key " + quote(key(), 120) + " is of type " + found(), wanted);
}

const std::byte* GgufValue::value_of(GgufType wanted) const {
    if (type() != wanted) wrong(gguf_type_name(wanted));
    return entry_ + 8 + key().size() + 4;
}

const std::byte* GgufValue::array_of(const char* wanted, bool (*fits)(GgufType)) const {
    if (type() != GgufType::ARRAY || !fits(element_type())) wrong(wanted);
    return value_of(GgufType::ARRAY) + 12;
}

GgufType GgufValue::element_type() const {
    return GgufType(load<uint32_t>(value_of(GgufType::ARRAY)));
}

size_t GgufValue::count() const { return size_t(load<uint64_t>(value_of(GgufType::ARRAY) + 4)); }

int64_t GgufValue::integer() const {
    if (!is_integer(type())) wrong("a whole number");
    int64_t value;
    if (!integer_at(type(), value_of(type()), value)) wrong("a whole number below 2^63");
    return value;
}

double GgufValue::number() const {
    if (!is_number(type())) wrong("a number");
    return number_at(type(), value_of(type()));
}

bool GgufValue::boolean() const {
    const uint8_t value = load<uint8_t>(value_of(GgufType::BOOL));
    if (value > 1) wrong("0 or 1, not " + std::to_string(value));
    return value == 1;
}

std::string_view GgufValue::string() const { return text_at(value_of(GgufType::STRING)); }

std::vector<int64_t> GgufValue::integers() const {
    const std::byte* at = array_of("an array of whole numbers", is_integer);
    std::vector<int64_t> values(count());
    for (int64_t& value : values) {
        if (!integer_at(element_type(), at, value)) wrong("whole numbers below 2^63");
        at += scalar_bytes(uint32_t(element_type()));
    }
    return values;
}

std::vector<double> GgufValue::numbers() const {
    const std::byte* at = array_of("an array of numbers", is_number);
    std::vector<double> values(count());
    for (double& value : values) {
        value = number_at(element_type(), at);
        at += scalar_bytes(uint32_t(element_type()));
    }
    return values;
}

std::string_view GgufValue::bytes() const {
    const std::byte* at = array_of("an array of u8 or i8", is_byte);
    return {reinterpret_cast<const char*>(at), count()};
}

GgufValue::Strings GgufValue::strings() const {
    const std::byte* at =
        array_of("an array of strings", [](GgufType type) { return type == GgufType::STRING; });
    return {count(), at};
}

std::string_view GgufValue::next(Strings& left) {
    std::string_view text = text_at(left.at);
    left.at += 8 + text.size();
    return text;
}

namespace {

// A checked value at `at`, which moves behind it as far as it is shown.
Json json_at(GgufType type, const std::byte*& at, size_t limit) {
    if (type == GgufType::STRING) {
        std::string_view text = text_at(at);
        at += 8 + text.size();
        return std::string(text);
    }
    if (type == GgufType::ARRAY) {
        const GgufType element = GgufType(load<uint32_t>(at));
        const uint64_t count = load<uint64_t>(at + 4);
        at += 12;
        Json list = Json::array();
        for (uint64_t i = 0; i < count; ++i) {
            Json value = json_at(element, at, limit);
            if (i < limit) list.push_back(std::move(value));
            else if (scalar_bytes(uint32_t(element))) {
                at += (count - i - 1) * scalar_bytes(uint32_t(element));
                break;
            }
        }
        return list;
    }
    const std::byte* start = at;
    at += scalar_bytes(uint32_t(type));
    if (type == GgufType::BOOL) return load<uint8_t>(start) != 0;
    if (type == GgufType::U64) return load<uint64_t>(start);
    int64_t whole;
    if (is_integer(type) && integer_at(type, start, whole)) return whole;
    return number_at(type, start);
}

}  // namespace

Json GgufValue::json(size_t limit) const {
    const std::byte* at = value_of(type());
    return json_at(type(), at, limit);
}

}  // namespace moonlet
