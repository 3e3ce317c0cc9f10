// SPDX-License-Identifier: Apache-2.0
// JSON from outside: order kept, every fault an Error with the file's name, no depth a crash.
#include "core/json.h"

#include <catch2/catch.hpp>

#include "core/error.h"

using namespace moonlet;

TEST_CASE("json: key order survives, invalid UTF-8 is replaced when written") {
    CHECK(dump_json(parse_json(R"({"b":1,"a":2})", "x"), -1) == R"({"b":1,"a":2})");
    CHECK(dump_json(Json("a\xFF"), -1) == "\"a\xEF\xBF\xBD\"");
}

TEST_CASE("json: faults are Errors that name the source") {
    for (const char* text : {"", "{", "[1,", "{\"a\":}", "nul", "\x01", "\xFF\xFE", "[1 2]"})
        CHECK_THROWS_WITH(parse_json(text, "config.json"),
                          Catch::StartsWith("config.json is not JSON"));
    CHECK_THROWS_AS(parse_json(std::string(100000, '['), "deep.json"), Error);
    CHECK_THROWS_AS(read_json("/no/such/file.json"), Error);
}
