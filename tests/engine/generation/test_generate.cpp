// SPDX-License-Identifier: Apache-2.0
// Writing text with a tiny random llama: ids and log-probabilities against transformers' generate,
// and what must hold of every run: the stream is the whole, the seed repeats it, the cache changes
// nothing, an interrupt keeps what there is.
#include <atomic>
#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/interrupt.h"
#include "generation/context.h"
#include "tiny.h"

using namespace moonlet;
using test::some_ids;

namespace {

struct ResetInterrupt {
    ~ResetInterrupt() { interrupt::reset(); }
};

GenerateOptions sampled(uint64_t seed, int max_tokens = 60) {
    GenerateOptions o;
    o.temperature = 1.2;
    o.top_k = 40;
    o.seed = seed;
    o.max_tokens = max_tokens;
    o.ignore_eos = true;
    return o;
}

bool valid_utf8(const std::string& s) {
    // Json's strict dump is another implementation of this question.
    try {
        (void)Json(s).dump(-1, ' ', false, Json::error_handler_t::strict);
        return true;
    } catch (const Json::exception&) {
        return false;
    }
}

}  // namespace

TEST_CASE("greedy text and its log-probabilities are those of transformers", "[generate]") {
    auto model = test::tiny();
    for (auto& c : test::peer()["cases"]) {
        GenerateOptions o;
        o.max_tokens = c["max_tokens"];
        o.repetition_penalty = c.value("repetition_penalty", 1.0);
        o.logprobs = true;
        if (c.contains("eos_token_id"))
            model->generation_config.eos_token_ids = test::ids_of(c["eos_token_id"]);
        auto result = generate(*model, test::ids_of(c["ids"]), o);
        REQUIRE(result.tokens == test::ids_of(c["tokens"]));
        REQUIRE(result.logprobs.size() == result.tokens.size());
        for (size_t i = 0; i < result.tokens.size(); ++i) {
            CHECK(result.logprobs[i].id == result.tokens[i]);
            CHECK(result.logprobs[i].logprob ==
                  Approx(c["logprobs"][i].get<double>()).margin(1e-4));
        }
        bool full = int(result.tokens.size()) == o.max_tokens;
        CHECK(result.finish_reason == (full ? "length" : "stop"));
        CHECK_FALSE(result.sampled);
    }
}

TEST_CASE("the stream put together is the text, and never holds half a character", "[generate]") {
    auto model = test::tiny();
    for (uint64_t seed = 1; seed <= 30; ++seed) {
        std::string streamed;
        auto result = generate(*model, {0, 7}, sampled(seed), [&](const std::string& piece) {
            CHECK(valid_utf8(piece));
            CHECK_FALSE(piece.empty());
            streamed += piece;
            return true;
        });
        CHECK(streamed == result.text);
        CHECK(result.text == model->tokenizer->decode(result.tokens, true));
        CHECK(result.tokens.size() == 60);
    }
}

TEST_CASE("the same seed gives the same text, whatever was asked before", "[generate]") {
    for (auto dtype : {at::kFloat, at::kBFloat16}) {
        auto model = test::tiny(dtype);
        auto first = generate(*model, some_ids(90), sampled(5));
        CHECK(first.cached_tokens == 0);
        CHECK(first.seed == 5);
        CHECK(first.sampled);
        auto again = generate(*model, some_ids(90), sampled(5));
        CHECK(again.cached_tokens > 0);
        CHECK(again.tokens == first.tokens);
        CHECK(generate(*model, some_ids(90), sampled(6)).tokens != first.tokens);
        // The next turn of a chat: what was there, what was written, and more.
        std::vector<int> longer = some_ids(90);
        longer.insert(longer.end(), first.tokens.begin(), first.tokens.end());
        longer.push_back(9);
        auto warm = generate(*model, longer, sampled(7));
        CHECK(warm.cached_tokens >= 64);
        auto cold = generate(*test::tiny(dtype), longer, sampled(7));
        CHECK(cold.cached_tokens == 0);
        CHECK(warm.tokens == cold.tokens);
    }
}

TEST_CASE("a drawn seed is reported and repeats the run", "[generate]") {
    auto model = test::tiny();
    GenerateOptions o = sampled(0);
    o.seed.reset();
    auto first = generate(*model, some_ids(5), o);
    o.seed = first.seed;
    CHECK(generate(*model, some_ids(5), o).tokens == first.tokens);
}

TEST_CASE("a stop string ends the text before it", "[generate]") {
    auto model = test::tiny();
    GenerateOptions o = sampled(3);
    std::string whole = generate(*model, {0, 7}, o).text;
    // Every piece of the text that crosses token borders serves as a stop string.
    for (size_t begin = 5; begin + 6 < whole.size(); begin += 6) {
        o.stop = {"never there", whole.substr(begin, 5)};
        std::string streamed;
        auto result = generate(*model, {0, 7}, o, [&](const std::string& piece) {
            streamed += piece;
            return true;
        });
        CHECK(result.text == whole.substr(0, whole.find(o.stop[1])));
        CHECK(streamed == result.text);
        CHECK(result.finish_reason == "stop");
    }
}

TEST_CASE("a stop string that is a special token ends by its id", "[generate]") {
    auto model = test::tiny();
    GenerateOptions o;
    o.max_tokens = 12;
    o.repetition_penalty = 1.4;
    auto unbound = generate(*model, {0, 277, 275}, o);
    REQUIRE(unbound.finish_reason == "length");
    // Give that role to the fourth token it writes.
    Json json = model->tokenizer->json();
    std::string text = model->tokenizer->id_to_token(unbound.tokens[3]);
    Json added = {{"id", unbound.tokens[3]}, {"content", text}, {"special", true},
                  {"single_word", false},    {"lstrip", false}, {"rstrip", false},
                  {"normalized", false}};
    json["added_tokens"].push_back(added);
    model->tokenizer = Tokenizer::from_json(json, "changed");
    o.stop = {text};
    auto result = generate(*model, {0, 277, 275}, o);
    CHECK(result.finish_reason == "stop");
    CHECK(result.tokens == std::vector<int>(unbound.tokens.begin(), unbound.tokens.begin() + 4));
}

TEST_CASE("end tokens: any of them ends, none shows, ignore_eos writes on", "[generate]") {
    auto model = test::tiny();
    GenerateOptions o = sampled(4, 20);
    auto unbound = generate(*model, {0, 7}, o);
    o.ignore_eos = false;
    model->generation_config.eos_token_ids = {1, unbound.tokens[6], 2};
    auto result = generate(*model, {0, 7}, o);
    size_t count = result.tokens.size();
    CHECK(result.finish_reason == "stop");
    CHECK(count <= 7);
    CHECK(result.tokens.back() == unbound.tokens[6]);
    std::vector<int> before(result.tokens.begin(), result.tokens.end() - 1);
    CHECK(result.text == model->tokenizer->decode(before, true));
    o.skip_special = false;
    CHECK(generate(*model, {0, 7}, o).text == model->tokenizer->decode(result.tokens, false));
}

TEST_CASE("max_tokens and the context's end give length", "[generate]") {
    auto model = test::tiny();
    CHECK(generate(*model, some_ids(9), sampled(1, 3)).tokens.size() == 3);
    auto result = generate(*model, some_ids(250), sampled(1, 100));
    CHECK(result.finish_reason == "length");
    CHECK(result.tokens.size() == 6);  // 256 positions
    CHECK_THROWS_WITH(generate(*model, some_ids(256), sampled(1)),
                      Catch::Contains("256") && Catch::Contains("shorten"));
}

TEST_CASE("the caller can end it", "[generate]") {
    auto model = test::tiny();
    int calls = 0;
    auto result =
        generate(*model, {0, 7}, sampled(2), [&](const std::string&) { return ++calls < 3; });
    CHECK(calls == 3);
    CHECK(result.finish_reason == "callback");
    CHECK(result.text.size() < generate(*model, {0, 7}, sampled(2)).text.size());
}

TEST_CASE("an interrupt keeps what there is and the model stays usable", "[generate]") {
    ResetInterrupt reset;
    auto model = test::tiny();
    auto whole = generate(*model, some_ids(40), sampled(2));
    int calls = 0;
    auto partial = generate(*model, some_ids(40), sampled(2), [&](const std::string&) {
        if (++calls == 5) interrupt::flag() = int(interrupt::State::requested);
        return true;
    });
    CHECK(partial.finish_reason == "interrupt");
    CHECK(calls == 5);
    CHECK(partial.tokens.size() >= 5);
    CHECK(partial.tokens.size() < whole.tokens.size());
    CHECK(std::equal(partial.tokens.begin(), partial.tokens.end(), whole.tokens.begin()));
    CHECK(partial.text == model->tokenizer->decode(partial.tokens, true));
    // Nobody has come back to the prompt yet: a loop of calls ends too.
    CHECK_THROWS_AS(generate(*model, some_ids(40), sampled(2)), Interrupted);
    interrupt::reset();
    CHECK(generate(*model, some_ids(40), sampled(2)).tokens == whole.tokens);
    // While the prompt is read.
    interrupt::flag() = int(interrupt::State::requested);
    auto early = generate(*model, some_ids(100, 1), sampled(2));
    CHECK(early.finish_reason == "interrupt");
    CHECK(early.tokens.empty());
}

TEST_CASE("a callback may fail, or ask the same model something", "[generate]") {
    auto model = test::tiny();
    auto whole = generate(*model, some_ids(40), sampled(2));
    struct Failure {};
    CHECK_THROWS_AS(generate(*model, some_ids(40), sampled(2),
                             [](const std::string&) -> bool { throw Failure{}; }),
                    Failure);
    auto nested = generate(*model, some_ids(40), sampled(2), [&](const std::string&) {
        return !next_tokens(*model, some_ids(20, 3), 2).empty();
    });
    CHECK(nested.tokens == whole.tokens);
}

TEST_CASE("without a tokenizer there are ids only", "[generate]") {
    auto model = test::tiny();
    auto whole = generate(*model, {0, 7}, sampled(2));
    model->tokenizer = nullptr;
    auto result = generate(*model, {0, 7}, sampled(2));
    CHECK(result.tokens == whole.tokens);
    CHECK(result.text.empty());
    GenerateOptions o = sampled(2);
    o.stop = {"x"};
    CHECK_THROWS_WITH(generate(*model, {0, 7}, o), Catch::Contains("tokenizer"));
}

TEST_CASE("what generate cannot take is one clear error", "[generate]") {
    auto model = test::tiny();
    CHECK_THROWS_WITH(generate(*model, {}, {}), Catch::Contains("no token ids"));
    CHECK_THROWS_WITH(generate(*model, {5, 320}, {}), Catch::Contains("320"));
    CHECK_THROWS_WITH(generate(*model, {-1}, {}), Catch::Contains("-1"));
    GenerateOptions o;
    o.top_p = 1.5;
    CHECK_THROWS_WITH(generate(*model, {5}, o), Catch::Contains("top_p 1.5"));
}

TEST_CASE("an empty prompt is the model's first token", "[generate]") {
    auto model = test::tiny();
    GenerateOptions o;
    o.special = false;
    auto result = generate_text(*model, "", o);
    CHECK(result.prompt_ids == std::vector<int>{0});
}
