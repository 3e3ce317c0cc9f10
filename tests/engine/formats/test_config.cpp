// SPDX-License-Identifier: Apache-2.0
#include "formats/config.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/files.h"
#include "tests/support/test.h"

using namespace moonlet;
using Catch::Matchers::Contains;

TEST_CASE("typed questions, defaults, and null as absent") {
    Config c(
        parse_json(R"({"n": 4, "x": 1e-5, "f": 64.0, "e": 1e6, "b": true, "s": "silu", "z": null,
                            "list": ["a", "b"], "in": {"n": 5}})",
                   "test"),
        "test");
    CHECK(c.integer("n") == 4);
    CHECK(c.number("n") == 4.0);
    CHECK(c.number("x") == 1e-5);
    CHECK(c.integer("f") == 64);
    CHECK(c.size("e") == 1000000);
    CHECK(c.boolean("b", false));
    CHECK(c.string("s") == "silu");
    CHECK_FALSE(c.has("z"));
    CHECK(c.integer("z", 7) == 7);
    CHECK(c.integer("absent", 8) == 8);
    CHECK(c.strings("list") == std::vector<std::string>{"a", "b"});
    CHECK(c.strings("absent").empty());
    CHECK(c.object("in").integer("n") == 5);
    CHECK_FALSE(c.object("absent").has("n"));
}

TEST_CASE("null that is not absence, and numbers") {
    Config c(
        parse_json(R"({"window": null, "cap": 30.5, "size": 4, "list": [1, 2.5], "bad": ["x"]})",
                   "test"),
        "config.json");
    CHECK(c.size_or_none("window", 9) == 0);
    CHECK(c.size_or_none("absent", 9) == 9);
    CHECK(c.size_or_none("size", 9) == 4);
    CHECK(c.number_or_none("window", 9) == 0);
    CHECK(c.number_or_none("absent", 9) == 9);
    CHECK(c.number_or_none("cap", 9) == 30.5);
    CHECK(c.numbers("list") == std::vector<double>{1, 2.5});
    CHECK(c.numbers("absent").empty());
    CHECK_THROWS_WITH(c.numbers("bad"), Contains("array of numbers"));
    CHECK_THROWS_WITH(c.numbers("cap"), Contains("array of numbers"));
}

TEST_CASE("wrong values name the key and the file") {
    Config c(parse_json(R"({"s": "x", "h": 1.5, "n": -1, "big": 18446744073709551615, "huge": 1e300,
                            "list": [1], "o": 3})",
                        "test"),
             "\"a/config.json\"");
    CHECK_THROWS_WITH(c.integer("absent"), Contains("absent") && Contains("a/config.json"));
    CHECK_THROWS_WITH(c.integer("s"), Contains("\"s\"") && Contains("whole number"));
    CHECK_THROWS_WITH(c.integer("h"), Contains("1.5"));
    CHECK_THROWS_WITH(c.integer("big"), Contains("2^63"));
    CHECK_THROWS_WITH(c.integer("huge"), Contains("whole number"));
    CHECK_THROWS_WITH(c.size("n"), Contains("at least 1"));
    CHECK_THROWS_WITH(c.size("big"), Contains("big"));
    CHECK_THROWS_WITH(c.boolean("s", true), Contains("true or false"));
    CHECK_THROWS_WITH(c.string("n"), Contains("string"));
    CHECK_THROWS_WITH(c.strings("list"), Contains("array of strings"));
    CHECK_THROWS_WITH(c.object("o"), Contains("not a JSON object"));
    CHECK_THROWS_WITH(Config(Json::array(), "x"), Contains("not a JSON object"));
}

TEST_CASE("optional files") {
    std::string folder = test::scratch().string();
    CHECK_FALSE(read_optional(folder, "generation_config.json"));
    write_file(folder + "/generation_config.json", R"({"temperature": 0.6})");
    CHECK(read_optional(folder, "generation_config.json")->number("temperature") == 0.6);
    write_file(folder + "/generation_config.json", "not json");
    CHECK_THROWS_WITH(read_optional(folder, "generation_config.json"),
                      Contains("generation_config.json"));
}
