// SPDX-License-Identifier: Apache-2.0
// A context that overflows and slides: each stretch is what a fresh call writes behind what is
// kept.
#include <catch2/catch.hpp>

#include "core/error.h"
#include "generation/batch.h"
#include "tiny.h"

using namespace moonlet;

namespace {

std::vector<int> cut(const std::vector<int>& window, size_t sinks, size_t keep) {
    std::vector<int> kept(window.begin(), window.begin() + sinks);
    kept.insert(kept.end(), window.end() - (keep - sinks), window.end());
    return kept;
}

}  // namespace

TEST_CASE("a full context keeps its beginning and its newest half", "[overflow]") {
    auto model = test::tiny();  // 256 positions
    GenerateOptions options;
    options.max_tokens = 300;
    options.ignore_eos = true;
    GenerateOptions slide = options;
    slide.slide = true;
    slide.sinks = 6;
    for (size_t length : {100u, 256u}) {
        const auto prompt = test::some_ids(int(length));
        std::vector<int> window = prompt, wanted;
        size_t slid = 0;
        if (length >= 256) {
            window = cut(window, 6, 128);
            ++slid;
        }
        while (wanted.size() < 300) {
            auto fresh = test::tiny();
            options.max_tokens = int(300 - wanted.size());
            auto part = generate(*fresh, window, options);
            wanted.insert(wanted.end(), part.tokens.begin(), part.tokens.end());
            window.insert(window.end(), part.tokens.begin(), part.tokens.end());
            if (wanted.size() < 300) {
                REQUIRE(window.size() == 256);
                window = cut(window, 6, 128);
                ++slid;
            }
        }
        auto result = generate(*model, prompt, slide);
        CHECK(result.tokens == wanted);
        CHECK(result.finish_reason == "length");
        CHECK(result.prompt_ids == prompt);
        CHECK(result.slid == slid);
        CHECK(result.dropped_tokens == length + 300 - window.size());
        BatchOptions batch;
        batch.generate = slide;
        auto rows = generate_batch(*model, {prompt, test::some_ids(9), prompt}, batch);
        CHECK(rows[0].tokens == wanted);
        CHECK(rows[2].tokens == wanted);
        CHECK(rows[2].slid == slid);
    }
}

TEST_CASE("a context that does not slide ends, and too long a prompt is an error", "[overflow]") {
    auto model = test::tiny();
    GenerateOptions options;
    options.max_tokens = 300;
    options.ignore_eos = true;
    auto result = generate(*model, test::some_ids(250), options);
    CHECK(result.tokens.size() == 6);
    CHECK(result.finish_reason == "length");
    CHECK(result.slid == 0);
    CHECK_THROWS_WITH(generate(*model, test::some_ids(256), options), Catch::Contains("slide"));
    options.slide = true;
    options.sinks = 128;
    CHECK_THROWS_WITH(generate(*model, test::some_ids(9), options), Catch::Contains("sinks 128"));
    CHECK_THROWS_AS(GenerateOptions::from_json({{"overflow", "drop"}}, {}), Error);
    CHECK_THROWS_AS(GenerateOptions::from_json({{"sinks", -1}}, {}), Error);
    CHECK(GenerateOptions::from_json({{"overflow", "slide"}, {"sinks", 2}}, {}).sinks == 2);
}
