// SPDX-License-Identifier: Apache-2.0
// Completions from a local server that cuts, stalls, refuses and talks nonsense.
#include "protocols/openai.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "openai_server.h"

using namespace moonlet;
using moonlet::test::OpenAiServer;

namespace {

OpenAiRequest request_for(const OpenAiServer& server, const std::string& model,
                          bool stream = true) {
    OpenAiRequest request;
    request.http.method = "POST";
    request.http.url = server.url() + "/chat/completions";
    request.http.max_redirects = 0;
    request.http.body = Json{{"model", model},
                             {"stream", stream},
                             {"messages", {{{"role", "user"}, {"content", "Hi"}}}}}
                            .dump();
    request.key = "sk-very-secret";
    request.key_source = "it is from OPENAI_API_KEY";
    request.name = "openai:" + model;
    return request;
}

struct Outcome {
    std::string seen, error;  // what take() gave; the Error's text
    Json result = Json::object();
    Json choice() const { return result["choices"].empty() ? Json() : result["choices"][0]; }
};

Outcome run(OpenAiRequest request) {
    Outcome outcome;
    OpenAiJob job(std::move(request));
    while (!job.done()) {
        wait_jobs({&job});
        outcome.seen += job.take();
    }
    try {
        outcome.result = job.result();
    } catch (const Error& e) {
        outcome.error = e.what();
    }
    return outcome;
}

}  // namespace

TEST_CASE("an answer is the same streamed and whole") {
    OpenAiServer server;
    for (bool stream : {true, false}) {
        Outcome outcome = run(request_for(server, "ok", stream));
        CHECK(outcome.seen == "Hello, wörld 한국!");
        CHECK(outcome.choice()["text"] == outcome.seen);
        CHECK(outcome.choice()["finish_reason"] == "stop");
        CHECK(outcome.result["usage"]["total_tokens"] == 10);
        CHECK(outcome.result["usage"]["cached_tokens"] == 2);
        CHECK(outcome.result["attempts"] == 1);
        outcome = run(request_for(server, "tools", stream));
        CHECK(outcome.choice()["finish_reason"] == "tool_calls");
        CHECK(outcome.choice()["calls"].size() == 2);
        CHECK(outcome.choice()["calls"][1]["arguments"] == Json{{"city", "Busan"}});
        CHECK(outcome.choice()["calls"][0]["id"] == "id-Seoul");
    }
    CHECK(server.requests()[0].headers.at("authorization") == "Bearer sk-very-secret");
}

TEST_CASE("streams of every make") {
    OpenAiServer server;
    const std::vector<std::pair<const char*, std::string>> texts = {
        {"no-done", "all of it"},   {"comments", "ab"},        {"bytes", "한국"},
        {"wrong-type", "typed"},    {"whole", "in one piece"}, {"long", std::string(1 << 20, 'x')},
        {"slow", "ab ab ab ab ab "}};
    for (const auto& [model, text] : texts) {
        INFO(model);
        Outcome outcome = run(request_for(server, model));
        CHECK(outcome.error.empty());
        CHECK(outcome.seen == text);
        CHECK(outcome.choice()["finish_reason"] == "stop");
    }
    Outcome open = run(request_for(server, "done-open"));  // a hang here is the failure
    CHECK(open.choice()["text"] == "all of it");
    CHECK(run(request_for(server, "thinks")).choice()["thinking"] == "Let me see.");
    CHECK(run(request_for(server, "no-usage")).result["usage"].empty());
}

TEST_CASE("a stream that dies keeps what came and says why") {
    OpenAiServer server;
    for (const char* model : {"cut", "cut-clean", "cut-reset", "broken", "error-chunk", "stall"}) {
        INFO(model);
        OpenAiRequest request = request_for(server, model);
        if (std::string(model) == "stall") request.http.idle_timeout = 0.3;
        Outcome outcome = run(request);
        CHECK(outcome.error.empty());
        CHECK(outcome.seen == "The beginning");
        CHECK(outcome.choice()["text"] == "The beginning");
        CHECK(outcome.choice()["finish_reason"] == "cut");
        CHECK_FALSE(outcome.result["error"].get<std::string>().empty());
        CHECK(outcome.result["attempts"] == 1);  // never sent again once something was seen
    }
    Outcome call = run(request_for(server, "cut-call"));
    CHECK(call.choice()["calls"][0]["error"] == "the stream broke off inside this call");
}

TEST_CASE("tried again is what nobody has seen anything of") {
    OpenAiServer server;
    for (const char* model : {"429-once", "429-date", "cut-early-once", "cut-role-once"}) {
        INFO(model);
        size_t before = server.requests().size();
        Outcome outcome = run(request_for(server, model));
        CHECK(outcome.error.empty());
        CHECK(outcome.seen == "at last");
        CHECK(server.requests().size() == before + 2);
    }
    for (const char* model : {"429", "500"}) {
        size_t before = server.requests().size();
        Outcome outcome = run(request_for(server, model));
        CHECK(server.requests().size() == before + 3);
        CHECK_THAT(outcome.error, Catch::Contains("status " + std::string(model)));
        CHECK_THAT(outcome.error, Catch::Contains("tried 3 times"));
    }
    for (const char* model : {"500-never", "quota", "429-long", "400", "401", "redirect", "html",
                              "error-200", "broken-first", "404-html", "empty"}) {
        INFO(model);
        size_t before = server.requests().size();
        Outcome outcome = run(request_for(server, model));
        CHECK_FALSE(outcome.error.empty());
        CHECK(server.requests().size() == before + 1);
    }
    OpenAiRequest none = request_for(server, "cut-early");
    none.retries = 0;
    CHECK_THAT(run(none).error, Catch::Contains("without an answer"));
    OpenAiRequest whole = request_for(server, "cut-whole", false);
    whole.retries = 0;
    CHECK_THAT(run(whole).error, Catch::Contains("broke off"));
}

TEST_CASE("errors say what the provider said and what to do, and never the key") {
    OpenAiServer server;
    auto error = [&](const char* model) {
        std::string text = run(request_for(server, model)).error;
        CHECK_THAT(text, !Catch::Contains("sk-very-secret"));
        CHECK_THAT(text,
                   Catch::StartsWith(std::string("openai:") + model + " at http://127.0.0.1:"));
        return text;
    };
    CHECK_THAT(error("401"), Catch::Contains("[key]") && Catch::Contains("OPENAI_API_KEY"));
    CHECK_THAT(error("400"), Catch::Contains("max_tokens is too large"));
    CHECK_THAT(error("no-such"), Catch::Contains("no model no-such") && Catch::Contains("/v1"));
    CHECK_THAT(error("404-html"), Catch::Contains("Not Found"));
    CHECK_THAT(error("html"), Catch::Contains("text/html") && Catch::Contains("base_url"));
    CHECK_THAT(error("redirect"), Catch::Contains("elsewhere.example"));
    CHECK_THAT(error("429-long"), Catch::Contains("86400"));
    CHECK_THAT(error("quota"), Catch::Contains("credit"));
    CHECK_THAT(error("error-200"), Catch::Contains("said with status 200"));
    CHECK_THAT(error("broken-first"), Catch::Contains("oh no"));
    CHECK_THAT(error("empty-stream"), Catch::Contains("without an answer"));
    OpenAiRequest endless = request_for(server, "endless");
    CHECK_THAT(run(endless).error, Catch::Contains("longer than"));
}

TEST_CASE("a cancelled answer is what there was") {
    OpenAiServer server;
    OpenAiJob job(request_for(server, "stall"));
    std::string seen;
    while (seen != "The beginning") {
        wait_jobs({&job});
        seen += job.take();
    }
    job.cancel();
    CHECK(job.done());
    CHECK(job.result()["cancelled"] == true);
    CHECK(job.result()["choices"][0]["text"] == "The beginning");
    CHECK(job.result()["choices"][0]["finish_reason"] == "cut");
    OpenAiJob early(request_for(server, "stall-early"));
    CHECK_FALSE(wait_jobs({&early}, 0.1));
    early.cancel();
    CHECK(early.result()["choices"].empty());
}

TEST_CASE("Retry-After in its three forms") {
    CHECK(retry_after_seconds({}) == -1);
    CHECK(retry_after_seconds({{"retry-after", "1.5"}}) == 1.5);
    CHECK(retry_after_seconds({{"retry-after", "-3"}}) == 0);
    CHECK(retry_after_seconds({{"retry-after-ms", "250"}, {"retry-after", "9"}}) == 0.25);
    CHECK(retry_after_seconds({{"retry-after", "Thu, 01 Jan 1970 00:00:00 GMT"}}) == 0);
    CHECK(retry_after_seconds({{"retry-after", "Fri, 01 Jan 2100 00:00:00 GMT"}}) > 1e8);
    CHECK(retry_after_seconds({{"retry-after", "soon"}}) == -1);
}
