// SPDX-License-Identifier: Apache-2.0
// Each reader's rows, columns and errors.
#include <catch2/catch.hpp>

#include <algorithm>

#include "core/error.h"
#include "core/files.h"
#include "datasets/glob.h"
#include "datasets/reader.h"
#include "support.h"

using namespace moonlet;
using test::columns;
using test::rows;
using test::write;

TEST_CASE("jsonl: keys keep their order, blank lines and a byte order mark are nothing") {
    auto data = load_dataset(
        {write("a.jsonl", "\xEF\xBB\xBF{\"b\":1,\"a\":\"x\"}\r\n\n  \n\"text\"\n{\"a\":null}")});
    CHECK(data->size() == 3);
    CHECK(rows(data) == R"([{"b":1,"a":"x"},{"text":"text"},{"a":null}])");
    CHECK(columns(data) == "b:integer a:string text:string");
    CHECK(data->where(1) == data->name + ":4");
}

TEST_CASE("jsonl: a broken row is an error with file and line, or counted") {
    std::string path = write("broken.jsonl", "{\"a\":1}\n\n{\"a\":2\n{\"a\":3}\n[4]\n{\"a\":5}\n");
    CHECK_THROWS_WITH(load_dataset({path}),
                      Catch::Contains("broken.jsonl:3: ") && Catch::Contains("is not JSON"));
    auto data = load_dataset({path}, {{"on_error", "skip"}});
    CHECK(rows(data) == R"([{"a":1},{"a":3},{"a":5}])");
    CHECK(data->skipped() == 2);
    CHECK(data->where(2) == path + ":6");
    CHECK(data->row(1).dump() == R"({"a":3})");  // backwards, too
    CHECK_THROWS_WITH(data->row(3), Catch::Contains("row 4 of 3"));
}

TEST_CASE("jsonl: invalid UTF-8 becomes U+FFFD") {
    auto data = load_dataset({write("utf8.jsonl", "{\"a\":\"x\xFFy\xED\x95\"}\n")});
    CHECK(data->row(0)["a"] == "x\xEF\xBF\xBDy\xEF\xBF\xBD");
}

TEST_CASE("json: a list, an object with one list, JSON lines under the wrong name") {
    CHECK(rows(load_dataset(
              {write("l.json", " [ {\"a\":\"],{\\\"\"} ,\n {\"a\":[1,{}]}, \"t\"]\n")})) ==
          R"([{"a":"],{\""},{"a":[1,{}]},{"text":"t"}])");
    std::string held = write(
        "o.json", "{\"version\":\"1.1\",\n\"data\":[\n{\"a\":1},\n{\"a\":2}\n],\"n\":{\"x\":[1]}}");
    auto data = load_dataset({held});
    CHECK(rows(data) == R"([{"a":1},{"a":2}])");
    CHECK(data->where(1) == held + ":4");
    std::string two = write("two.json", R"({"train":[{"a":1}],"test":[{"a":2}]})");
    CHECK_THROWS_WITH(load_dataset({two}),
                      Catch::Contains("2 lists") && Catch::Contains("train, test"));
    CHECK(rows(load_dataset({two}, {{"field", "test"}})) == R"([{"a":2}])");
    CHECK_THROWS_WITH(load_dataset({two}, {{"field", "dev"}}), Catch::Contains("\"dev\""));
    CHECK(rows(load_dataset({write("lines.json", "{\"m\":[1]}\n{\"m\":[2]}\n")})) ==
          R"([{"m":[1]},{"m":[2]}])");
    CHECK(load_dataset({write("empty.json", "[]")})->size() == 0);
    for (const char* bad : {"", "  ", "[1", "{\"a\":[1]", "nonsense", "[", "]"})
        CHECK_THROWS_AS(load_dataset({write("bad.json", bad)}), Error);
    CHECK_THROWS_WITH(load_dataset({write("bad.json", "[{\"a\":1},\n{\"a\":}]")}),
                      Catch::Contains("bad.json:2") && Catch::Contains("not JSON"));
}

TEST_CASE("csv: options, and what is not a table") {
    std::string path = write("c.csv", "text,label\nhello,007\n\"\",NA\n,1\n");
    auto data = load_dataset({path});
    CHECK(rows(data) ==
          R"([{"text":"hello","label":"007"},{"text":"","label":"NA"},{"text":null,"label":"1"}])");
    CHECK(columns(load_dataset({path}, {{"columns", {"label"}}})) == "label:string");
    CHECK_THROWS_WITH(load_dataset({path}, {{"columns", {"lable"}}}), Catch::Contains("\"label\""));
    CHECK(rows(load_dataset({path}, {{"null", "NA"}})) ==
          R"([{"text":"hello","label":"007"},{"text":"","label":null},{"text":null,"label":"1"}])");
    CHECK(columns(load_dataset({path}, {{"header", false}})) == "column1:string column2:string");
    CHECK(columns(load_dataset({path}, {{"header", false}, {"columns", {"x", "y"}}})) ==
          "x:string y:string");
    CHECK_THROWS_WITH(load_dataset({path}, {{"columns", {{"label", "integer"}}}}),
                      Catch::Contains("c.csv:2: column \"label\" holds \"007\""));
    CHECK(columns(load_dataset({write("semi.csv", "a;b\n1;2,5\n")})) == "a:integer b:string");
    CHECK(columns(load_dataset({write("twice.csv", "a,a,\n1,2,3\n")})) ==
          "a:integer a_2:integer column3:integer");
    std::string ragged = write("ragged.csv", "a,b\n1,\"x\ny\"\n1,2,3\n4,5\n");
    CHECK_THROWS_WITH(load_dataset({ragged}),
                      Catch::Contains("ragged.csv:4: 3 cells; wanted 2 (a, b)"));
    auto kept = load_dataset({ragged}, {{"on_error", "skip"}});
    CHECK(rows(kept) == R"([{"a":1,"b":"x\ny"},{"a":4,"b":"5"}])");
    CHECK(kept->skipped() == 1);
    CHECK_THROWS_WITH(load_dataset({write("open.csv", "a,b\n1,\"x\n2,y\n")}),
                      Catch::Contains("open.csv:2: a quote that is not closed"));
    CHECK(load_dataset({write("none.csv", "")})->size() == 0);
    CHECK(load_dataset({write("head.csv", "a,b\n")})->size() == 0);
}

TEST_CASE("tsv: quotes are plain characters unless all cells that begin with one end with one") {
    CHECK(rows(load_dataset({write("q.tsv", "a\tb\n\"open\t1\n\"x\" y\t2\n")})) ==
          R"([{"a":"\"open","b":1},{"a":"\"x\" y","b":2}])");
    CHECK(rows(load_dataset({write("r.tsv", "a\tb\n\"say \"\"hi\"\"\"\t1\n")})) ==
          R"([{"a":"say \"hi\"","b":1}])");
}

TEST_CASE("text: by line, paragraph and file") {
    std::string path = write("t.txt", "\xEF\xBB\xBFone\r\ntwo\n\n \nthree\n");
    auto texts = [&](const Json& options) {
        std::string all;
        auto data = load_dataset({path}, options);
        for (size_t i = 0; data->has(i); ++i) {
            CHECK(data->row(i)["source"] == path);
            all += "<" + data->row(i)["text"].get<std::string>() + ">";
        }
        return all;
    };
    CHECK(texts({}) == "<one><two><three>");
    CHECK(texts({{"by", "paragraph"}}) == "<one\r\ntwo><three>");
    CHECK(texts({{"by", "file"}}) == "<one\r\ntwo\n\n \nthree\n>");
    path = write("t.md", "# Title\n\nText.\n");
    CHECK(texts({}) == "<# Title\n\nText.\n>");
    CHECK_THROWS_WITH(load_dataset({path}, {{"by", "word"}}), Catch::Contains("\"line\""));
}

TEST_CASE("load: patterns, lists, other extensions") {
    std::string folder = (test::scratch() / "glob").string();
    for (const char* name :
         {"glob/b.jsonl", "glob/a.jsonl", "glob/deep/er/c.jsonl", "glob/.h.jsonl"})
        write(name, std::string("{\"n\":\"") + name + "\"}\n");
    write("glob/d.csv", "n\nx\n");
    auto names = [&](const std::vector<std::string>& patterns) {
        std::string all;
        auto data = load_dataset(patterns);
        for (size_t i = 0; data->has(i); ++i) all += data->row(i)["n"].get<std::string>() + " ";
        return all;
    };
    CHECK(names({folder + "/*.jsonl"}) == "glob/a.jsonl glob/b.jsonl ");
    CHECK(names({folder + "/**/*.jsonl"}) == "glob/a.jsonl glob/b.jsonl glob/deep/er/c.jsonl ");
    CHECK(names({folder + "/[b-z]*", folder + "/a.jsonl"}) == "glob/b.jsonl x glob/a.jsonl ");
    CHECK(glob_files(folder + "/**").size() == 4);
    CHECK_THROWS_WITH(names({folder + "/*.txt"}), Catch::Contains("no file matches"));
    CHECK_THROWS_WITH(names({folder + "/x.jsonl"}), Catch::Contains("no file "));
    CHECK_THROWS_WITH(names({folder}), Catch::Contains("is a folder"));
    CHECK_THROWS_WITH(names({write("x.parquet", "PAR1")}), Catch::Contains(".jsonl"));
    CHECK_THROWS_WITH(load_dataset({write("u.csv",
                                          "\xFF\xFE"
                                          "a")}),
                      Catch::Contains("UTF-16"));
    CHECK_THROWS_WITH(load_dataset({folder + "/a.jsonl"}, {{"on_eror", "skip"}}),
                      Catch::Contains("on_error"));
}

TEST_CASE("load: every file with a registration line is a reader of that name, and no other is") {
    std::vector<std::string> files;
    for (auto& entry : std::filesystem::directory_iterator(test::root() / "engine/datasets"))
        if (entry.path().extension() == ".cpp" &&
            read_file(entry.path().string()).find("\nMOONLET_READER(") != std::string::npos)
            files.push_back(entry.path().stem().string());
    std::sort(files.begin(), files.end());
    CHECK(files == Readers::names());
    CHECK_THROWS_WITH(load_dataset({write("r.csv", "a\n1\n")}, {{"reader", "cvs"}}),
                      Catch::Contains("did you mean \"csv\""));
}

TEST_CASE("a file that changes is an error, not old bytes; hundreds of files stay readable") {
    std::string path = write("change.jsonl", "{\"a\":1}\n");
    auto data = load_dataset({path});
    auto again = load_dataset({path});
    std::filesystem::resize_file(path, 0);
    CHECK_THROWS_WITH(load_dataset({path})->row(0), Catch::Contains("row 1 of 0"));
    for (int i = 0; i < 600; ++i)
        write("many/" + std::to_string(1000 + i) + ".jsonl", "{\"i\":" + std::to_string(i) + "}\n");
    auto many = load_dataset({(test::scratch() / "many/*.jsonl").string()});
    REQUIRE(many->size() == 600);
    CHECK(many->row(599)["i"] == 599);
    CHECK(many->row(3)["i"] == 3);
}
