// SPDX-License-Identifier: Apache-2.0
// Chunks of every known shape become the same calls and text. What the openai client makes of
// regular streams is in tests/golden/protocols (scripts/golden/protocols.py); the odd ones are from
// reports about servers.
#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/random.h"
#include "protocols/completion.h"
#include "protocols/sse.h"
#include "test.h"

using namespace moonlet;

namespace {

Json choice_of(const std::vector<std::string>& deltas, bool cut = false,
               const char* reason = "tool_calls") {
    CompletionReader reader;
    for (const std::string& delta : deltas)
        reader.add_chunk(
            parse_json("{\"choices\": [{\"index\": 0, \"delta\": " + delta + "}]}", ""));
    if (!cut)
        reader.add_chunk({{"choices", {{{"delta", Json::object()}, {"finish_reason", reason}}}}});
    return reader.result(cut)["choices"][0];
}

// "id name arguments" of each call.
std::vector<std::string> calls_of(const std::vector<std::string>& pieces) {
    std::vector<std::string> deltas, found;
    for (const std::string& piece : pieces) deltas.push_back("{\"tool_calls\": [" + piece + "]}");
    Json choice = choice_of(deltas);
    for (const Json& call : choice["calls"])
        found.push_back(call["id"].get<std::string>() + " " + call["name"].get<std::string>() +
                        " " + (call.contains("arguments") ? call["arguments"].dump() : "?"));
    return found;
}

using Calls = std::vector<std::string>;

}  // namespace

TEST_CASE("streams as the openai client reads them, however they are cut") {
    Random random(3);
    Json golden = read_json(test::golden("protocols/streams.json"));
    REQUIRE(golden["streams"].size() > 5);
    for (const Json& row : golden["streams"]) {
        INFO(row["name"]);
        const std::string body = row["body"];
        for (int round = 0; round < 30; ++round) {
            size_t longest = round == 0 ? body.size() : 1 + random.below(40);
            SseParser events;
            CompletionReader reader;
            std::string visible;
            for (size_t at = 0, n; at < body.size(); at += n) {
                n = round == 0 ? longest : 1 + random.below(longest);
                for (const SseEvent& e : events.feed(std::string_view(body).substr(at, n)))
                    if (e.data != "[DONE]") visible += reader.add_chunk(parse_json(e.data, ""));
            }
            const Json& wanted = row["expected"];
            Json got = reader.result(false), choice = got["choices"][0];
            CHECK(visible == wanted["text"]);
            CHECK(choice["text"] == wanted["text"]);
            CHECK(choice["finish_reason"] == wanted["finish_reason"]);
            CHECK(choice["refusal"] == wanted["refusal"]);
            CHECK(choice["logprobs"] == wanted["logprobs"]);
            REQUIRE(choice["calls"].size() == wanted["calls"].size());
            for (size_t i = 0; i < wanted["calls"].size(); ++i)
                for (const char* key : {"id", "name", "raw"})
                    CHECK(choice["calls"][i][key] == wanted["calls"][i][key]);
            CHECK(got["usage"] == wanted["usage"]);
            CHECK(got["id"] == wanted["id"]);
        }
    }
}

TEST_CASE("tool calls of servers that leave things out") {
    // parallel, pieces of both in turn
    CHECK(calls_of({R"({"index":0,"id":"a","function":{"name":"f","arguments":""}})",
                    R"({"index":1,"id":"b","function":{"name":"g","arguments":"{"}})",
                    R"({"index":0,"function":{"arguments":"{\"x\":1}"}})",
                    R"({"index":1,"function":{"arguments":"}"}})"}) ==
          Calls{"a f {\"x\":1}", "b g {}"});
    // the second one first
    CHECK(calls_of({R"({"index":1,"id":"b","function":{"name":"g","arguments":"{}"}})",
                    R"({"index":0,"id":"a","function":{"name":"f","arguments":"{}"}})"}) ==
          Calls{"a f {}", "b g {}"});
    // all at index 0, told apart by their ids, also when pieces come in turn
    CHECK(calls_of({R"({"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}})",
                    R"({"index":0,"id":"b","function":{"name":"f","arguments":"{\"y\""}})",
                    R"({"index":0,"id":"a","function":{"arguments":":1}"}})",
                    R"({"index":0,"id":"b","function":{"arguments":":2}"}})"}) ==
          Calls{"a f {\"x\":1}", "b f {\"y\":2}"});
    // no index (ollama): whole calls
    CHECK(calls_of({R"({"id":"a","function":{"name":"f","arguments":"{}"}})",
                    R"({"id":"b","function":{"name":"f","arguments":"{}"}})"}) ==
          Calls{"a f {}", "b f {}"});
    // neither index nor id, arguments as an object
    CHECK(calls_of({R"({"function":{"name":"f","arguments":{"x":1}}})",
                    R"({"function":{"name":"f","arguments":{"x":2}}})"}) ==
          Calls{"call_1 f {\"x\":1}", "call_2 f {\"x\":2}"});
    // a new id with every piece, the name only once
    CHECK(calls_of({R"({"index":0,"id":"a","function":{"name":"f","arguments":"{"}})",
                    R"({"index":0,"id":"b","function":{"arguments":"}"}})"}) == Calls{"a f {}"});
    // id and name repeated with every piece
    CHECK(calls_of({R"({"index":0,"id":"a","function":{"name":"f","arguments":"{"}})",
                    R"({"index":0,"id":"a","function":{"name":"f","arguments":"}"}})"}) ==
          Calls{"a f {}"});
    // the name in two pieces; nulls; no arguments at all
    CHECK(calls_of({R"({"index":0,"id":"a","function":{"name":"get_"}})",
                    R"({"index":0,"id":null,"function":{"name":"time","arguments":null}})"}) ==
          Calls{"a get_time {}"});
    // no ids, all at index 0
    CHECK(calls_of({R"({"index":0,"function":{"name":"f","arguments":"{}"}})",
                    R"({"index":0,"function":{"name":"g","arguments":"{}"}})"}) ==
          Calls{"call_1 f {}", "call_2 g {}"});
    CHECK(calls_of({R"({"index":0,"id":"a","function":{"name":"f","arguments":"{oops"}})",
                    R"("no call")", "7"}) == Calls{"a f ?"});
}

TEST_CASE("thoughts, parts, reasons to end, cut answers") {
    Json choice = choice_of({R"({"reasoning_content":"a","reasoning":"a"})", R"({"reasoning":"b"})",
                             R"({"content":[{"type":"text","text":"c"},{"type":"thinking",
                                 "thinking":[{"type":"text","text":"d"}]}]})",
                             R"({"content":null})", "null", R"({"content":"e"})"});
    CHECK(choice["thinking"] == "abd");
    CHECK(choice["text"] == "ce");
    CHECK(choice_of({R"({"tool_calls":[{"function":{"name":"f"}}]})"}, false,
                    "stop")["finish_reason"] == "tool_calls");
    CHECK(choice_of({R"({"content":"x"})"}, false, "content_filter")["finish_reason"] ==
          "content_filter");
    CHECK(choice_of({R"({"content":"x"})"}, false, "")["finish_reason"] == "stop");
    Json cut = choice_of({R"({"content":"x","tool_calls":[{"index":0,"id":"a","function":
                          {"name":"f","arguments":"{\"x\""}}]})"},
                         true);
    CHECK(cut["finish_reason"] == "cut");
    CHECK(cut["text"] == "x");
    CHECK(cut["calls"][0]["raw"] == "{\"x\"");
    CHECK(cut["calls"][0]["error"] == "the stream broke off inside this call");
}

TEST_CASE("what is no completion says so") {
    CompletionReader reader;
    CHECK_THROWS_WITH(reader.add_chunk({{"error", {{"message", "too hot"}}}}),
                      Catch::Contains("too hot"));
    CHECK_THROWS_WITH(reader.add_chunk({{"error", "too hot"}}), Catch::Contains("too hot"));
    CHECK_THROWS_AS(reader.add_chunk({{"hello", 1}}), Error);
    CHECK_THROWS_AS(reader.add_chunk(Json::array()), Error);
    CHECK_THROWS_AS(reader.add_answer({{"choices", Json::array()}}), Error);
    CHECK(provider_message({{"detail", {{{"msg", "field required"}}}}}) == "field required");
    CHECK(provider_message({{{"error", {{"message", "in a list"}}}}}) == "in a list");
    CHECK(provider_message({{"error", nullptr}}).empty());
}

TEST_CASE("any JSON at all is an error or an answer, never a crash") {
    Random random(11);
    const std::vector<std::string> bits = {
        "null",
        "1",
        "\"x\"",
        "[]",
        "{}",
        "true",
        "[null]",
        "-1e300",
        R"({"choices":1})",
        R"({"choices":[1,{}]})",
        R"({"choices":[{"index":-5,"delta":{}}]})",
        R"({"choices":[{"index":99999999,"delta":{"content":"x"}}]})",
        R"({"choices":[{"delta":{"tool_calls":{}}}]})",
        R"({"choices":[{"delta":{"tool_calls":[{"function":1},{"index":"a"},null]}}]})",
        R"({"choices":[{"delta":{"content":{"a":1},"reasoning":[]}}],"usage":[]})",
        R"({"choices":[{"logprobs":{"content":[1,{"token":1,"top_logprobs":[2,{}]}]}}]})",
        R"({"object":1,"usage":{"prompt_tokens":"many","prompt_tokens_details":[1]}})"};
    for (int round = 0; round < 3000; ++round) {
        CompletionReader reader;
        for (size_t n = random.below(6); n > 0; --n) {
            Json json = parse_json(bits[random.below(bits.size())], "");
            try {
                if (random.below(2)) reader.add_chunk(json);
                else reader.add_answer(json);
            } catch (const Error&) {
            }
        }
        CHECK(reader.result(random.below(2)).is_object());
    }
}
