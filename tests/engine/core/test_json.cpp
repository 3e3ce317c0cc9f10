// SPDX-License-Identifier: Apache-2.0
// JSON from outside: order kept, every fault an Error with the file's name, no depth a crash.
#include "core/json.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/json_quick.h"
#include "core/random.h"

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

TEST_CASE("json: the quick reader gives what the library gives, or nothing") {
    const char* const kTexts[] = {
        "{}",
        "[]",
        " [1, -2 ,3.5,\t-0, 0.1, 123456789012345678, 12345678901234567890, 1e5, -0.0]\n",
        "{\"a\":{\"b\":[true,false,null]},\"a\":2,\"c\":\"x\",\"a\":[]}",
        "\"\\u00e9\\ud83d\\ude42\\n\\/\"",
        "[\"달\",\"é\",\"🙂\",\"\\u0000\"]",
        "[01]",
        "[1.]",
        "[.5]",
        "[1,]",
        "{\"a\"}",
        "tru",
        "\"\\ud83d\"",
        "[\"\xff\"]",
        "[\"\xed\xa0\x80\"]",
        "[\"\xc0\xaf\"]",
        "[\"\x01\"]",
        "",
        "1 2",
        "{\"a\":1,}",
        "[\"\\x\"]",
        "\"\\u12\"",
        "-",
        "[-]",
        "nul",
        "\"\xf4\x90\x80\x80\"",
        "\"\xf4\x8f\xbf\xbf\""};
    Random random(5);
    int read = 0;
    auto compare = [&](const std::string& text) {
        INFO("text " << Json(text).dump(-1, ' ', true, Json::error_handler_t::replace));
        Json quick;
        if (!quick_json(text, quick)) return;
        ++read;
        REQUIRE(Json::accept(text));
        Json whole = Json::parse(text);
        CHECK(quick == whole);
        CHECK(quick.dump() == whole.dump());  // the order of keys, too
        CHECK(quick.type() == whole.type());
    };
    for (std::string text : kTexts) {
        compare(text);
        for (int i = 0; i < 200 && !text.empty(); ++i) {
            std::string bent = text;
            for (uint64_t n = 1 + random.below(2); n > 0; --n)
                bent[random.below(bent.size())] = static_cast<char>(
                    random.below(3) ? "{}[]\",:0123456789-.eEtrufalsn\\ "[random.below(30)]
                                    : random.below(256));
            compare(bent);
        }
    }
    CHECK(read > 200);
    std::string many = "{";
    for (int i = 0; i < 3000; ++i) many += "\"k" + std::to_string(i % 2999) + "\":[1,\"x\"],";
    compare(many + "\"last\":{}}");
    std::string deep(500, '[');
    compare(deep + std::string(500, ']'));
    CHECK_THROWS_AS(parse_json(std::string(501, '[') + std::string(501, ']'), "deep"), Error);
}
