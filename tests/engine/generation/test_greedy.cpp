// SPDX-License-Identifier: Apache-2.0
// What generate() of transformers writes greedily (scripts/golden/models.py), our context with its
// cache writes, too, token by token; and what was read in one regime of a length-dependent rotation
// is not used in another.
#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>

#include "formats/safetensors.h"
#include "generation/context.h"
#include "models/sources.h"
#include "ops/grad.h"
#include "tests/support/test.h"

using namespace moonlet;
using namespace moonlet::test;

namespace {

std::vector<int> ids_of(const at::Tensor& t) {
    at::Tensor flat = t.flatten().contiguous();
    return {flat.const_data_ptr<int64_t>(), flat.const_data_ptr<int64_t>() + flat.numel()};
}

std::shared_ptr<Model> open(const std::string& name) {
    return load_model(golden("models/" + name).string(), {at::kFloat, "cpu"});
}

}  // namespace

TEST_CASE("greedy generation gives transformers' tokens") {
    int compared = 0;
    for (const auto& entry : std::filesystem::directory_iterator(golden("models"))) {
        std::string file = (entry.path() / "golden.safetensors").string();
        Safetensors numbers = Safetensors::open(file);
        if (!numbers.find("greedy")) continue;
        INFO(entry.path().filename().string());
        std::vector<int> wanted = ids_of(tensor_of(*numbers.find("greedy")));
        std::vector<int> ids = ids_of(tensor_of(*numbers.find("ids")));
        Context context(open(entry.path().filename().string()));
        at::Tensor logits = context.read(ids);
        while (ids.size() < wanted.size()) {
            ids.push_back(int(logits.argmax().item<int64_t>()));
            if (ids.size() < wanted.size()) logits = context.step(ids.back());
        }
        CHECK(ids == wanted);
        ++compared;
    }
    CHECK(compared > 10);
}

TEST_CASE("a text read in blocks, or after another, is read as a whole") {
    for (const char* name : {"llama-longrope", "llama-dynamic-rope", "mistral-window"}) {
        INFO(name);
        auto network = open(name);
        std::vector<int> text;
        for (int i = 0; i < 120; ++i) text.push_back((i * i + 7) % int(network->vocab_size()));
        at::NoGradGuard no_grad;
        ModelInput input;
        input.ids = at::tensor(text, at::kLong).unsqueeze(0);
        at::Tensor whole = network->logits(network->hidden(input))[0];
        auto differs = [&](const at::Tensor& logits, size_t length) {
            ModelInput begin;
            begin.ids = input.ids.narrow(1, 0, int64_t(length));
            at::Tensor last = network->logits(network->hidden(begin))[0][int64_t(length) - 1];
            return (logits - last).abs().max().item<double>();
        };
        Context context(network);
        for (size_t length : {40, 6, 120, 100, 40}) {
            INFO(length);
            std::vector<int> part(text.begin(), text.begin() + long(length));
            CHECK(differs(context.read(part), length) < 1e-4);
        }
        std::vector<at::Tensor> rows;
        context.scan(text, [&](const at::Tensor& states, size_t) {
            rows.push_back(network->logits(states)[0]);
        });
        CHECK(rows.size() > 1);
        CHECK((at::cat(rows, 0) - whole).abs().max().item<double>() < 1e-4);
    }
}
