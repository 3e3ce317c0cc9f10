// SPDX-License-Identifier: Apache-2.0
// GGUF: everything of a file is looked at, tensors of a known type are turned into floats, and a
// tokenizer is made of its vocabulary.
#include "formats/gguf.h"

#include <algorithm>

#include "core/error.h"
#include "support/target.h"
#include "support/there_and_back.h"
#include "tokenizers/gguf_vocabulary.h"

namespace {

using namespace moonlet;

template <class F>
void attempt(F f) {
    try {
        f();
    } catch (const Error&) {
    }
}

void look(const GgufValue& value) {
    attempt([&] { value.integer(); });
    attempt([&] { value.number(); });
    attempt([&] { value.boolean(); });
    attempt([&] { value.string(); });
    attempt([&] { value.bytes(); });
    attempt([&] { value.each_string([](std::string_view) {}); });
    attempt([&] { value.json(4); });
    const fuzz::Unlimited result;  // one byte of the file is one number of eight
    attempt([&] { value.integers(); });
    attempt([&] { value.numbers(); });
}

void run(std::string_view input) {
    auto bytes = reinterpret_cast<const std::byte*>(input.data());
    Gguf file = Gguf::parse(bytes, input.size(), nullptr, "the input");
    for (auto& [key, value] : file.metadata()) {
        file.find(key);
        look(value);
    }
    static float floats[1 << 12];
    for (const GgufTensor& tensor : file.tensors()) {
        const size_t block = ggml_block_size(tensor.type), size = ggml_block_bytes(tensor.type);
        const size_t blocks = std::min(tensor.bytes / size, std::size(floats) / block);
        attempt([&] { dequantize(tensor.type, tensor.data, int64_t(blocks * block), floats); });
    }
    fuzz::there_and_back(*Tokenizer::from_json(tokenizer_json_from_gguf(file), "the input"));
}

const bool registered = fuzz::add("gguf", run, size_t(4) << 20);

}  // namespace
