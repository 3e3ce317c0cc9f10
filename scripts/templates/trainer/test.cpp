// SPDX-License-Identifier: Apache-2.0
// @path tests/engine/trainers/test_@name@.cpp
// The objective @name@: registered, and clear about rows that it cannot use.
#include <catch2/catch.hpp>

#include "core/error.h"
#include "trainers/trainer.h"

using namespace moonlet;

TEST_CASE("trainers.@name@ is registered and refuses rows without text") {
    REQUIRE(Objectives::has("@name@"));
    auto objective = Objectives::get("@name@").make();
    LanguageModel model;
    CHECK(objective->sequences(model, {}, {}).empty());
    CHECK_THROWS_AS(objective->sequences(model, {Json{{"words", "no text here"}}}, {}), Error);
}

TEST_CASE("trainers.@name@ counts the tokens that it should") {
    CHECK(std::string(Objectives::get("@name@").doc).find("one line for") != 0);  // write it
}
