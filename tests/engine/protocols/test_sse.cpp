// SPDX-License-Identifier: Apache-2.0
// The events of a stream do not depend on how its bytes are cut. The cases are those of the WHATWG
// text and what servers send.
#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/random.h"
#include "protocols/sse.h"

using namespace moonlet;

namespace {

// "event|id|data" per event, so that a difference is readable.
std::vector<std::string> shown(const std::vector<SseEvent>& events) {
    std::vector<std::string> lines;
    for (const SseEvent& e : events) lines.push_back(e.event + "|" + e.id + "|" + e.data);
    return lines;
}

std::vector<std::string> whole(const std::string& bytes) {
    SseParser parser;
    return shown(parser.feed(bytes));
}

std::vector<std::string> in_pieces(const std::string& bytes, Random& random, size_t longest) {
    SseParser parser;
    std::vector<SseEvent> all;
    for (size_t at = 0; at < bytes.size();) {
        size_t n = 1 + random.below(longest);
        for (SseEvent& e : parser.feed(std::string_view(bytes).substr(at, n)))
            all.push_back(std::move(e));
        at += n;
    }
    return shown(all);
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("events as the standard has them") {
    CHECK(whole("data: YHOO\ndata: +2\ndata: 10\n\n") == Lines{"message||YHOO\n+2\n10"});
    CHECK(whole(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
                "data:  third event\n\n") ==
          Lines{"message|1|first event", "message||second event", "message|| third event"});
    CHECK(whole("data\n\ndata\ndata\n\ndata:") == Lines{"message||", "message||\n"});
    CHECK(whole("data:test\n\ndata: test\n\n") == Lines{"message||test", "message||test"});
    CHECK(whole("event: add\ndata: 73857293\n\nevent: x\n\ndata: 1\n\n") ==
          Lines{"add||73857293", "message||1"});
}

TEST_CASE("every kind of line end, a byte order mark, comments between") {
    Lines wanted = {"message||a", "message||b"};
    CHECK(whole("data: a\n\ndata: b\n\n") == wanted);
    CHECK(whole("data: a\r\n\r\ndata: b\r\n\r\n") == wanted);
    CHECK(whole("data: a\r\rdata: b\r\r") == wanted);
    CHECK(whole("\xEF\xBB\xBF"
                "data: a\n\n:\n: keep-alive\n\nother: x\ndata: b\n\n") == wanted);
    CHECK(whole("data: a\n\n\xEF\xBB\xBF"
                "data: b\n\n") == Lines{"message||a"});
    CHECK(whole("data: a").empty());
    CHECK(whole("data: a\n").empty());
}

TEST_CASE("retry, ids that hold NUL, bytes that are no UTF-8") {
    SseParser parser;
    parser.feed("retry: 1500\nretry: x\nretry: 99999999999999\n");
    CHECK(parser.retry_ms() == 1500);
    CHECK(whole(std::string("id: a\0b\ndata: x\n\n", 17)) == Lines{"message||x"});
    CHECK(whole("data: a\xFF"
                "b\n\n") == Lines{"message||a\xEF\xBF\xBD"
                                  "b"});
    CHECK(whole("data: \xED\x95\x9C\n\n") == Lines{"message||\xED\x95\x9C"});
}

TEST_CASE("an event without end is an error in time") {
    SseParser parser(1000);
    CHECK_THROWS_WITH(parser.feed(std::string(2000, 'x')), Catch::Contains("1000 bytes"));
    SseParser lines(1000);
    std::string many;
    for (int i = 0; i < 300; ++i) many += "data: xxxx\n";
    CHECK_THROWS_AS(lines.feed(many), Error);
}

TEST_CASE("any cut gives the same events") {
    Random random(7);
    const std::vector<std::string> bits = {
        "data: ",       "data:",    "data",     "event: x", "id: 7",  "\n",
        "\r",           "\r\n",     "\n\n",     ": c",      "한국어", "{\"a\":1}",
        "\xEF\xBB\xBF", "retry: 5", "\xF0\x9F", " ",        ":",      std::string(1, '\0')};
    for (int round = 0; round < 2000; ++round) {
        std::string bytes;
        for (size_t n = random.below(40); n > 0; --n) bytes += bits[random.below(bits.size())];
        Lines wanted = whole(bytes);
        CHECK(in_pieces(bytes, random, 1) == wanted);
        CHECK(in_pieces(bytes, random, 5) == wanted);
        CHECK(in_pieces(bytes, random, 50) == wanted);
    }
}
