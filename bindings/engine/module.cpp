// SPDX-License-Identifier: Apache-2.0
// Opens moonlet_engine. LibTorch's errors carry a C++ backtrace; users get the message alone unless
// MOONLET_DEBUG is set.
#include <ATen/ATen.h>

#include <cstdlib>

#include "bindings/object.h"
#include "bindings/row.h"
#include "core/error.h"

namespace moonlet::bindings {

void add_objective_rows();  // trainer.cpp

namespace {

std::string describe_torch(const std::exception& e) {
    auto* torch_error = dynamic_cast<const c10::Error*>(&e);
    if (!torch_error || std::getenv("MOONLET_DEBUG")) return e.what();
    return torch_error->what_without_backtrace();
}

}  // namespace

}  // namespace moonlet::bindings

extern "C" __attribute__((visibility("default"))) int luaopen_moonlet_engine(lua_State* L) {
    using namespace moonlet;
    bindings::describe_exception = bindings::describe_torch;
    bindings::add_objective_rows();
    bindings::push_module(L);
    return 1;
}
