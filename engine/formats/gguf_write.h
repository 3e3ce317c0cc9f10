// SPDX-License-Identifier: Apache-2.0
// Writes GGUF files, version 3, little-endian: metadata in the order given with exactly the types
// given, then tensors, each at a multiple of the alignment (32, or the entry general.alignment).
// The bytes are those gguf-py's GGUFWriter makes of the same content. Atomic, and streamed: one
// tensor is in memory at a time. Knows no key's meaning but general.alignment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"
#include "formats/gguf.h"

namespace moonlet {

struct GgufEntry {
    std::string key;
    GgufType type = GgufType::STRING;
    Json value;                       // a string, boolean or number; a Json array for ARRAY
    GgufType element = GgufType::U8;  // of an ARRAY (not ARRAY itself)
};

// One tensor to write; `shape` outermost first. `bytes` is called once, when its turn comes, and
// what it returns must hold the tensor's bytes in its type until it is dropped.
struct GgufTensorToWrite {
    std::string name;
    GgmlType type = GgmlType::F32;
    std::vector<int64_t> shape;
    std::function<std::shared_ptr<const void>()> bytes;
};

// Error, before anything is written: a key or name twice, a value that is not of its type (a
// number out of range counts), rows that are no whole number of blocks. Full disk: the old file
// stays.
void write_gguf(const std::string& path, const std::vector<GgufEntry>& metadata,
                std::vector<GgufTensorToWrite> tensors);

}  // namespace moonlet
