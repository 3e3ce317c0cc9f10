// SPDX-License-Identifier: Apache-2.0
// HTTP jobs against a local server that also misbehaves.
#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/interrupt.h"
#include "http_server.h"
#include "protocols/http.h"

using namespace moonlet;
using moonlet::test::HttpServer;
using moonlet::test::ServerConnection;
using moonlet::test::ServerRequest;

namespace {

void behave(const ServerRequest& r, ServerConnection& c) {
    if (r.path == "/echo") c.answer(200, "text/plain", r.method + " " + r.body);
    else if (r.path == "/404") c.answer(404, "text/plain", "not here");
    else if (r.path == "/moved") c.answer(302, "text/plain", "", "Location: /echo\r\n");
    else if (r.path == "/round") c.answer(302, "text/plain", "", "Location: /round\r\n");
    else if (r.path == "/to-file") c.answer(302, "", "", "Location: file:///etc/hostname\r\n");
    else if (r.path == "/twice") c.answer(200, "text/plain", "", "X-A: 1\r\nX-A: 2\r\n");
    else if (r.path == "/cut") {
        c.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
        c.close();
    } else if (r.path == "/cut-chunk") {
        c.begin_stream("text/plain");
        c.chunk("only this");
        c.close();
    } else if (r.path == "/silent") c.close();
    else if (r.path == "/reset") c.reset();
    else if (r.path == "/stall") {
        c.begin_stream("text/plain");
        c.chunk("begun");
        c.sleep(30);
    } else if (r.path == "/pieces") {
        c.begin_stream("text/plain");
        for (const char* piece : {"one ", "two ", "three"}) {
            c.chunk(piece);
            c.sleep(0.05);
        }
        c.end_stream();
    } else if (r.path == "/long") c.answer(200, "text/plain", std::string(100000, 'x'));
    else if (r.path == "/nonsense") {
        c.send("this is no HTTP at all\r\n\r\n");
        c.close();
    } else c.answer(500, "text/plain", "no such test");
}

HttpRequest get(const HttpServer& server, const std::string& path) {
    HttpRequest request;
    request.url = server.url(path);
    return request;
}

std::string failure(HttpRequest request) {
    HttpJob job(std::move(request));
    wait_jobs({&job});
    try {
        job.result();
    } catch (const Error& e) {
        return e.what();
    }
    return "";
}

}  // namespace

TEST_CASE("requests and answers arrive whole") {
    HttpServer server(behave);
    HttpRequest request = get(server, "/echo");
    CHECK(http_fetch(request).body == "GET ");
    request.method = "POST";
    request.body = std::string("a\0b", 3);
    request.headers = {{"X-Test", "yes"}, {"X-Empty", ""}};
    CHECK(http_fetch(request).body == "POST " + request.body);
    CHECK(server.requests().back().headers.at("x-test") == "yes");
    CHECK(server.requests().back().headers.at("x-empty").empty());
    request.method = "PUT";
    CHECK(http_fetch(request).body == "PUT " + request.body);
    request.method = "DELETE";
    request.body.clear();
    CHECK(http_fetch(request).body == "DELETE ");
    CHECK(http_fetch(get(server, "/404")).status == 404);
    HttpResponse long_answer = http_fetch(get(server, "/long"));
    CHECK(long_answer.body == std::string(100000, 'x'));
    HttpJob twice(get(server, "/twice"));
    wait_jobs({&twice});
    CHECK(twice.result()["headers"]["x-a"] == "1, 2");
}

TEST_CASE("redirects are followed as far as asked, and only to the web") {
    HttpServer server(behave);
    HttpResponse answer = http_fetch(get(server, "/moved"));
    CHECK(answer.body == "GET ");
    CHECK(answer.url == server.url("/echo"));
    HttpRequest stay = get(server, "/moved");
    stay.max_redirects = 0;
    answer = http_fetch(stay);
    CHECK(answer.status == 302);
    CHECK(http_header(answer.headers, "location") == "/echo");
    CHECK_THAT(failure(get(server, "/round")), Catch::Contains("redirects"));
    CHECK_THAT(failure(get(server, "/to-file")), Catch::Contains("file"));
}

TEST_CASE("what breaks off says so and keeps what came") {
    HttpServer server(behave);
    for (const char* path : {"/cut", "/cut-chunk"}) {
        HttpJob job(get(server, path));
        wait_jobs({&job});
        CHECK_FALSE(job.response().complete);
        CHECK(job.response().status == 200);
        CHECK(job.response().body == "only this");
        CHECK_THAT(job.response().error, Catch::Contains("broke off"));
    }
    CHECK_THAT(failure(get(server, "/silent")), Catch::Contains("without an answer"));
    CHECK_THAT(failure(get(server, "/reset")), Catch::Contains("127.0.0.1"));
    CHECK_FALSE(failure(get(server, "/nonsense")).empty());
    HttpRequest small = get(server, "/long");
    small.max_bytes = 1000;
    CHECK_THAT(failure(small), Catch::Contains("max_bytes"));
    HttpRequest stall = get(server, "/stall");
    stall.idle_timeout = 0.2;
    CHECK_THAT(failure(stall), Catch::Contains("0.2 s"));
    stall.idle_timeout = 0;
    stall.timeout = 0.2;
    CHECK_THAT(failure(stall), Catch::Contains("in time"));
}

TEST_CASE("addresses that are none, and servers that are not there") {
    HttpRequest request;
    for (const char* url : {"", "ftp://x/y", "file:///etc/hostname", "http://", "no address"}) {
        request.url = url;
        CHECK_THROWS_AS(HttpJob(request), Error);
    }
    request.url = "http://127.0.0.1:1/v1?key=secret";
    std::string text = failure(request);
    CHECK_THAT(text, Catch::Contains("nothing answers"));
    CHECK_THAT(text, !Catch::Contains("secret"));
    request.headers = {{"X", "a\r\nY: b"}};
    CHECK_THROWS_AS(HttpJob(request), Error);
}

TEST_CASE("several transfers go on at once, and pieces come as they are sent") {
    HttpServer server(behave);
    HttpJob stalled(get(server, "/stall")), pieces(get(server, "/pieces"));
    pieces.stream(true);
    std::string text;
    int count = 0;
    while (!pieces.done()) {
        wait_jobs({&stalled, &pieces});
        std::string piece = pieces.take();
        text += piece;
        count += !piece.empty();
    }
    CHECK(text == "one two three");
    CHECK(count >= 1);
    CHECK_FALSE(stalled.done());
    CHECK_FALSE(wait_jobs({&stalled}, 0.05));
    stalled.cancel();
    CHECK(stalled.done());
    CHECK(stalled.response().body == "begun");
    CHECK_THROWS_WITH(stalled.result(), Catch::Contains("cancelled"));
}

TEST_CASE("Ctrl-C ends the waiting, not the job") {
    HttpServer server(behave);
    HttpJob job(get(server, "/stall"));
    std::thread press([] {
        usleep(100000);
        interrupt::flag() = int(interrupt::State::requested);
    });
    CHECK_THROWS_AS(wait_jobs({&job}), Interrupted);
    press.join();
    interrupt::reset();
    CHECK_FALSE(job.done());
}
