// SPDX-License-Identifier: Apache-2.0
// Opens moonlet_engine. LibTorch's errors carry a C++ backtrace; users get the message alone unless
// MOONLET_DEBUG is set. Memory that the system does not give is told in our words: it is the one of
// LibTorch's errors that no argument check can see coming.
#include <ATen/ATen.h>

#include <cstdlib>
#include <cstring>

#include "bindings/object.h"
#include "bindings/row.h"
#include "core/error.h"

namespace moonlet::bindings {

void add_objective_rows();  // trainer.cpp

namespace {

// "DefaultCPUAllocator: can't allocate memory: you tried to allocate 4000000 bytes. Error code 12"
std::string describe_memory(const std::string& message) {
    static const char kBytes[] = "you tried to allocate ";
    const size_t at = message.find(kBytes);
    if (at == std::string::npos || message.find("allocate memory") == std::string::npos) return "";
    const double bytes = std::strtod(message.c_str() + at + std::strlen(kBytes), nullptr);
    char size[32];
    if (bytes >= 1e9) std::snprintf(size, sizeof size, "%.1f GB", bytes / 1e9);
    else std::snprintf(size, sizeof size, "%.1f MB", bytes / 1e6);
    return Error(std::string("out of memory: ") + size + " asked for in one piece",
                 "as much memory free",
                 "release objects (object:release()), or use smaller texts, batches or models")
        .what();
}

std::string describe_torch(const std::exception& e) {
    auto* torch_error = dynamic_cast<const c10::Error*>(&e);
    if (!torch_error || std::getenv("MOONLET_DEBUG")) return e.what();
    const std::string message = torch_error->what_without_backtrace();
    const std::string memory = describe_memory(message);
    return memory.empty() ? message : memory;
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
