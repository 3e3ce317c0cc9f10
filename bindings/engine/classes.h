// SPDX-License-Identifier: Apache-2.0
// The classes of the engine library that Lua holds: their names and what they weigh.
#pragma once

#include <ATen/ATen.h>

#include "bindings/classes.h"
#include "generation/language_model.h"
#include "retrievers/vectors.h"
#include "trainers/trainer.h"

namespace moonlet::bindings {

// A tensor as a shared object: at::Tensor is itself a handle, this one gives it an identity.
struct TensorBox {
    at::Tensor tensor;
};

template <>
struct LuaClass<TensorBox> {
    static constexpr const char* kName = "Tensor";
    static size_t bytes(const TensorBox& t) { return t.tensor.defined() ? t.tensor.nbytes() : 0; }
};

template <>
struct LuaClass<LanguageModel> {
    static constexpr const char* kName = "Model";
    static size_t bytes(const LanguageModel& m) { return m.bytes(); }
};

template <>
struct LuaClass<Trainer> {
    static constexpr const char* kName = "Trainer";
    static size_t bytes(const Trainer&) { return 1 << 20; }
};

template <>
struct LuaClass<VectorIndex> {
    static constexpr const char* kName = "VectorIndex";
    static size_t bytes(const VectorIndex& v) { return v.bytes(); }
};

inline void push_tensor(lua_State* L, at::Tensor tensor) {
    push(L, std::make_shared<TensorBox>(TensorBox{std::move(tensor)}));
}

}  // namespace moonlet::bindings
