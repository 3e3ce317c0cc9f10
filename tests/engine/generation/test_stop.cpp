// SPDX-License-Identifier: Apache-2.0
// Stop strings must not depend on how the stream was cut; the reference is the definition, searched
// in the whole text.
#include "generation/stop.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/random.h"

using namespace moonlet;

namespace {

// The text before the stop string that ends first (the longer of two that end together).
std::string by_definition(const std::string& text, const std::vector<std::string>& stops) {
    for (size_t end = 0; end <= text.size(); ++end) {
        size_t longest = 0;
        for (auto& stop : stops)
            if (stop.size() <= end && text.compare(end - stop.size(), stop.size(), stop) == 0)
                longest = std::max(longest, stop.size());
        if (longest) return text.substr(0, end - longest);
    }
    return text;
}

// No given-out text may have to be taken back: it must be a prefix of the final answer.
std::string streamed(const std::vector<std::string>& pieces, const std::vector<std::string>& stops,
                     const std::string& wanted) {
    StopMatcher matcher(stops);
    std::string out;
    for (auto& piece : pieces) {
        out += matcher.push(piece);
        REQUIRE(wanted.compare(0, out.size(), out) == 0);
    }
    if (!matcher.stopped()) out += matcher.finish();
    return out;
}

}  // namespace

TEST_CASE("a stop string across pieces is never given out", "[stop]") {
    StopMatcher matcher({"\nUser:"});
    CHECK(matcher.push("Hello\nUs") == "Hello");
    CHECK(matcher.push("ing it") == "\nUsing it");
    CHECK(matcher.push("\n\nUse") == "\n");
    CHECK(matcher.push("r: more") == "");
    CHECK(matcher.stopped());
    CHECK(matcher.matched() == "\nUser:");
    CHECK(matcher.push("anything") == "");
    CHECK(matcher.finish() == "");
}

TEST_CASE("what was held back comes out at the end", "[stop]") {
    StopMatcher matcher({"END"});
    CHECK(matcher.push("the EN") == "the ");
    CHECK(matcher.finish() == "EN");
    CHECK_FALSE(matcher.stopped());
}

TEST_CASE("without stop strings nothing is held back", "[stop]") {
    StopMatcher matcher({});
    CHECK(matcher.push("abc") == "abc");
    CHECK(matcher.finish() == "");
}

TEST_CASE("overlapping stop strings: the first to end, then the longer", "[stop]") {
    for (auto& pieces : std::vector<std::vector<std::string>>{{"xabcd"}, {"xa", "bc", "d"}}) {
        CHECK(streamed(pieces, {"abcd", "bc"}, "xa") == "xa");
        CHECK(streamed(pieces, {"abc", "bc"}, "x") == "x");
    }
}

TEST_CASE("random texts, stops and cuts agree with the definition", "[stop]") {
    Random random(7);
    auto text = [&](size_t length) {
        std::string s;
        while (s.size() < length) s += static_cast<char>('a' + random.below(2));
        return s;
    };
    for (int round = 0; round < 3000; ++round) {
        std::vector<std::string> stops, pieces;
        for (size_t n = random.below(4); n > 0; --n) stops.push_back(text(1 + random.below(5)));
        std::string whole = text(random.below(30));
        for (size_t at = 0; at < whole.size();) {
            size_t n = random.below(4);
            pieces.push_back(whole.substr(at, n));
            at += n;
        }
        std::string wanted = by_definition(whole, stops);
        REQUIRE(streamed(pieces, stops, wanted) == wanted);
    }
}

TEST_CASE("an empty stop string is refused", "[stop]") {
    CHECK_THROWS_AS(StopMatcher({"a", ""}), Error);
}
