// SPDX-License-Identifier: Apache-2.0
// safetensors: the header is read and every tensor's first and last byte.
#include "formats/safetensors.h"

#include "support/target.h"

namespace {

using namespace moonlet;

void run(std::string_view input) {
    auto bytes = reinterpret_cast<const std::byte*>(input.data());
    Safetensors file = Safetensors::parse(bytes, input.size(), nullptr, "the input");
    volatile unsigned touched = 0;
    for (auto& [name, view] : file.tensors())
        if (view.bytes)
            touched = touched + unsigned(view.data[0]) + unsigned(view.data[view.bytes - 1]);
}

const bool registered = fuzz::add("safetensors", run);

}  // namespace
