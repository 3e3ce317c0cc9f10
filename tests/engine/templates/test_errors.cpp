// SPDX-License-Identifier: Apache-2.0
// Errors name line, column and what was wanted; a hostile template ends in one.
#include <catch2/catch.hpp>

#include "core/interrupt.h"
#include "core/random.h"
#include "support.h"

using namespace templates_test;
using Catch::Contains;

TEST_CASE("errors say where and what was wanted") {
    CHECK_THAT(error_of("a\nb {{ x.y }}"),
               Contains("line 2, column 8") && Contains("'x' is undefined"));
    CHECK_THAT(error_of("{% if x %}\n  a"), Contains("line 2") && Contains("{% endif %}"));
    CHECK_THAT(error_of("{{ 'a'|uper }}"),
               Contains("column 8") && Contains("did you mean 'upper'?"));
    CHECK_THAT(error_of("é{{ 1 +* }}"), Contains("column 8") && Contains("wanted an expression"));
    CHECK_THAT(error_of("{% fro i in x %}"), Contains("did you mean 'for'?"));
    CHECK_THAT(error_of("{{ 'a' + 1 }}"), Contains("column 8") && Contains("\"int\""));
    CHECK_THAT(error_of("{{ raise_exception('no ' ~ 1) }}"), Contains("the template says: no 1"));
    CHECK_THAT(error_of("{{ 'abc'|truncate(nope=1) }}"), Contains("'nope'"));
    CHECK_THAT(error_of("{{ [].append(1) }}"), Contains("sandbox"));
    CHECK_THAT(error_of("{{ {'a': [1,"), Contains("wanted '}}'"));
    try {
        render("\n\n   {{ none + 1 }}");
        FAIL("rendered");
    } catch (const jinja::TemplateError& error) {
        CHECK(error.line() == 3);
        CHECK(error.column() == 12);
    }
}

TEST_CASE("an error leaves the template usable") {
    auto body = jinja::Template::parse("{% for i in l %}{{ i.x.y }}{% endfor %}");
    CHECK_THROWS_AS(body->render(variables({{"l", {1, 2}}})), jinja::TemplateError);
    Json good = {{"l", {{{"x", {{"y", "ok"}}}}}}};
    CHECK(body->render(variables(good)) == "ok");
}

TEST_CASE("a hostile template ends in an error") {
    std::string deep_parens(5000, '('), deep_lists(5000, '['), many_nots;
    for (int i = 0; i < 5000; ++i) many_nots += "not ";
    std::string blocks, plus = "1", filters = "1", dots = "x", elifs = "{% if 0 %}";
    for (int i = 0; i < 5000; ++i) {
        blocks += "{% if 1 %}";
        plus += "+1";
        filters += "|abs";
        dots += ".a";
    }
    for (int i = 0; i < 500; ++i) elifs += "{% elif 0 %}{% set x = 1 %}";
    for (
        const std::string& source :
        {"{{ " + deep_parens,
         "{{ " + deep_lists,
         "{{ " + many_nots + "1 }}",
         blocks,
         "{{ " + plus + " }}",
         "{{ " + filters + " }}",
         "{{ " + dots + " }}",
         "{{ " + deep_parens + "1" + std::string(5000, ')') + " }}",
         std::string("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"),
         std::string("{% macro f(n) %}{{ [[[[f(n)]]]]|map('list')|list }}{% endmacro %}{{ f(1) }}"),
         std::string(
             "{% set ns = namespace(x=[]) %}{% for i in range(1000) %}{% set ns.x = [ns.x] %}"
             "{% endfor %}{{ ns.x }}"),
         std::string(
             "{% set ns = namespace(x='a') %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}"
             "{% endfor %}"),
         std::string(
             "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}"
             "{% endfor %}{{ ns.x }}"),
         std::string(
             "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}"
             "{% endfor %}{{ ns.x|tojson }}"),
         std::string(
             "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}"
             "{% endfor %}"),
         std::string("{% set ns = namespace(x=[1]|map('abs')) %}{% for i in range(1000) %}"
                     "{% set ns.x = ns.x|map('abs') %}{% endfor %}{{ ns.x|list }}"),
         std::string(
             "{% set ns = namespace(x=1) %}{% for i in range(1000) %}{% set ns.x = [ns.x].count %}"
             "{% endfor %}{{ ns.x }}"),
         std::string("{{ 'a' * 10000000000 }}"),
         std::string("{{ '%1000000000d' % 1 }}"),
         std::string("{{ '%.*f' % (1000000000, 1.5) ~ '{:1000000000}'.format(1) }}"),
         std::string("{{ 'a'.center(10000000000) }}"),
         std::string("{{ 'a\\nb'|indent(10000000000) }}"),
         std::string("{{ range(10000000) }}"),
         std::string("{{ [1] * 10000000000 }}"),
         std::string("{{ ('a' * 1000000).replace('', 'b' * 1000000) }}"),
         std::string("{{ [1,2,3]|batch(10000000000, 0)|list }}"),
         std::string(
             "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}"),
         std::string("{% for i in range(100000) %}{{ 'x' * 1000 }}{% endfor %}"),
         std::string("{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}"),
         std::string("{% block b %}{{ self.b() }}{% endblock %}")}) {
        INFO(source.substr(0, 200));
        CHECK_THROWS_AS(render(source), Error);
    }
    CHECK(render(elifs + "{% endif %}").empty());
    // Values that hold themselves are freed and can be printed.
    CHECK_FALSE(
        render("{% set n = namespace() %}{% set n.self = n %}{% set n.l = [n] %}{{ n }}").empty());
    CHECK(render("{% set n = namespace() %}{% macro m() %}{{ n.m is defined }}{% endmacro %}"
                 "{% set n.m = m %}{{ n.m() }}") == "True");
}

TEST_CASE("Ctrl-C ends a rendering") {
    interrupt::flag().store(int(interrupt::State::requested));
    CHECK_THROWS_AS(render("{% for i in range(100000) %}{{ i }}{% endfor %}"), Interrupted);
    interrupt::reset();
    CHECK(render("{{ 1 }}") == "1");
}

TEST_CASE("a macro kept beyond its rendering is an error, not a crash") {
    jinja::Value kept;
    auto keep = [&](const jinja::Arguments& args, const jinja::NamedArguments&) -> jinja::Value {
        kept = args.at(0);
        return "";
    };
    auto vars = jinja::Value::dict({{"keep", jinja::Value::function("keep", keep)}});
    render_jinja("{% macro m() %}x{% endmacro %}{{ keep(m) }}", vars);
    CHECK_THROWS_AS(kept.call({}), Error);
    render_jinja("{% for i in [1] recursive %}{{ keep(loop) }}{% endfor %}", vars);
    CHECK_THROWS_AS(kept.call({jinja::Value::list({1})}), Error);
}

// Mutations of the golden snippets: whatever comes, only an Error.
TEST_CASE("mutated templates end in text or an error", "[fuzz]") {
    Json golden = read_json((root() / "tests/golden/templates/semantics.json").string());
    std::vector<std::string> seeds;
    for (const Json& c : golden["cases"]) seeds.push_back(c["template"].get<std::string>());
    seeds.push_back(read_file((root() / "examples/models/demo/chat_template.jinja").string()));
    const char* env = std::getenv("MOONLET_FUZZ_ROUNDS");
    int rounds = env ? std::atoi(env) : 3000;
    Random random(20261121);
    static const char* kPieces[] = {
        "{{",  "}}",    "{%",   "%}", "{%-", "-%}",       "(",           ")",    "[",      "]",
        "|",   ".",     "~",    "'",  "for", "in",        "if",          "else", "endfor", "endif",
        "set", "macro", "loop", "x",  "1",   "-1",        "99999999999", " ",    "\n",     "**",
        "//",  "%",     ":",    ",",  "=",   "recursive", "call",        "is",   "not"};
    for (int i = 0; i < rounds; ++i) {
        std::string s = seeds[random.below(seeds.size())];
        for (uint64_t n = 1 + random.below(4); n > 0; --n) {
            size_t at = random.below(s.size() + 1);
            switch (random.below(5)) {
                case 0: s.insert(at, kPieces[random.below(std::size(kPieces))]); break;
                case 1: s.erase(at, 1 + random.below(8)); break;
                case 2:
                    if (at < s.size()) s[at] = char(random.below(256));
                    break;
                case 3: s.insert(at, s.substr(random.below(s.size() + 1), random.below(30))); break;
                default: {
                    const std::string& other = seeds[random.below(seeds.size())];
                    s.insert(at, other.substr(random.below(other.size() + 1), random.below(40)));
                }
            }
        }
        INFO(s);
        try {
            render(s, {{"x", {{"a", {1, 2, 3}}}},
                       {"messages", {{{"role", "user"}, {"content", "é"}}}}});
        } catch (const Error&) {
        }
    }
    SUCCEED();
}
