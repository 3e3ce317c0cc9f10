// SPDX-License-Identifier: Apache-2.0
// JSON Schema: the public test suite (what of it lies in the shared data), the keywords it leaves
// out there, the words of the problems, and schemas that are none.
#include "templates/json_schema.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "test.h"

using namespace moonlet;

namespace {

std::string problems(const std::string& schema, const std::string& value, bool closed = false) {
    JsonSchema::Options options;
    options.closed = closed;
    std::string all;
    for (auto& text : JsonSchema(Json::parse(schema)).check(Json::parse(value), options))
        all += (all.empty() ? "" : "\n") + text;
    return all;
}

bool fits(const std::string& schema, const std::string& value) {
    return problems(schema, value).empty();
}

}  // namespace

TEST_CASE("json schema: the public test suite") {
    const char* names[] = {"type", "enum", "required", "properties", "items", "minimum"};
    int cases = 0;
    for (const char* name : names) {
        auto path = test::data("json-schema/draft2020-12") / (std::string(name) + ".json");
        if (!std::filesystem::exists(path)) return test::skip("no JSON Schema test suite");
        for (const Json& group : read_json(path.string())) {
            JsonSchema schema(group["schema"]);
            for (const Json& one : group["tests"]) {
                INFO(group["description"] << ": " << one["description"]);
                CHECK(schema.check(one["data"]).empty() == one["valid"].get<bool>());
                ++cases;
            }
        }
    }
    CHECK(cases > 0);
}

TEST_CASE("json schema: what is wrong, in words") {
    const char* weather = R"({"type": "object", "properties": {
        "city": {"type": "string", "description": "city name"},
        "days": {"type": "integer", "minimum": 1, "maximum": 7},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        "at": {"type": "array", "items": {"type": "object", "required": ["lat"]}}},
        "required": ["city"]})";
    CHECK(problems(weather, "{}") == "city is missing (string, city name)");
    CHECK(problems(weather, R"({"city": 3})") == "city is 3 (an integer); wanted string");
    CHECK(problems(weather, R"({"city": "x", "days": 0})") == "days is 0; wanted at least 1");
    CHECK(problems(weather, R"({"city": "x", "days": 1.5})") ==
          "days is 1.5 (a number); wanted integer");
    CHECK(problems(weather, R"({"city": "x", "unit": "kelvin"})") ==
          R"(unit is "kelvin"; wanted "celsius" or "fahrenheit")");
    CHECK(problems(weather, R"({"city": "x", "at": [{"lat": 1}, {}]})") == "at[1].lat is missing");
    CHECK(problems(weather, R"({"city": "x", "dayz": 2})", true) ==
          "dayz is not known; did you mean days?");
    CHECK(problems(weather, R"({"city": "x", "dayz": 2})").empty());
    CHECK(problems(weather, "[]") == "the value is [] (an array); wanted object");
}

TEST_CASE("json schema: keywords beyond the suite's files") {
    CHECK(fits(R"({"minLength": 2, "maxLength": 3})", R"("한국어")"));
    CHECK_FALSE(fits(R"({"maxLength": 2})", R"("한국어")"));
    CHECK(fits(R"({"pattern": "^[a-z]+$"})", R"("abc")"));
    CHECK_FALSE(fits(R"({"pattern": "^[a-z]+$"})", R"("abc\nABC")"));
    CHECK(fits(R"({"pattern": "b"})", R"("abc")"));
    CHECK_FALSE(fits(R"({"exclusiveMinimum": 3})", "3"));
    CHECK(fits(R"({"maximum": 9223372036854775807})", "9223372036854775807"));
    CHECK_FALSE(fits(R"({"maximum": 9223372036854775806})", "9223372036854775807"));
    CHECK(fits(R"({"multipleOf": 0.01})", "4.35"));
    CHECK_FALSE(fits(R"({"multipleOf": 2})", "7"));
    CHECK_FALSE(fits(R"({"uniqueItems": true})", R"([{"a": 1, "b": 2}, {"b": 2.0, "a": 1}])"));
    CHECK(fits(R"({"contains": {"type": "string"}, "maxContains": 1})", R"([1, "x"])"));
    CHECK_FALSE(fits(R"({"contains": {"type": "string"}})", "[1]"));
    CHECK(fits(R"({"anyOf": [{"type": "string"}, {"type": "null"}]})", "null"));
    CHECK_FALSE(fits(R"({"anyOf": [{"type": "string"}, {"type": "null"}]})", "1"));
    CHECK_FALSE(fits(R"({"oneOf": [{"minimum": 1}, {"minimum": 2}]})", "3"));
    CHECK_FALSE(fits(R"({"not": {"type": "string"}})", R"("x")"));
    CHECK(fits(R"({"if": {"minimum": 5}, "then": {"multipleOf": 5}})", "3"));
    CHECK_FALSE(fits(R"({"if": {"minimum": 5}, "then": {"multipleOf": 5}})", "7"));
    CHECK_FALSE(fits(R"({"dependentRequired": {"a": ["b"]}})", R"({"a": 1})"));
    CHECK_FALSE(fits(R"({"propertyNames": {"maxLength": 1}})", R"({"ab": 1})"));
    CHECK_FALSE(fits(R"({"$defs": {"a/b": {"type": "string"}}, "$ref": "#/$defs/a~1b"})", "1"));
    const char* tree = R"({"type": "object", "properties": {"next": {"$ref": "#"}}})";
    CHECK(fits(tree, R"({"next": {"next": {}}})"));
    CHECK_FALSE(fits(tree, R"({"next": {"next": 1}})"));
    CHECK_FALSE(fits(R"({"$ref": "#"})", "1"));  // runs in a circle: an answer, no crash
    CHECK(fits(R"({"format": "date", "title": 3})", R"("no date")"));
}

TEST_CASE("json schema: {} of a Lua table may be an empty array") {
    JsonSchema schema(Json::parse(R"({"type": "array"})"));
    JsonSchema::Options options;
    options.empty_is_either = true;
    CHECK(schema.check(Json::object(), options).empty());
    CHECK_FALSE(schema.check(Json::object()).empty());
    CHECK_FALSE(schema.check(Json::parse(R"({"a": 1})"), options).empty());
}

TEST_CASE("json schema: a hostile value or pattern ends") {
    CHECK_FALSE(fits(R"({"pattern": "^(a+)+$"})", "\"" + std::string(40, 'a') + "b\""));
    JsonSchema many(Json::parse(R"({"items": {"type": "string"}})"));
    CHECK(many.check(Json(std::vector<int>(100000, 1))).size() == 8);
}

TEST_CASE("json schema: what is no schema is refused") {
    for (const char* text :
         {R"(1)", R"({"type": "str"})", R"({"properties": []})", R"({"required": "a"})",
          R"({"items": 3})", R"({"minimum": "1"})", R"({"minLength": -1})", R"({"pattern": "("})",
          R"({"$ref": "#/$defs/none"})", R"({"$ref": "https://example.com/x"})",
          R"({"unevaluatedProperties": false})", R"({"enum": "x"})", R"({"multipleOf": 0})"}) {
        INFO(text);
        CHECK_THROWS_AS(JsonSchema(Json::parse(text)), Error);
    }
    CHECK_THROWS_WITH(JsonSchema(Json::parse(R"({"properties": {"a": {"type": "strng"}}})")),
                      Catch::Contains("/properties/a") && Catch::Contains("did you mean"));
}
