// SPDX-License-Identifier: Apache-2.0
// Values at the border: from and to JSON, functions as variables, key order, kinds kept apart.
#include <catch2/catch.hpp>

#include "support.h"

using namespace templates_test;
using jinja::Value;

TEST_CASE("JSON keeps its key order and its kinds") {
    Json json =
        Json::parse(R"({"z": 1, "a": [], "m": {}, "n": null, "f": 1.0, "b": true, "s": "é"})");
    Value v = Value::from_json(json);
    CHECK(v.to_json().dump() == json.dump());
    CHECK(v.str() == "{'z': 1, 'a': [], 'm': {}, 'n': None, 'f': 1.0, 'b': True, 's': 'é'}");
    CHECK(render("{{ v is mapping }}{{ v.a is sequence }}{{ v.n is none }}{{ v.q is none }}{{ v.q "
                 "is defined }}",
                 {{"v", json}}) == "TrueTrueTrueFalseFalse");
    CHECK_THROWS_AS(Value::function("f", nullptr).to_json(), Error);
    CHECK_THROWS_AS(Value().to_json(), Error);
}

TEST_CASE("large dicts find their keys and replace equal ones in place") {
    std::vector<std::pair<Value, Value>> items;
    for (int i = 0; i < 200; ++i) items.emplace_back("k" + std::to_string(i % 100), i);
    for (int i = 0; i < 50; ++i) items.emplace_back(i, i);
    items.emplace_back(1.0, "one");
    Value v = Value::dict(items);
    REQUIRE(v.length() == 150);
    CHECK(v.as_dict().items[3].first.str() == "k3");
    CHECK(v.as_dict().find_name("k3")->as_integer() == 103);
    CHECK(v.as_dict().find(Value(1))->as_string() == "one");
    CHECK(v.as_dict().find(Value(true))->as_string() == "one");
    CHECK(v.as_dict().find_name("k100") == nullptr);
    CHECK_THROWS_AS(v.as_dict().find(Value::list({})), Error);
}

TEST_CASE("functions get positional and named arguments and their errors get a place") {
    auto call = [](const jinja::Arguments& args, const jinja::NamedArguments& named) -> Value {
        if (args.empty()) throw Error("nothing given", "an argument");
        std::string out = args[0].str();
        for (auto& [name, value] : named) out += "," + name + "=" + value.repr();
        return out;
    };
    Value vars = Value::dict({{"f", Value::function("f", call)}});
    CHECK(render_jinja("{{ f(1, k='v', n=none) }}|{{ f is callable }}", vars) ==
          "1,k='v',n=None|True");
    CHECK_THROWS_WITH(render_jinja("\n {{ f() }}", vars),
                      Catch::Contains("line 2, column 5") && Catch::Contains("nothing given"));
}

TEST_CASE("variables hide the globals of the same name") {
    CHECK(render("{{ range }}{{ namespace }}", {{"range", 1}, {"namespace", 2}}) == "12");
}

TEST_CASE("a template is parsed once and rendered often") {
    auto body = jinja::Template::parse(
        "{% set n = namespace(i=0) %}{% for x in l %}{% set n.i = n.i + x %}{% endfor %}{{ n.i }}");
    for (int i = 0; i < 3; ++i)
        CHECK(body->render(variables({{"l", {1, 2, i}}})) == std::to_string(3 + i));
}

TEST_CASE("bytes that are no UTF-8 never end a rendering") {
    Value vars = Value::dict({{"s", "a\xff\xfe\xc3"}});
    CHECK(render_jinja("{{ s|length }}", vars) == "4");
    CHECK(render_jinja("{{ s|upper|tojson }}", vars) ==
          "\"A\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    CHECK_NOTHROW(render_jinja("\xff{{ '\xfe' ~ s[1] }}{# \xc3 #}", vars));
}
