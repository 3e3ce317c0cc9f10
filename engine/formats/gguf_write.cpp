// SPDX-License-Identifier: Apache-2.0
// The whole header is made first, since every error must come before the file is touched and the
// offsets must be known; only tensors are streamed.
#include "formats/gguf_write.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "core/interrupt.h"

namespace moonlet {

namespace {

constexpr uint32_t kVersion = 3;

template <class T>
void put(std::string& out, T value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_text(std::string& out, const std::string& text) {
    put(out, uint64_t(text.size()));
    out += text;
}

[[noreturn]] void wrong(const Json& value, const std::string& key, const std::string& wanted) {
    throw Error(
        "key " + quote(key, 120) + " cannot be written: its value is " +
            quote(value.is_string() ? "the string " + value.get_ref<const std::string&>()
                                    : value.dump(-1, ' ', true, Json::error_handler_t::replace)),
        wanted);
}

template <class T>
void put_integer(std::string& out, const Json& value, const std::string& key, GgufType type) {
    constexpr auto low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
    bool fits = false;
    if (value.is_number_unsigned()) fits = value.get<uint64_t>() <= uint64_t(high);
    else if (value.is_number_integer()) {
        const int64_t number = value.get<int64_t>();
        fits = number < 0 ? low != 0 && number >= int64_t(low) : uint64_t(number) <= uint64_t(high);
    }
    if (!fits)
        wrong(value, key,
              std::string(gguf_type_name(type)) + ", a whole number from " + std::to_string(low) +
                  " to " + std::to_string(high));
    put(out, value.get<T>());
}

void put_value(std::string& out, const Json& value, GgufType type, const std::string& key) {
    switch (type) {
        case GgufType::U8: return put_integer<uint8_t>(out, value, key, type);
        case GgufType::I8: return put_integer<int8_t>(out, value, key, type);
        case GgufType::U16: return put_integer<uint16_t>(out, value, key, type);
        case GgufType::I16: return put_integer<int16_t>(out, value, key, type);
        case GgufType::U32: return put_integer<uint32_t>(out, value, key, type);
        case GgufType::I32: return put_integer<int32_t>(out, value, key, type);
        case GgufType::U64: return put_integer<uint64_t>(out, value, key, type);
        case GgufType::I64: return put_integer<int64_t>(out, value, key, type);
        case GgufType::F32: {
            if (!value.is_number()) wrong(value, key, "f32, a number");
            const double number = value.get<double>();
            if (std::isfinite(number) && !std::isfinite(float(number)))
                wrong(value, key, "f32, a number below 3.4e38");
            return put(out, float(number));
        }
        case GgufType::F64:
            if (!value.is_number()) wrong(value, key, "f64, a number");
            return put(out, value.get<double>());
        case GgufType::BOOL:
            if (!value.is_boolean()) wrong(value, key, "true or false");
            return put(out, uint8_t(value.get<bool>()));
        case GgufType::STRING:
            if (!value.is_string()) wrong(value, key, "a string");
            return put_text(out, value.get_ref<const std::string&>());
        case GgufType::ARRAY: break;
    }
    throw Error("key " + quote(key, 120) + " cannot be written: arrays of arrays are not");
}

void put_entry(std::string& out, const GgufEntry& entry) {
    put_text(out, entry.key);
    put(out, uint32_t(entry.type));
    if (entry.type != GgufType::ARRAY) return put_value(out, entry.value, entry.type, entry.key);
    if (!entry.value.is_array()) wrong(entry.value, entry.key, "an array");
    put(out, uint32_t(entry.element));
    put(out, uint64_t(entry.value.size()));
    for (const Json& value : entry.value) put_value(out, value, entry.element, entry.key);
}

uint64_t alignment_of(const std::vector<GgufEntry>& metadata) {
    for (const GgufEntry& entry : metadata) {
        if (entry.key != "general.alignment") continue;
        const bool whole = entry.type == GgufType::U32 && entry.value.is_number_integer();
        const uint64_t value = whole ? entry.value.get<uint64_t>() : 0;
        if (value == 0 || (value & (value - 1)) != 0 || value > 1 << 30)
            wrong(entry.value, entry.key, "u32, a power of two");
        return value;
    }
    return 32;
}

uint64_t bytes_of(const GgufTensorToWrite& tensor) {
    const std::string what = "tensor " + quote(tensor.name, 120);
    uint64_t count = 1, bytes = 0;
    for (int64_t size : tensor.shape)
        if (size < 0 || __builtin_mul_overflow(count, uint64_t(size), &count))
            throw Error(what + " cannot be written: its shape is negative or beyond any memory");
    const uint64_t block = ggml_block_size(tensor.type);
    const uint64_t row = tensor.shape.empty() ? 1 : uint64_t(tensor.shape.back());
    if (row % block != 0)
        throw Error(
            what + " has rows of " + std::to_string(row) + " values",
            "a multiple of " + std::to_string(block) + " for " + ggml_type_name(tensor.type),
            "write it as F16 or F32");
    if (__builtin_mul_overflow(count / block, ggml_block_bytes(tensor.type), &bytes))
        throw Error(what + " cannot be written: its shape is beyond any memory");
    return bytes;
}

uint64_t padded(uint64_t size, uint64_t alignment) {
    return (size + alignment - 1) / alignment * alignment;
}

}  // namespace

void write_gguf(const std::string& path, const std::vector<GgufEntry>& metadata,
                std::vector<GgufTensorToWrite> tensors) {
    const uint64_t alignment = alignment_of(metadata);
    std::string header = "GGUF";
    put(header, kVersion);
    put(header, uint64_t(tensors.size()));
    put(header, uint64_t(metadata.size()));
    std::set<std::string> seen;
    for (const GgufEntry& entry : metadata) {
        if (!seen.insert(entry.key).second)
            throw Error("cannot write the key " + quote(entry.key, 120) + " twice");
        put_entry(header, entry);
    }
    seen.clear();
    uint64_t offset = 0;
    std::vector<uint64_t> sizes;
    for (const GgufTensorToWrite& tensor : tensors) {
        if (!seen.insert(tensor.name).second)
            throw Error("cannot write two tensors called " + quote(tensor.name, 120));
        sizes.push_back(bytes_of(tensor));
        put_text(header, tensor.name);
        put(header, uint32_t(tensor.shape.size()));
        for (auto size = tensor.shape.rbegin(); size != tensor.shape.rend(); ++size)
            put(header, uint64_t(*size));
        put(header, uint32_t(tensor.type));
        put(header, offset);
        offset += padded(sizes.back(), alignment);
    }
    header.resize(padded(header.size(), alignment), '\0');
    const std::string zeros(alignment, '\0');
    write_file(path, [&](const auto& append) {
        append(header.data(), header.size());
        for (size_t i = 0; i < tensors.size(); ++i) {
            interrupt::check();
            if (sizes[i] == 0) continue;
            std::shared_ptr<const void> bytes = tensors[i].bytes();
            append(bytes.get(), size_t(sizes[i]));
            append(zeros.data(), size_t(padded(sizes[i], alignment) - sizes[i]));
        }
    });
}

}  // namespace moonlet
