// SPDX-License-Identifier: Apache-2.0
// The classes of the base library that Lua holds: their names and what they weigh.
#pragma once

#include "bindings/object.h"
#include "datasets/dataset.h"
#include "protocols/job.h"
#include "lexical/index.h"
#include "lexical/passages.h"
#include "tokenizers/tokenizer.h"

namespace moonlet::bindings {

template <>
struct LuaClass<Tokenizer> {
    static constexpr const char* kName = "Tokenizer";
    static size_t bytes(const Tokenizer& t) { return t.bytes(); }
};

template <>
struct LuaClass<Dataset> {
    static constexpr const char* kName = "Dataset";
    static size_t bytes(Dataset& d) { return d.memory_bytes(); }
};

template <>
struct LuaClass<Job> {
    static constexpr const char* kName = "Job";
    static size_t bytes(const Job&) { return 0; }
};

template <>
struct LuaClass<Passages> {
    static constexpr const char* kName = "Passages";
    static size_t bytes(const Passages& p) { return p.bytes(); }
};

template <>
struct LuaClass<LexicalIndex> {
    static constexpr const char* kName = "LexicalIndex";
    static size_t bytes(const LexicalIndex& i) { return i.bytes(); }
};

template <>
struct LuaClass<Selection> {
    static constexpr const char* kName = "Selection";
    static size_t bytes(const Selection& s) { return s.size() / 8; }
};

}  // namespace moonlet::bindings
