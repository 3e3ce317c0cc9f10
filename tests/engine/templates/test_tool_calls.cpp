// SPDX-License-Identifier: Apache-2.0
// Tool calls out of a model's text: both formats, broken ones, any chunking, and the calls of the
// public function-calling cases written by the models' own templates and read back.
#include "templates/tool_calls.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <random>

#include "core/error.h"
#include "core/files.h"
#include "support.h"
#include "templates/chat_template.h"
#include "templates/json_schema.h"
#include "templates/json_values.h"

using namespace templates_test;

namespace {

struct Read {
    std::string text, thinking;
    std::vector<ToolCall> calls;
};

// Everything that was read, as text for comparing.
std::string all(const Read& read) {
    std::string out = "text " + read.text + "\nthought " + read.thinking;
    for (auto& call : read.calls)
        out += "\ncall " + call.name + " " + dump_json(call.arguments, -1) + " raw " + call.raw +
               " error " + call.error;
    return out;
}

Read read(const std::string& format, const std::vector<std::string>& pieces,
          bool thinking = false) {
    auto parser = ToolCallParser::make(format, thinking);
    Read out;
    for (auto& piece : pieces) out.text += parser->push(piece);
    out.text += parser->finish();
    out.thinking = parser->thinking();
    out.calls = parser->calls();
    return out;
}

Read hermes(const std::string& text) { return read("hermes", {text}); }
Read llama(const std::string& text) { return read("llama3", {text}); }

// "name {arguments}" of each call, or "name error".
std::string calls(const Read& read) {
    std::string out;
    for (auto& call : read.calls)
        out += (out.empty() ? "" : " | ") + call.name + " " +
               (call.error.empty() ? dump_json(call.arguments, -1) : "error");
    return out;
}

std::vector<std::string> cut(const std::string& text, std::mt19937& random, size_t longest) {
    std::vector<std::string> pieces;
    for (size_t at = 0; at < text.size();) {
        size_t n = 1 + random() % longest;
        pieces.push_back(text.substr(at, n));
        at += n;
    }
    return pieces;
}

}  // namespace

TEST_CASE("tool calls: hermes") {
    Read one = hermes(
        "Let me look.\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": "
        "{\"city\": \"서울\"}}\n</tool_call>");
    CHECK(one.text == "Let me look.");
    CHECK(calls(one) == R"(get_weather {"city":"서울"})");
    CHECK(one.calls[0].raw == R"({"name": "get_weather", "arguments": {"city": "서울"}})");

    Read two = hermes(
        "<tool_call>{\"name\":\"a\",\"arguments\":{}}</tool_call>\n<tool_call>"
        "{\"name\":\"b\",\"parameters\":{\"x\":1}}</tool_call>\n\nDone.");
    CHECK(calls(two) == R"(a {} | b {"x":1})");
    CHECK(two.text == "Done.");

    CHECK(calls(hermes("<tool_call>{\"name\":\"a\"}</tool_call>")) == "a {}");
    CHECK(
        calls(hermes("<tool_call>{\"name\":\"a\",\"arguments\":\"{\\\"x\\\":2}\"}</tool_call>")) ==
        R"(a {"x":2})");
    CHECK(calls(hermes("<tool_call>{\"name\":\"a\",\"arguments\":null}</tool_call>")) == "a {}");
    // a mark inside a string, no closing mark, a call without one before another
    CHECK(calls(hermes(
              R"(<tool_call>{"name":"a","arguments":{"t":"x</tool_call>y"}}</tool_call>)")) ==
          R"(a {"t":"x</tool_call>y"})");
    CHECK(calls(hermes(R"(<tool_call>{"name":"a","arguments":{"t":"x</tool_call>y"}})")) ==
          R"(a {"t":"x</tool_call>y"})");
    CHECK(calls(hermes(R"(<tool_call>{"name":"a","arguments":{}})")) == "a {}");
    CHECK(calls(hermes("<tool_call>{\"name\":\"a\"}\n<tool_call>{\"name\":\"b\"}</tool_call>")) ==
          "a {} | b {}");
    // a line break inside a string
    CHECK(calls(hermes(
              "<tool_call>{\"name\":\"a\",\"arguments\":{\"code\":\"x\ny\"}}</tool_call>")) ==
          R"(a {"code":"x\ny"})");
}

TEST_CASE("tool calls: llama 3") {
    CHECK(calls(llama(R"({"name": "f", "parameters": {"x": 1}})")) == R"(f {"x":1})");
    CHECK(calls(llama("<|python_tag|>{\"name\": \"f\", \"parameters\": {}}")) == "f {}");
    Read two = llama(R"({"name": "f", "parameters": {}}; {"name": "g", "arguments": {"a": "}"}})");
    CHECK(calls(two) == R"(f {} | g {"a":"}"})");
    CHECK(two.text.empty());
    Read text = llama(R"({"sky": "clear", "celsius": 21})");
    CHECK(text.calls.empty());
    CHECK(text.text == R"({"sky": "clear", "celsius": 21})");
    CHECK(llama("Hello {\"name\": \"f\", \"parameters\": {}}").calls.empty());
    Read tagged = llama("I look. <|python_tag|>{\"name\": \"f\", \"parameters\": {}}\nSo.");
    CHECK(calls(tagged) == "f {}");
    CHECK(tagged.text == "I look. So.");
    Read code = llama("<|python_tag|>brave_search.call(query=\"x\")");
    CHECK(calls(code) == " error");
    CHECK(code.calls[0].raw == "brave_search.call(query=\"x\")");
}

TEST_CASE("tool calls: what cannot be read is a call with an error, the rest is kept") {
    Read broken = hermes(
        "<tool_call>{\"name\": \"f\", \"arguments\": {\"x\": }}</tool_call> and "
        "<tool_call>{\"name\":\"g\"}</tool_call>");
    CHECK(calls(broken) == " error | g {}");
    CHECK(broken.calls[0].raw == "{\"name\": \"f\", \"arguments\": {\"x\": }}");
    CHECK_THAT(broken.calls[0].error, Catch::Contains("not JSON"));
    // a quotation mark too few must not swallow the call behind it
    Read swallowed = hermes(
        "<tool_call>{\"name\": \"f, \"arguments\": {}}</tool_call>\n<tool_call>"
        "{\"name\":\"g\"}</tool_call>");
    CHECK(calls(swallowed) == " error | g {}");
    CHECK(calls(hermes("<tool_call>{\"name\": \"f\", \"argum")) == " error");
    CHECK(calls(hermes("<tool_call>")) == " error");
    CHECK(calls(hermes("<tool_call>[1]</tool_call>")) == " error");
    CHECK(calls(hermes("<tool_call>{\"arguments\": {}}</tool_call>")) == " error");
    CHECK(calls(hermes("<tool_call>{\"name\": \"f\", \"arguments\": [1]}</tool_call>")) ==
          "f error");
    CHECK(calls(hermes("<tool_call>" + std::string(100000, '[') + "</tool_call>")) == " error");
    CHECK(calls(llama("{\"name\": \"f\", \"parameters\": {\"x\"")) == " error");
    CHECK(calls(llama("{\"name\": \"f\", \"parameters\": {,}}")) == " error");
    CHECK(hermes("a < b, <tool> and </tool_call>").text == "a < b, <tool> and </tool_call>");
    CHECK(hermes("ends with <tool_ca").text == "ends with <tool_ca");
    CHECK(hermes("  kept as it is \n").text == "  kept as it is \n");
    CHECK_THROWS_AS(ToolCallParser::make("xml"), Error);
}

TEST_CASE("tool calls: a thought stands apart") {
    Read read_ = hermes("<think>\nShould I? <tool_call>no</tool_call>\n</think>\n\nYes.");
    CHECK(read_.thinking == "Should I? <tool_call>no</tool_call>");
    CHECK(read_.text == "Yes.");
    CHECK(read_.calls.empty());
    CHECK(read("hermes", {"Hm.\n</think>\nYes."}, true).thinking == "Hm.");
    CHECK(read("hermes", {"Hm.\n</think>\nYes."}, true).text == "Yes.");
    CHECK(hermes("<think>never ends").thinking == "never ends");
    CHECK(hermes("No <think>x</think>").text == "No <think>x</think>");
    CHECK(hermes("<think>\n\n</think>\n\n<tool_call>{\"name\":\"f\"}</tool_call>").text.empty());
}

TEST_CASE("tool calls: any chunking gives the same") {
    const char* fragments[] = {"<tool_call>",
                               "</tool_call>",
                               "<tool_call>",
                               "</tool_call>",
                               "<think>",
                               "</think>",
                               "<|python_tag|>",
                               "{\"name\": \"f\", \"arguments\": {\"x\": \"a\\\"}b\"}}",
                               "{\"name\": \"g\", \"parameters\": {}}",
                               "{\"a\": 1}",
                               "{\"name\": \"h\", \"arguments\": {",
                               "\"",
                               "\\",
                               "{",
                               "}",
                               " ",
                               "\n",
                               ";",
                               "<",
                               "<tool",
                               "</think",
                               "안녕 ",
                               "word ",
                               "é"};
    std::mt19937 random(7);
    for (int round = 0; round < 3000; ++round) {
        std::string text;
        for (size_t n = random() % 12; n > 0; --n)
            text += fragments[random() % std::size(fragments)];
        bool thinking = random() % 4 == 0;
        for (const char* format : {"hermes", "llama3"}) {
            std::string whole = all(read(format, {text}, thinking));
            INFO(format << ": " << text);
            REQUIRE(all(read(format, cut(text, random, 1), thinking)) == whole);
            REQUIRE(all(read(format, cut(text, random, 7), thinking)) == whole);
        }
    }
}

TEST_CASE("tool calls: a long call arrives in small pieces in reasonable time") {
    std::string text = "<tool_call>{\"name\": \"write\", \"arguments\": {\"text\": \"";
    for (int i = 0; i < 200000; ++i) text += "word ";
    text += "\"}}</tool_call>";
    std::mt19937 random(1);
    Read out = read("hermes", cut(text, random, 8));
    REQUIRE(out.calls.size() == 1);
    CHECK(out.calls[0].arguments["text"].get<std::string>().size() == 1000000);
}

TEST_CASE("tool calls: the format stands in the template") {
    CHECK(tool_format_of("… <tool_call> …") == "hermes");
    CHECK(tool_format_of("{% if role == 'ipython' %}") == "llama3");
    CHECK(tool_format_of("{{ messages }}").empty());
    std::string folder = shared_data("templates", "chat-templates");
    if (folder.empty()) return;
    auto format = [&](const std::string& name) {
        return tool_format_of(read_file(folder + "/" + name + ".jinja"));
    };
    CHECK(format("Qwen-Qwen3-0.6B") == "hermes");
    CHECK(format("NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use") == "hermes");
    CHECK(format("meta-llama-Llama-3.1-8B-Instruct") == "llama3");
    CHECK(format("google-gemma-2-2b-it").empty());
}

namespace {

// BFCL writes Python's names of types.
Json json_schema_of(Json schema) {
    if (schema.is_array())
        for (Json& one : schema) one = json_schema_of(one);
    if (!schema.is_object()) return schema;
    for (auto& [key, value] : schema.items()) {
        if (key == "type" && value.is_string()) {
            std::string type = value.get<std::string>();
            if (type == "dict") value = "object";
            if (type == "float") value = "number";
            if (type == "tuple") value = "array";
        } else {
            value = json_schema_of(value);
        }
    }
    if (schema.contains("type") && schema["type"] == "any") schema.erase("type");
    return schema;
}

// An accepted answer holds lists of possible values, also inside objects: the first of each that is
// not "" (which says that the argument may be left out).
Json first_values(const Json& possible) {
    Json out = Json::object();
    for (auto& [name, values] : possible.items())
        for (const Json& value : values) {
            if (value == "") continue;
            out[name] = value.is_object() ? first_values(value) : value;
            break;
        }
    return out;
}

std::vector<Json> lines(const std::string& path) {
    std::vector<Json> out;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        if (!line.empty()) out.push_back(parse_json(line, path));
    return out;
}

}  // namespace

TEST_CASE("tool calls: public cases written by templates are read back, and their schemas hold") {
    std::string data = shared_data("tool calls", "bfcl"),
                folder = shared_data("tool calls", "chat-templates");
    if (data.empty() || folder.empty()) return;
    auto source = [&](const char* name) { return read_file(folder + "/" + name); };
    auto qwen = ChatTemplate::from_source(source("Qwen-Qwen3-0.6B.jinja"), Json::object());
    auto meta = ChatTemplate::from_source(source("meta-llama-Llama-3.1-8B-Instruct.jinja"),
                                          Json{{"bos_token", "<s>"}});
    int read_back = 0, checked = 0, contradictions = 0;
    for (const char* name : {"simple_python", "multiple", "parallel", "parallel_multiple"}) {
        std::string file = std::string("BFCL_v4_") + name + ".json";
        auto cases = lines(data + "/" + file), answers = lines(data + "/possible_answer/" + file);
        REQUIRE(cases.size() == answers.size());
        for (size_t i = 0; i < cases.size(); ++i) {
            Json wanted = Json::array();
            for (const Json& call : answers[i]["ground_truth"])
                for (auto& [function, arguments] : call.items())
                    wanted.push_back(
                        {{"type", "function"},
                         {"function",
                          {{"name", function}, {"arguments", first_values(arguments)}}}});
            auto same = [&](ChatTemplate& chat, const std::string& format, const Json& tool_calls) {
                Json messages = {{{"role", "user"}, {"content", "x"}}};
                ChatTemplate::Options options;
                std::string before = chat.render(messages, options);
                messages.push_back(
                    {{"role", "assistant"}, {"content", ""}, {"tool_calls", tool_calls}});
                options.add_generation_prompt = false;
                std::string after = chat.render(messages, options);
                REQUIRE(after.compare(0, before.size(), before) == 0);
                std::string answer = after.substr(before.size());
                answer.erase(std::min(answer.find("<|im_end|>"), answer.find("<|eot_id|>")));
                Read got = read(format, {answer});
                REQUIRE(got.calls.size() == tool_calls.size());
                for (size_t n = 0; n < got.calls.size(); ++n) {
                    INFO(answer);
                    CHECK(got.calls[n].error.empty());
                    CHECK(got.calls[n].name == tool_calls[n]["function"]["name"]);
                    CHECK(
                        json_equal(got.calls[n].arguments, tool_calls[n]["function"]["arguments"]));
                    ++read_back;
                }
                CHECK(got.text.empty());
            };
            same(*qwen, "hermes", wanted);
            for (const Json& one : wanted) same(*meta, "llama3", Json::array({one}));

            for (const Json& call : wanted)
                for (const Json& function : cases[i]["function"]) {
                    if (function["name"] != call["function"]["name"]) continue;
                    JsonSchema schema(json_schema_of(function["parameters"]));
                    Json arguments = call["function"]["arguments"];
                    contradictions += !schema.check(arguments).empty();
                    ++checked;
                    const Json& needed = function["parameters"]["required"];
                    if (needed.empty()) continue;
                    arguments.erase(needed[0].get<std::string>());
                    CHECK_FALSE(schema.check(arguments).empty());
                }
        }
    }
    CHECK(read_back > 500);
    CHECK(checked > 300);
    // A few accepted answers contradict their own schema (a string where it wants integers).
    CHECK(contradictions * 100 <= checked);
}
