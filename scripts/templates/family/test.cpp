// SPDX-License-Identifier: Apache-2.0
// @path tests/engine/models/test_@name@.cpp
// The family @name@: shapes and seeds. Its numbers are compared in test_golden.cpp.
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>

#include "models/model.h"

using namespace moonlet;

TEST_CASE("a new @name@ gives logits for every token, the same for the same seed") {
    at::NoGradGuard no_grad;
    Json config = {{"model_type", "@name@"}, {"vocab_size", 50}, {"num_hidden_layers", 2}};
    auto a = new_model(config, 7), b = new_model(config, 7), c = new_model(config, 8);
    ModelInput input;
    input.ids = at::arange(6, at::kLong).reshape({1, 6});
    auto logits = [&](Model& m) { return m.logits(m.hidden(input)); };
    CHECK(logits(*a).sizes().vec() == std::vector<int64_t>{1, 6, 50});
    CHECK(at::equal(logits(*a), logits(*b)));
    CHECK_FALSE(at::equal(logits(*a), logits(*c)));
}
