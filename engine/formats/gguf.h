// SPDX-License-Identifier: Apache-2.0
// A GGUF file, version 2 or 3, little-endian, as views into a map: metadata of typed keys, and
// tensors as blocks of bytes. Layout (ggml docs/gguf.md): "GGUF", u32 version, u64 tensors, u64
// entries; entries of string key, u32 type, value; tensors of string name, u32 dimensions, u64
// sizes innermost first, u32 type, u64 offset; then the data, which begins at a multiple of
// general.alignment (32 where it is not given), on which the offsets count. A string is u64 length
// and bytes; an array u32 element type, u64 count, elements. Everything the file claims is checked
// before a view is made, and nothing is allocated by a claimed size. Makes no tensors and gives no
// key a meaning but general.alignment and those of split files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"
#include "formats/gguf_quant.h"

namespace moonlet {

// The file's numbers.
enum class GgufType : uint32_t {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    BOOL,
    STRING,
    ARRAY,
    U64,
    I64,
    F64
};
const char* gguf_type_name(GgufType type);  // "u32", "string", "array"

struct GgufIndex;  // what a file holds; in gguf_index.h

// A view of one entry; good as long as a copy of its Gguf lives. Every getter is an Error that
// names file, key, the type found and the one wanted.
class GgufValue {
  public:
    std::string_view key() const;
    GgufType type() const;
    GgufType element_type() const;          // of an array
    size_t count() const;                   // of an array
    int64_t integer() const;                // any integer type whose value fits
    double number() const;                  // any number type
    bool boolean() const;                   // BOOL, 0 or 1
    std::string_view string() const;        // maybe not UTF-8
    std::vector<int64_t> integers() const;  // of an array of any integer type
    std::vector<double> numbers() const;    // of an array of any number type
    std::string_view bytes() const;         // of an array of U8 or I8, without a copy
    // f(std::string_view) for each element of an array of strings, in order, without a copy.
    template <class F>
    void each_string(F f) const {
        Strings left = strings();
        for (size_t i = 0; i < left.count; ++i) f(next(left));
    }
    // The value as Json for showing: at most `limit` elements of an array, strings with invalid
    // UTF-8 as they are.
    Json json(size_t limit) const;

  private:
    friend struct GgufIndex;
    friend class Gguf;
    struct Strings {
        size_t count;
        const std::byte* at;
    };
    Strings strings() const;
    static std::string_view next(Strings& left);
    const std::byte* value_of(GgufType wanted) const;
    const std::byte* array_of(const char* wanted, bool (*fits)(GgufType)) const;
    [[noreturn]] void wrong(const std::string& wanted) const;
    std::string found() const;

    const GgufIndex* file_ = nullptr;
    const std::byte* entry_ = nullptr;  // the key's length
};

struct GgufTensor {
    std::string name;
    GgmlType type = GgmlType::F32;
    std::vector<int64_t> shape;         // outermost first, as torch and safetensors: the reverse of
                                        // the file's; the last is a whole number of blocks
    const std::byte* data = nullptr;    // aligned as the file is
    size_t bytes = 0;                   // all readable
    std::shared_ptr<const void> owner;  // keeps `data` alive; the pages are copy-on-write
};

class Gguf {
  public:
    // Error, naming the file and the key or tensor: not GGUF, another version or byte order,
    // truncated, unknown type, a key or name twice, a shape or offset that does not fit, tensors
    // that overlap. Gaps between tensors are allowed. Any part of a model in parts
    // (NAME-00001-of-00003.gguf) opens all of it: metadata of the first, tensors of all.
    static Gguf open(const std::string& path);
    // Bytes already in memory, kept alive by `owner`; `what` names them in errors.
    static Gguf parse(const std::byte* data, size_t size, std::shared_ptr<const void> owner,
                      const std::string& what);

    const GgufValue* find(std::string_view key) const;  // nullptr: not there
    const GgufValue& get(std::string_view key) const;   // Error: not there, with the nearest key
    const std::vector<std::pair<std::string, GgufValue>>& metadata() const;  // in the file's order
    const std::vector<GgufTensor>& tensors() const;                          // in the file's order
    const GgufTensor* tensor(std::string_view name) const;                   // nullptr: not there
    const std::string& where() const;  // the quoted path, for messages
    uint32_t version() const;
    size_t alignment() const;

  private:
    static Gguf open_one(const std::string& path);
    static Gguf open_parts(const std::string& path, int64_t count);

    std::shared_ptr<const GgufIndex> index_;
};

}  // namespace moonlet
