// SPDX-License-Identifier: Apache-2.0
// Passages: exact texts through save and load, filters, files of others.
#include <catch2/catch.hpp>
#include <filesystem>

#include "core/error.h"
#include "core/files.h"
#include "lexical/filter.h"
#include "lexical/passages.h"
#include "test.h"

using namespace moonlet;

namespace {

Passages some() {
    Passages passages;
    SplitOptions options = SplitOptions::from_json({{"by", "markdown"}, {"size", 0}});
    passages.add("# A\none\n# B\ntwo", {{"id", 1}, {"lang", "en"}}, &options);
    passages.add("broken \xff\xe3\x80 bytes\n# 제목\n글", {{"id", "x"}, {"lang", "ko"}}, &options);
    passages.add("", Json::object(), nullptr);
    passages.add("  ", Json::object(), &options);
    return passages;
}

bool fits(const Json& filter, const Json& row) { return compile_filter(filter)(row); }

}  // namespace

TEST_CASE("passages are what they were after save and load") {
    Passages before = some();
    CHECK(before.size() == 5);
    CHECK(before.documents() == 4);
    before.add("more", Json::object(), nullptr);
    before.keep(4);
    CHECK(before.size() == 5);
    before.save(test::scratch().string());
    Passages after = Passages::load(test::scratch().string());
    REQUIRE(after.size() == before.size());
    REQUIRE(after.documents() == before.documents());
    for (size_t i = 0; i < before.size(); ++i) {
        CHECK(after.text(i) == before.text(i));
        CHECK(after.passage(i).chunk.headers == before.passage(i).chunk.headers);
        CHECK(after.passage(i).chunk.begin == before.passage(i).chunk.begin);
        CHECK(after.document(after.passage(i).document).row ==
              before.document(before.passage(i).document).row);
    }
    CHECK(after.text(1) == "# B\ntwo");
}

TEST_CASE("files that do not fit each other are refused") {
    const std::string folder = test::scratch().string();
    some().save(folder);
    const std::string rows = read_file(folder + "/rows.jsonl"),
                      texts = read_file(folder + "/texts");
    auto broken = [&](const std::string& r, const std::string& t) {
        write_file(folder + "/rows.jsonl", r);
        write_file(folder + "/texts", t);
        CHECK_THROWS_AS(Passages::load(folder), Error);
    };
    broken(rows, texts + "x");
    broken(rows, texts.substr(1));
    broken("{}\n", texts);
    broken("[1]\n", texts);
    broken("{\"bytes\":5,\"passages\":[[3,2]],\"row\":{}}\n", "12345");
    broken("{\"bytes\":5,\"passages\":[[0,6]],\"row\":{}}\n", "12345");
    broken("{\"bytes\":5,\"passages\":[[-1,2]],\"row\":{}}\n", "12345");
    broken("{\"bytes\":18446744073709551615,\"passages\":[],\"row\":{}}\n", "12345");
    for (size_t cut = 0; cut + 1 < rows.size(); cut += 7) broken(rows.substr(0, cut), texts);
    CHECK_THROWS_AS(Passages::load(folder + "/none"), Error);
}

TEST_CASE("filters") {
    Json row = {{"lang", "ko"},    {"year", 2005}, {"tags", {"a", "b"}}, {"meta", {{"by", "kim"}}},
                {"none", nullptr}, {"a.b", 1}};
    CHECK(fits({{"lang", "ko"}}, row));
    CHECK_FALSE(fits({{"lang", "en"}}, row));
    CHECK(fits({{"lang", {"en", "ko"}}, {"year", 2005.0}}, row));
    CHECK_FALSE(fits({{"lang", {"en"}}}, row));
    CHECK(fits({{"tags", "b"}}, row));
    CHECK(fits({{"year", {{"ge", 2005}, {"lt", 2006}}}}, row));
    CHECK_FALSE(fits({{"year", {{"gt", 2005}}}}, row));
    CHECK_FALSE(fits({{"lang", {{"gt", 5}}}}, row));
    CHECK(fits({{"lang", {{"contains", "k"}}}, {"tags", {{"contains", "a"}}}}, row));
    CHECK(fits({{"x", {{"exists", false}}}, {"none", {{"exists", false}}}}, row));
    CHECK(fits({{"x", {{"ne", 1}}}, {"lang", {{"ne", "en"}}}}, row));
    CHECK_FALSE(fits({{"x", 1}}, row));
    CHECK(fits({{"meta.by", "kim"}, {"a.b", 1}}, row));
    CHECK(fits({{"any", {{{"lang", "en"}}, {{"year", 2005}}}}}, row));
    CHECK(fits({{"none", {{{"lang", "en"}}, {{"year", 1}}}}}, row));
    CHECK_FALSE(fits({{"all", {{{"lang", "ko"}}, {{"year", 1}}}}}, row));
    CHECK(fits({{"lang", {{"among", {"ko"}}}}}, row));
    CHECK_THROWS_WITH(fits({{"lang", {{"contain", "k"}}}}, row), Catch::Contains("contains"));
    CHECK_THROWS_AS(fits({{"lang", {{"exists", 1}}}}, row), Error);
    CHECK_THROWS_AS(fits({{"lang", {{"lt", true}}}}, row), Error);
    CHECK_THROWS_AS(fits("lang", row), Error);
}

TEST_CASE("a selection has the passages of the rows that fit") {
    Passages passages = some();
    Selection korean = passages.select(compile_filter({{"lang", "ko"}}));
    CHECK(korean.count() == 2);
    CHECK(korean.allows(2));
    CHECK(korean.allows(3));
    CHECK_FALSE(korean.allows(1));
    CHECK_FALSE(korean.allows(99));
}
