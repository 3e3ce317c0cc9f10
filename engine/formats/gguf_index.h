// SPDX-License-Identifier: Apache-2.0
// What gguf.cpp and gguf_value.cpp share: the index of a file, and reads of bytes that may lie
// anywhere. Nobody else includes it.
#pragma once

#include <cstring>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/gguf.h"

namespace moonlet {

namespace gguf {

template <class T>
inline T load(const std::byte* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

inline std::string_view text_at(const std::byte* at) {
    return {reinterpret_cast<const char*>(at) + 8, size_t(load<uint64_t>(at))};
}

// Bytes of one value of a fixed size; 0: string, array or no type.
inline size_t scalar_bytes(uint32_t type) {
    constexpr uint8_t sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return type < std::size(sizes) ? sizes[type] : 0;
}

struct Cursor;  // in gguf.cpp

}  // namespace gguf

struct GgufIndex {
    std::string where;
    uint32_t version = 0;
    uint64_t alignment = 32;
    std::shared_ptr<const void> owner;
    std::vector<std::pair<std::string, GgufValue>> metadata;
    std::vector<GgufTensor> tensors;
    std::vector<uint32_t> metadata_order, tensor_order;  // by name

    void read_header(gguf::Cursor& in, uint64_t& tensor_count, uint64_t& entry_count);
    void read_entry(gguf::Cursor& in);
    void read_tensor(gguf::Cursor& in, std::vector<uint64_t>& offsets);
    void read_alignment();
    void place(const std::vector<uint64_t>& offsets, const std::byte* data, uint64_t size,
               uint64_t begin);
};

}  // namespace moonlet
