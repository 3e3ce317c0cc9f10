// SPDX-License-Identifier: Apache-2.0
// tokenizer.json files that were cut, bent or written by an enemy: an Error or a working tokenizer,
// never a crash. Seeded; $MOONLET_FUZZ_ROUNDS makes it longer.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "core/error.h"
#include "core/random.h"
#include "test.h"
#include "tokenizers/tokenizer.h"

using namespace moonlet;

namespace {

const char* const kKinds[] = {"gpt2", "llama3", "bert", "llama2", "metaspace", "gpt1", "wordlevel"};

int rounds() {
    const char* text = std::getenv("MOONLET_FUZZ_ROUNDS");
    return text ? std::atoi(text) : 40;
}

// Loads and, if it loads, uses it.
bool survives(const std::string& text) {
    try {
        auto tokenizer = Tokenizer::from_json(parse_json(text, "bent"), "bent");
        const char* given = "The moon's 달 é\u0301 🙂 <s> <mask> 12 \xff";
        auto e = tokenizer->encode_with_offsets(given);
        tokenizer->decode(e.ids);
        DecodeStream stream(tokenizer, true);
        for (int id : e.ids) stream.push(id);
        stream.finish();
        return true;
    } catch (const Error&) {
        return false;
    }
}

// A tokenizer.json small enough to be bent a thousand times: vocabulary and merges cut down.
Json small(const std::string& kind) {
    Json json = read_json((test::golden("tokenizers") / (kind + ".json")).string())["tokenizer"];
    Json& model = json["model"];
    if (model.contains("merges")) {
        Json merges = Json::array();
        for (size_t i = 0; i < 20 && i < model["merges"].size(); ++i)
            merges.push_back(model["merges"][i]);
        model["merges"] = merges;
    }
    return json;
}

// Replaces one random value anywhere in the tree.
void bend(Json& json, Random& random) {
    static const Json kValues[] = {nullptr, true, false, -1, 0, 3000000000, 1e300, "", "x",
                                   "\u0000", "▁", Json::array(), Json::object(),
                                   Json::array({1, "a"}), {{"type", "Sequence"}},
                                   {{"Regex", "(a|b)*+?["}}, {{"String", ""}}};
    Json* at = &json;
    while (at->is_structured() && !at->empty() && random.below(8) != 0) {
        auto it = at->begin();
        std::advance(it, static_cast<std::ptrdiff_t>(random.below(at->size())));
        at = &*it;
    }
    *at = kValues[random.below(std::size(kValues))];
}

}  // namespace

TEST_CASE("a truncated tokenizer.json is an error") {
    for (const char* kind : kKinds) {
        std::string text = dump_json(small(kind), -1);
        Random random(1);
        for (int i = 0; i < rounds(); ++i)
            CHECK_FALSE(survives(text.substr(0, random.below(text.size()))));
    }
}

TEST_CASE("bytes changed at random give an error or a tokenizer") {
    int working = 0;
    for (const char* kind : kKinds) {
        std::string text = dump_json(small(kind), -1);
        Random random(2);
        for (int i = 0; i < rounds(); ++i) {
            std::string bent = text;
            for (uint64_t n = 1 + random.below(3); n > 0; --n)
                bent[random.below(bent.size())] = static_cast<char>(random.below(256));
            working += survives(bent);
        }
    }
    CHECK(working > 0);
}

TEST_CASE("values changed at random give an error or a tokenizer") {
    int working = 0;
    for (const char* kind : kKinds) {
        Json json = small(kind);
        Random random(3);
        for (int i = 0; i < rounds() * 5; ++i) {
            Json bent = json;
            for (uint64_t n = 1 + random.below(3); n > 0; --n) bend(bent, random);
            working += survives(dump_json(bent, -1));
        }
    }
    CHECK(working > 0);
}

TEST_CASE("ids far apart take no memory for the gap") {
    Json json = small("wordlevel");
    json["model"]["vocab"]["far"] = 2147483646;
    auto tokenizer = Tokenizer::from_json(json, "far");
    CHECK(tokenizer->id_to_token(2147483646) == "far");
    CHECK(tokenizer->vocab_size() == 2147483647u);
    CHECK(tokenizer->bytes() < 10000000);
}
