// SPDX-License-Identifier: Apache-2.0
// Each format people have is told by its columns and becomes the messages it means.
#include <catch2/catch.hpp>

#include <map>

#include "core/error.h"
#include "datasets/training_format.h"
#include "support.h"

using namespace moonlet;

namespace {

// "user: …|assistant: …"
std::string turns(const std::string& row, const std::string& format = "") {
    Json value = Json::parse(row);
    std::string all;
    for (const Json& m : row_messages(value, format.empty() ? detect_format(value) : format))
        all += (all.empty() ? "" : "|") + m["role"].get<std::string>() + ": " +
               m["content"].get<std::string>();
    return all;
}

}  // namespace

TEST_CASE("formats: told by their columns, and as messages") {
    struct Case {
        const char *format, *row, *turns;
    };
    const Case cases[] = {
        {"question_answer", R"({"question":"2+2?","answer":"4"})", "user: 2+2?|assistant: 4"},
        {"question_answer", R"({"Q":"안녕","A":"네","label":0})", "user: 안녕|assistant: 네"},
        {"parameters", R"({"parameters":"rain","generated_text":"It rains."})",
         "user: rain|assistant: It rains."},
        {"parameters", R"({"parameters":{"topic":"rain","words":5},"generated_text":"It rains."})",
         "user: topic: rain\nwords: 5|assistant: It rains."},
        {"messages",
         R"({"messages":[{"role":"user","content":"a"},
             {"role":"assistant","content":"b"}]})",
         "user: a|assistant: b"},
        {"alpaca", R"({"instruction":"Add.","input":"1 2","output":"3"})",
         "user: Add.\n\n1 2|assistant: 3"},
        {"alpaca", R"({"instruction":"Say hi.","input":"","output":"hi","system":"Be brief."})",
         "system: Be brief.|user: Say hi.|assistant: hi"},
        {"alpaca", R"({"instruction":"c","output":"d","history":[["a","b"]]})",
         "user: a|assistant: b|user: c|assistant: d"},
        {"sharegpt",
         R"({"system":"s","conversations":[{"from":"human","value":"a"},
             {"from":"gpt","value":"b"}]})",
         "system: s|user: a|assistant: b"},
        {"prompt_completion", R"({"prompt":"a","completion":"b"})", "user: a|assistant: b"},
        {"preferences", R"({"prompt":"a","chosen":"b","rejected":"c"})", "user: a|assistant: b"},
        {"preferences",
         R"({"conversations":[{"from":"human","value":"a"}],
             "chosen":{"from":"gpt","value":"b"},"rejected":{"from":"gpt","value":"c"}})",
         "user: a|assistant: b"},
        {"preferences",
         R"({"chosen":"\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: d","rejected":"x"})",
         "user: a|assistant: b|user: c|assistant: d"},
        {"preferences",
         R"({"chosen":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}],
             "rejected":[]})",
         "user: a|assistant: b"},
    };
    for (const Case& c : cases) {
        INFO(c.row);
        CHECK(detect_format(Json::parse(c.row)) == c.format);
        CHECK(turns(c.row) == c.turns);
    }
    CHECK(detect_format(Json::parse(R"({"text":"a"})")) == "text");
    CHECK(detect_format(Json::parse(R"({"id":1,"document":"a","label":1})")) == "text_label");
    CHECK(detect_format(Json::parse(R"({"x":1})")).empty());
}

TEST_CASE("formats: a function call of ShareGPT is a tool call") {
    Json messages = row_messages(Json::parse(R"({"conversations":[{"from":"human","value":"a"},
            {"from":"function_call","value":"{\"name\":\"f\",\"arguments\":{\"x\":1}}"},
            {"from":"observation","value":"7"},{"from":"gpt","value":"b"}]})"),
                                 "sharegpt");
    CHECK(messages[1]["tool_calls"].dump() == R"([{"name":"f","arguments":{"x":1}}])");
    CHECK(messages[2].dump() == R"({"role":"tool","content":"7"})");
}

TEST_CASE("formats: what has no messages, or lacks a column, is an error that says so") {
    CHECK_THROWS_WITH(turns(R"({"text":"a"})"), Catch::Contains("no conversation"));
    CHECK_THROWS_WITH(turns(R"({"x":"a"})"), Catch::Contains("the columns x"));
    CHECK_THROWS_WITH(turns(R"({"text":"a"})", "alpaca"),
                      Catch::Contains("instruction and output"));
    CHECK_THROWS_WITH(turns(R"({"text":"a"})", "alpca"),
                      Catch::Contains("did you mean \"alpaca\""));
    CHECK_THROWS_WITH(turns(R"({"conversations":[{"from":"martian","value":"a"}]})"),
                      Catch::Contains("martian"));
    CHECK_THROWS_WITH(turns(R"({"messages":[{"role":"user","content":"a"},{"content":"b"}]})"),
                      Catch::Contains("role"));
    std::string path = test::write("f.jsonl", "{\"text\":\"a\"}\n");
    CHECK_THROWS_WITH(load_dataset({path}, {{"format", "messages"}}), Catch::Contains("f.jsonl:1"));
    CHECK(load_dataset({path}, {{"format", "text"}})->format() == "text");
}

TEST_CASE("formats: the shared data is told right, and every row has messages") {
    const std::map<std::string, std::string> files = {
        {"gsm8k/test_100.jsonl", "question_answer"},
        {"instructions/identity.json", "alpaca"},
        {"instructions/glaive_toolcall_en_200.json", "sharegpt"},
        {"instructions/chatbot_ko_4000.csv", "question_answer"},
        {"preferences/hh_harmless_500.jsonl", "preferences"},
        {"preferences/dpo_en_200.json", "preferences"},
    };
    for (auto& [name, format] : files) {
        if (!std::filesystem::exists(test::data(name))) return test::skip("no " + name);
        auto data = load_dataset({test::data(name).string()});
        INFO(name);
        CHECK(data->format() == format);
        for (size_t i = 0; data->has(i); ++i) {
            Json messages = row_messages(data->row(i), format);
            CHECK(messages.size() >= 2);
            CHECK(messages.back()["role"] == "assistant");
        }
    }
}
