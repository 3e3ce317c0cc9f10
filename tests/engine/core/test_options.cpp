// SPDX-License-Identifier: Apache-2.0
// Errors that help: unknown options name the nearest legal one with type and default.
#include "core/options.h"

#include <catch2/catch.hpp>

#include "core/error.h"

using namespace moonlet;

namespace {
const OptionTable kRows = {{"max_tokens", "integer", "256", ""},
                           {"temperature", "number", "0", ""},
                           {"stop", "string|string[]", "", ""},
                           {"tune", "\"full\"|\"lora\"", "\"full\"", ""},
                           {"stream", "boolean", "true", ""}};
}

TEST_CASE("options: right ones pass") {
    Json given = {{"max_tokens", 3}, {"temperature", 0.5}, {"stop", {"a", "b"}}, {"tune", "lora"}};
    CHECK_NOTHROW(check_options(given, kRows, "f"));
    CHECK_NOTHROW(check_options(Json(), kRows, "f"));
    CHECK_NOTHROW(check_options({{"max_tokens", 3.0}, {"stop", "x"}}, kRows, "f"));
}

TEST_CASE("options: an unknown name finds its neighbour, with type and default") {
    CHECK_THROWS_WITH(
        check_options({{"max_token", 3}}, kRows, "m:generate"),
        "m:generate: unknown option \"max_token\"; did you mean max_tokens: integer = 256?");
    CHECK_THROWS_WITH(check_options({{"temp", 3}}, kRows, "f"), Catch::Contains("temperature"));
    CHECK_THROWS_WITH(check_options({{"qqqqqq", 3}}, kRows, "f"),
                      Catch::Contains("one of: max_tokens"));
}

TEST_CASE("options: a wrong type says what was given and what was wanted") {
    CHECK_THROWS_WITH(check_options({{"max_tokens", 1.5}}, kRows, "f"),
                      Catch::Contains("max_tokens is \"1.5\"") && Catch::Contains("integer = 256"));
    CHECK_THROWS_WITH(check_options({{"tune", "half"}}, kRows, "f"), Catch::Contains("tune"));
    CHECK_THROWS_WITH(check_options({{"stop", {1}}}, kRows, "f"), Catch::Contains("stop"));
    CHECK_THROWS_WITH(check_options(Json::array({1}), kRows, "f"), Catch::Contains("are a list"));
}

TEST_CASE("nearest_name: swaps, prefixes and nothing") {
    CHECK(nearest_name("tempreature", {"temperature", "top_p"}) == "temperature");
    CHECK(nearest_name("max_new_tokens", {"max_tokens", "min_p"}) == "max_tokens");
    CHECK(nearest_name("zzz", {"temperature", "top_p"}) == "");
}
