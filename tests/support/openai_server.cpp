// SPDX-License-Identifier: Apache-2.0
#include "openai_server.h"

#include <ctime>

namespace moonlet::test {

namespace {

struct Call {
    const ServerRequest& request;
    ServerConnection& connection;
    Json body;
    bool stream;
    int earlier;  // calls of the same model before this one

    void json(int status, const Json& value, const std::string& more = "") const {
        connection.answer(status, "application/json", value.dump(), more);
    }
    void error(int status, const std::string& message, const std::string& more = "",
               const std::string& code = "") const {
        json(status, {{"error", {{"message", message}, {"type", "test"}, {"code", code}}}}, more);
    }
    void event(const Json& value, const std::string& end = "\n\n") const {
        connection.chunk("data: " + value.dump() + end);
    }
    void delta(const Json& delta, const Json& reason = nullptr) const {
        event(chunk(delta, reason));
    }
    static Json chunk(const Json& delta, const Json& reason = nullptr) {
        return {{"id", "c-1"},
                {"object", "chat.completion.chunk"},
                {"model", "served"},
                {"choices", {{{"index", 0}, {"delta", delta}, {"finish_reason", reason}}}}};
    }
    void usage() const {
        Json last = chunk({});
        last["choices"] = Json::array();
        last["usage"] = {{"prompt_tokens", 7},
                         {"completion_tokens", 3},
                         {"total_tokens", 10},
                         {"prompt_tokens_details", {{"cached_tokens", 2}}}};
        event(last);
    }
    void done() const {
        connection.chunk("data: [DONE]\n\n");
        connection.end_stream();
    }
    // `text` in pieces of three bytes at least, never inside a character.
    void text(const std::string& text) const {
        for (size_t at = 0; at < text.size();) {
            size_t end = std::min(at + 3, text.size());
            while (end < text.size() && (text[end] & 0xC0) == 0x80) ++end;
            delta({{"content", text.substr(at, end - at)}});
            at = end;
        }
    }
    void begin() const {
        connection.begin_stream();
        delta({{"role", "assistant"}, {"content", ""}});
    }
    void whole(const Json& message, const std::string& reason = "stop") const {
        json(200,
             {{"id", "c-1"},
              {"object", "chat.completion"},
              {"model", "served"},
              {"choices", {{{"index", 0}, {"message", message}, {"finish_reason", reason}}}},
              {"usage",
               {{"prompt_tokens", 7},
                {"completion_tokens", 3},
                {"total_tokens", 10},
                {"prompt_tokens_details", {{"cached_tokens", 2}}}}}},
             "X-Request-Id: r-1\r\n");
    }
    void say(const std::string& words) const {
        if (!stream) return whole({{"role", "assistant"}, {"content", words}});
        begin();
        text(words);
        delta(Json::object(), "stop");
        usage();
        done();
    }
};

Json call_delta(const Json& index, const std::string& id, const std::string& name,
                const Json& arguments) {
    Json call = {{"function", Json::object()}};
    if (!index.is_null()) call["index"] = index;
    if (!id.empty()) call["id"] = id, call["type"] = "function";
    if (!name.empty()) call["function"]["name"] = name;
    if (!arguments.is_null()) call["function"]["arguments"] = arguments;
    return {{"tool_calls", {call}}};
}

void tools(const Call& c) {
    if (!c.stream) {
        Json calls = Json::array();
        for (const char* city : {"Seoul", "Busan"})
            calls.push_back(
                {{"id", std::string("id-") + city},
                 {"type", "function"},
                 {"function",
                  {{"name", "get_weather"}, {"arguments", Json{{"city", city}}.dump()}}}});
        return c.whole({{"role", "assistant"}, {"content", nullptr}, {"tool_calls", calls}},
                       "tool_calls");
    }
    c.begin();
    c.delta(call_delta(0, "id-Seoul", "get_weather", ""));
    c.delta(call_delta(0, "", "", "{\"ci"));
    c.delta(call_delta(1, "id-Busan", "get_weather", ""));
    c.delta(call_delta(1, "", "", "{\"city\": \"Bu"));
    c.delta(call_delta(0, "", "", "ty\":\"Seoul\"}"));
    c.delta(call_delta(1, "", "", "san\"}"));
    c.delta(Json::object(), "tool_calls");
    c.usage();
    c.done();
}

// Tools, then an answer from their results: for agents.
void agent(const Call& c) {
    const Json& last = c.body["messages"].back();
    if (last["role"] != "tool") return tools(c);
    c.say("Both: " + last["content"].get<std::string>());
}

std::string http_date(int seconds_from_now) {
    time_t when = std::time(nullptr) + seconds_from_now;
    tm parts;
    gmtime_r(&when, &parts);
    char text[64];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return text;
}

using Behaviour = void (*)(const Call&);

const std::map<std::string, Behaviour> kBehaviours = {
    {"ok", [](const Call& c) { c.say("Hello, wörld 한국!"); }},
    {"echo", [](const Call& c) { c.say(c.request.body); }},
    {"headers",
     [](const Call& c) {
         Json all = c.request.headers;
         c.say(all.dump());
     }},
    {"thinks",
     [](const Call& c) {
         c.begin();
         c.delta({{"reasoning_content", "Let me "}});
         c.delta({{"reasoning_content", "see."}});
         c.text("Done.");
         c.delta(Json::object(), "stop");
         c.done();
     }},
    {"tools", tools},
    {"agent", agent},
    {"no-usage",
     [](const Call& c) {
         c.begin();
         c.text("short");
         c.delta(Json::object(), "length");
         c.done();
     }},
    {"no-done",
     [](const Call& c) {
         c.begin();
         c.text("all of it");
         c.delta(Json::object(), "stop");
         c.connection.end_stream();
     }},
    {"done-open",  // says [DONE] and keeps the connection
     [](const Call& c) {
         c.begin();
         c.text("all of it");
         c.connection.chunk("data: [DONE]\n\n");
         c.connection.sleep(30);
     }},
    {"comments",
     [](const Call& c) {
         c.connection.begin_stream();
         c.connection.chunk(": keep-alive\n\n:\n\nevent: ping\ndata: \n\n");
         c.event(Call::chunk({{"content", "a"}}), "\r\n\r\n");
         c.connection.chunk(": again\r\n\r\n");
         c.event(Call::chunk({{"content", "b"}}, "stop"), "\r\n\r\n");
         c.connection.chunk("data: [DONE]\r\n\r\n");
         c.connection.end_stream();
     }},
    {"bytes",  // one byte at a time, also inside characters
     [](const Call& c) {
         c.connection.begin_stream();
         std::string all =
             "data: " + Call::chunk({{"content", "한국"}}, "stop").dump() + "\n\ndata: [DONE]\n\n";
         for (char byte : all) c.connection.chunk(std::string(1, byte));
         c.connection.end_stream();
     }},
    {"long",
     [](const Call& c) {
         c.connection.begin_stream();
         c.delta({{"content", std::string(1 << 20, 'x')}}, "stop");
         c.done();
     }},
    {"endless",  // a line that never ends
     [](const Call& c) {
         c.connection.begin_stream();
         c.connection.chunk("data: ");
         for (int i = 0; i < 64 && c.connection.chunk(std::string(1 << 20, 'x')); ++i) {
         }
         c.connection.end_stream();
     }},
    {"cut",
     [](const Call& c) {
         c.begin();
         c.text("The beginning");
         c.connection.close();
     }},
    {"cut-clean",  // the stream ends well, the answer does not
     [](const Call& c) {
         c.begin();
         c.text("The beginning");
         c.connection.end_stream();
     }},
    {"cut-reset",
     [](const Call& c) {
         c.begin();
         c.text("The beginning");
         c.connection.sleep(0.1);
         c.connection.reset();
     }},
    {"cut-call",
     [](const Call& c) {
         c.begin();
         c.delta(call_delta(0, "a", "get_weather", "{\"city\": \"Se"));
         c.connection.close();
     }},
    {"cut-early", [](const Call& c) { c.connection.close(); }},
    {"cut-early-once",
     [](const Call& c) {
         if (c.earlier == 0) return c.connection.close();
         c.say("at last");
     }},
    {"cut-role-once",  // nothing of the answer was out yet
     [](const Call& c) {
         if (c.earlier > 0) return c.say("at last");
         c.begin();
         c.connection.close();
     }},
    {"cut-whole",
     [](const Call& c) {
         c.connection.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"choices\": [");
         c.connection.close();
     }},
    {"stall",
     [](const Call& c) {
         c.begin();
         c.text("The beginning");
         c.connection.sleep(30);
     }},
    {"stall-early", [](const Call& c) { c.connection.sleep(30); }},
    {"slow",
     [](const Call& c) {
         c.begin();
         for (int i = 0; i < 5; ++i) {
             c.connection.sleep(0.02);
             c.text("ab ");
         }
         c.delta(Json::object(), "stop");
         c.done();
     }},
    {"broken",
     [](const Call& c) {
         c.begin();
         c.text("The beginning");
         c.connection.chunk("data: {\"choices\": [{\"delta\": {\"con\n\n");
         c.text(" and the rest");
         c.done();
     }},
    {"broken-first",
     [](const Call& c) {
         c.connection.begin_stream();
         c.connection.chunk("data: {\"choices\": oh no\n\n");
         c.done();
     }},
    {"error-chunk",
     [](const Call& c) {
         c.begin();
         c.text("The beginning");
         c.event({{"error", {{"message", "the model fell over"}}}});
         c.connection.end_stream();
     }},
    {"error-200", [](const Call& c) { c.error(200, "said with status 200"); }},
    {"wrong-type",  // a stream that calls itself JSON
     [](const Call& c) {
         c.connection.begin_stream("application/json");
         c.text("typed");
         c.delta(Json::object(), "stop");
         c.done();
     }},
    {"whole",  // a whole answer whatever was asked for
     [](const Call& c) {
         c.whole({{"role", "assistant"}, {"content", "in one piece"}});
     }},
    {"html",
     [](const Call& c) {
         c.connection.answer(200, "text/html", "<html><title>It works</title></html>");
     }},
    {"empty", [](const Call& c) { c.connection.answer(200, "application/json", ""); }},
    {"empty-stream",
     [](const Call& c) {
         c.connection.begin_stream();
         c.done();
     }},
    {"redirect",
     [](const Call& c) {
         c.connection.answer(308, "text/plain", "", "Location: http://elsewhere.example/v1\r\n");
     }},
    {"401",
     [](const Call& c) {
         c.error(401, "Incorrect API key provided: " + c.request.headers.at("authorization"));
     }},
    {"404-html",
     [](const Call& c) { c.connection.answer(404, "text/html", "<h1>Not Found</h1>"); }},
    {"429-once",
     [](const Call& c) {
         if (c.earlier == 0) return c.error(429, "slow down", "Retry-After: 0.2\r\n");
         c.say("at last");
     }},
    {"429-date",
     [](const Call& c) {
         if (c.earlier == 0)
             return c.error(429, "slow down", "Retry-After: " + http_date(1) + "\r\n");
         c.say("at last");
     }},
    {"429-long",
     [](const Call& c) { c.error(429, "come back tomorrow", "Retry-After: 86400\r\n"); }},
    {"429", [](const Call& c) { c.error(429, "slow down", "Retry-After-Ms: 10\r\n"); }},
    {"quota", [](const Call& c) { c.error(429, "no money", "", "insufficient_quota"); }},
    {"500", [](const Call& c) { c.error(500, "oops", "Retry-After-Ms: 10\r\n"); }},
    {"500-never", [](const Call& c) { c.error(500, "oops", "X-Should-Retry: false\r\n"); }},
    {"400", [](const Call& c) { c.error(400, "max_tokens is too large"); }},
    {"logprobs",
     [](const Call& c) {
         Json rows = {
             {{"token", "Hi"},
              {"logprob", -0.25},
              {"top_logprobs",
               {{{"token", "Hi"}, {"logprob", -0.25}}, {{"token", "Ho"}, {"logprob", -1.5}}}}}};
         Json piece = Call::chunk({{"content", "Hi"}}, "stop");
         piece["choices"][0]["logprobs"] = {{"content", rows}};
         if (c.stream) {
             c.connection.begin_stream();
             c.event(piece);
             return c.done();
         }
         piece["choices"][0]["message"] = {{"role", "assistant"}, {"content", "Hi"}};
         c.json(200, piece);
     }},
    {"two",
     [](const Call& c) {
         Json answer = Json{{"object", "chat.completion"}, {"choices", Json::array()}};
         for (int i = 0; i < 2; ++i)
             answer["choices"].push_back({{"index", i},
                                          {"message", {{"content", i ? "second" : "first"}}},
                                          {"finish_reason", "stop"}});
         c.json(200, answer);
     }},
    {"refusal",
     [](const Call& c) {
         c.whole({{"role", "assistant"}, {"content", nullptr}, {"refusal", "I will not."}});
     }},
};

void embed(const Call& c) {
    Json data = Json::array();
    const Json& texts = c.body["input"];
    for (size_t i = texts.size(); i-- > 0;)  // out of order on purpose
        data.push_back(
            {{"index", i}, {"embedding", {double(texts[i].get<std::string>().size()), 0.5}}});
    if (c.body["model"] == "one-short") data.erase(0);
    c.json(200, {{"object", "list"}, {"data", data}});
}

}  // namespace

void OpenAiServer::serve(const ServerRequest& request, ServerConnection& connection) {
    Json body = Json::parse(request.body, nullptr, false);
    if (!body.is_object()) return connection.answer(400, "text/plain", "the body is no JSON");
    std::string model = body.value("model", "");
    int earlier;
    {
        std::lock_guard lock(mutex_);
        earlier = calls_[model]++;
    }
    Call call{request, connection, body, body.value("stream", false), earlier};
    std::string path = request.path.substr(0, request.path.find('?'));
    if (path == "/v1/embeddings") return embed(call);
    auto behaviour = kBehaviours.find(model);
    if (path != "/v1/chat/completions") call.error(404, "no such path: " + request.path);
    else if (behaviour == kBehaviours.end()) call.error(404, "no model " + model);
    else behaviour->second(call);
}

}  // namespace moonlet::test
