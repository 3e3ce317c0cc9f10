// SPDX-License-Identifier: Apache-2.0
// Entries of metadata, read where they lie. An entry is key, u32 type, value; all of it was walked
// over once when the file was opened, so that nothing here can run out of the file.
#include "core/error.h"
#include "formats/gguf_index.h"

namespace moonlet {

using gguf::load;
using gguf::scalar_bytes;
using gguf::text_at;

namespace {

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

}  // namespace

const char* gguf_type_name(GgufType type) {
    constexpr const char* names[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                     "bool", "string", "array", "u64", "i64", "f64"};
    return size_t(type) < std::size(names) ? names[size_t(type)] : "unknown";
}

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
