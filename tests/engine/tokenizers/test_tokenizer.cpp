// SPDX-License-Identifier: Apache-2.0
// What the golden files do not say: invalid UTF-8, lookups, errors, streams that stop in the middle
// of a character, long words, threads.
#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/error.h"
#include "test.h"
#include "tokenizers/tokenizer.h"

using namespace moonlet;

namespace {

Json golden_json(const std::string& kind) {
    return read_json((test::golden("tokenizers") / (kind + ".json")).string())["tokenizer"];
}

std::shared_ptr<Tokenizer> golden_tokenizer(const std::string& kind) {
    return Tokenizer::from_json(golden_json(kind), kind);
}

}  // namespace

TEST_CASE("invalid UTF-8 reads as U+FFFD and offsets stay those of the given bytes") {
    auto kind = GENERATE(as<std::string>(), "gpt2", "llama2", "metaspace");
    auto tokenizer = golden_tokenizer(kind);
    std::string broken = "ab\xff" "c\xe2\x82 d\xf0\x9f", repaired = "ab\uFFFDc\uFFFD d\uFFFD";
    // byte of `repaired` -> byte of `broken`
    std::vector<size_t> at = {0, 1, 2, 2, 2, 3, 4, 4, 4, 6, 7, 8, 8, 8, 10};
    Encoding given = tokenizer->encode_with_offsets(broken);
    Encoding clean = tokenizer->encode_with_offsets(repaired);
    REQUIRE(given.ids == clean.ids);
    CHECK(tokenizer->encode(broken) == clean.ids);
    for (size_t i = 0; i < clean.offsets.size(); ++i) {
        CHECK(given.offsets[i].first == at[clean.offsets[i].first]);
        CHECK(given.offsets[i].second == at[clean.offsets[i].second]);
    }
}

TEST_CASE("tokens are found by name and by id") {
    auto tokenizer = golden_tokenizer("qwen2");
    CHECK(tokenizer->token_to_id("<|im_start|>") == 1);
    CHECK(tokenizer->id_to_token(1) == "<|im_start|>");
    CHECK(tokenizer->is_special(1));
    int think = tokenizer->token_to_id("<think>").value();
    CHECK_FALSE(tokenizer->is_special(think));
    CHECK(tokenizer->token_to_id("no such token") == std::nullopt);
    CHECK(tokenizer->vocab_size() == 703);
    CHECK(tokenizer->describe() == "BPE · 703 tokens");
    CHECK(tokenizer->bytes() > 10000);
    CHECK_THROWS_WITH(tokenizer->id_to_token(703), Catch::Contains("from 0 to 702"));
    CHECK_THROWS_AS(tokenizer->id_to_token(-1), Error);
    CHECK(tokenizer->decode({-1, 100000, 2147483647}) == "");
}

TEST_CASE("the id of an added token is the next free one, as in Hugging Face's library") {
    Json json = golden_json("gpt2");
    json["added_tokens"].push_back({{"id", 5000}, {"content", "<new>"}, {"special", true}});
    auto tokenizer = Tokenizer::from_json(json, "changed");
    CHECK(tokenizer->token_to_id("<new>") == 700);
    CHECK(tokenizer->encode("a<new>").back() == 700);
}

TEST_CASE("a stream never gives half a character") {
    auto kind = GENERATE(as<std::string>(), "gpt2", "llama2", "bert", "gpt1", "metaspace");
    auto tokenizer = golden_tokenizer(kind);
    std::string text = "go 🙂👩‍👩‍👧‍👦 漢字 한글 the moon's café.";
    std::vector<int> ids = tokenizer->encode(text);
    DecodeStream stream(tokenizer, true);
    std::string all, whole = tokenizer->decode(ids, true);
    for (int id : ids) {
        std::string piece = stream.push(id);
        CHECK(piece.find("\uFFFD") == std::string::npos);
        all += piece;
        CHECK(whole.compare(0, all.size(), all) == 0);
    }
    CHECK(all + stream.finish() == whole);
}

TEST_CASE("a stream that ends in the middle of a character ends in U+FFFD, and begins anew") {
    auto tokenizer = golden_tokenizer("gpt2");
    std::vector<int> ids = tokenizer->encode("ab🙂");
    REQUIRE(ids.size() > 3);
    ids.pop_back();
    DecodeStream stream(tokenizer, false);
    std::string all;
    for (int id : ids) all += stream.push(id);
    CHECK(all == "ab");
    CHECK(stream.finish() == "\uFFFD");
    CHECK(stream.finish() == "");
    CHECK(stream.push(ids[0]) == "a");
}

TEST_CASE("a long stream keeps its context short and its text right") {
    auto kind = GENERATE(as<std::string>(), "gpt2", "llama2", "bert", "gpt1", "metaspace");
    auto tokenizer = golden_tokenizer(kind);
    std::string text;
    for (int i = 0; i < 300; ++i) text += "the boat " + std::to_string(i) + " left é 달 ";
    std::vector<int> ids = tokenizer->encode(text);
    DecodeStream stream(tokenizer, false);
    std::string all;
    for (int id : ids) all += stream.push(id);
    CHECK(all + stream.finish() == tokenizer->decode(ids));
}

TEST_CASE("a word of a megabyte takes no quadratic time") {
    auto tokenizer = golden_tokenizer("gpt2");
    for (const char* unit : {"a", "the", "한", " "}) {
        std::string text;
        while (text.size() < 1000000) text += unit;
        CHECK(tokenizer->decode(tokenizer->encode(text)) == text);
    }
}

TEST_CASE("one tokenizer serves many threads") {
    auto tokenizer = golden_tokenizer("llama3");
    std::string text;
    for (int i = 0; i < 200; ++i) text += "word" + std::to_string(i * 37) + " 달은 moon ";
    auto expected = tokenizer->encode(text);
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 20; ++i) wrong += tokenizer->encode(text) != expected;
        });
    for (auto& t : threads) t.join();
    CHECK(wrong == 0);
}

TEST_CASE("two tokenizers of different models do not share remembered words") {
    auto a = golden_tokenizer("gpt2"), b = golden_tokenizer("o200k");
    auto ids = a->encode("the moon people walked");
    for (int i = 0; i < 3; ++i) {
        CHECK(a->encode("the moon people walked") == ids);
        CHECK(b->decode(b->encode("the moon people walked")) == "the moon people walked");
    }
}

TEST_CASE("what a tokenizer.json must not say") {
    auto broken = [](const std::string& kind, const std::function<void(Json&)>& change) {
        Json json = golden_json(kind);
        change(json);
        std::string message;
        try {
            Tokenizer::from_json(json, "x.json");
        } catch (const Error& e) {
            message = e.what();
        }
        return message;
    };
    using Catch::Contains;
    CHECK_THAT(broken("gpt2", [](Json& j) { j["pre_tokenizer"]["type"] = "ByteLeve"; }),
               Contains("x.json") && Contains("pre_tokenizer") && Contains("\"ByteLevel\""));
    CHECK_THAT(broken("gpt2", [](Json& j) { j["model"]["type"] = "Unknowable"; }),
               Contains("tokenizer model"));
    CHECK_THAT(broken("llama2",
                      [](Json& j) { j["normalizer"]["normalizers"][1]["type"] = "Rot13"; }),
               Contains("normalizer(Sequence)[1]"));
    CHECK_THAT(broken("llama2", [](Json& j) { j["decoder"]["decoders"][3]["start"] = "x"; }),
               Contains("start"));
    CHECK_THAT(broken("gpt2", [](Json& j) { j["model"]["merges"][3] = "onlyone"; }),
               Contains("merges[3]"));
    CHECK_THAT(broken("gpt2", [](Json& j) { j["model"]["merges"][3] = Json::array({"zz", "qq"}); }),
               Contains("not in the vocabulary"));
    CHECK_THAT(broken("gpt2", [](Json& j) { j["model"]["vocab"]["!"] = -3; }), Contains("\"!\""));
    CHECK_THAT(broken("gpt2", [](Json& j) { j["model"]["dropout"] = 0.1; }), Contains("dropout"));
    CHECK_THAT(broken("gpt2", [](Json& j) { j.erase("model"); }), Contains("model is missing"));
    CHECK_THAT(broken("gpt2", [](Json& j) { j["version"] = "2.0"; }), Contains("version"));
    CHECK_THAT(broken("gpt2", [](Json& j) { j = Json::array(); }), Contains("JSON object"));
    CHECK_THAT(broken("bert", [](Json& j) { j["post_processor"]["single"][0] = 5; }),
               Contains("single"));
    CHECK_THAT(broken("bert",
                      [](Json& j) {
                          j["post_processor"]["special_tokens"]["[CLS]"]["ids"][0] = 3000000000;
                      }),
               Contains("[CLS]"));
    CHECK_THAT(broken("bert_cased", [](Json& j) { j["post_processor"]["sep"][1] = -1; }),
               Contains("sep"));
    CHECK_THAT(broken("o200k",
                      [](Json& j) {
                          j["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = "(a";
                      }),
               Contains("does not compile"));
    CHECK(broken("bert", [](Json& j) { j["model"].erase("type"); }).empty());
    CHECK(broken("gpt2", [](Json& j) { j["model"].erase("type"); }).empty());
}

TEST_CASE("files that are not there or no tokenizer") {
    auto folder = test::scratch() / "empty";
    std::filesystem::create_directories(folder);
    CHECK_THROWS_WITH(Tokenizer::load(folder.string()), Catch::Contains("no tokenizer.json"));
    CHECK_THROWS_AS(Tokenizer::load((folder / "nowhere").string()), Error);
    std::ofstream(folder / "tokenizer.json") << "{\"model\": ";
    CHECK_THROWS_WITH(Tokenizer::load(folder.string()), Catch::Contains("not JSON"));
}

TEST_CASE("an unknown word without an unknown token is an error, not a crash") {
    Json json = golden_json("bert");
    json["model"]["unk_token"] = "[NONE]";
    auto tokenizer = Tokenizer::from_json(json, "changed");
    CHECK_THROWS_WITH(tokenizer->encode("\U0001F600"), Catch::Contains("[NONE]"));
}
