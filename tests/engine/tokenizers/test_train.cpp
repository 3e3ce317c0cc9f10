// SPDX-License-Identifier: Apache-2.0
// BPE training: the same merges in the same order as Hugging Face's BpeTrainer.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/progress.h"
#include "test.h"
#include "tokenizers/train.h"

using namespace moonlet;

namespace {

std::function<bool(std::string&)> each(const std::vector<std::string>& texts) {
    auto next = std::make_shared<size_t>(0);
    return [next, texts](std::string& text) {
        if (*next == texts.size()) return false;
        text = texts[(*next)++];
        return true;
    };
}

}  // namespace

TEST_CASE("training equals Hugging Face's") {
    Json file = read_json((test::golden("tokenizers") / "train.json").string());
    std::vector<std::string> texts = file["texts"];
    for (const Json& c : file["cases"]) {
        INFO(c["options"].dump());
        auto tokenizer = train_tokenizer(each(texts), TrainOptions::from_json(c["options"]));
        const Json& model = tokenizer->json()["model"];
        CHECK(model["merges"] == c["merges"]);
        CHECK(model["vocab"] == c["vocab"]);
        for (const std::string& text : texts)
            CHECK(tokenizer->decode(tokenizer->encode(text)) == text);
    }
}

TEST_CASE("other kinds are trained as Hugging Face does") {
    Json file = read_json((test::golden("tokenizers") / "train.json").string());
    std::vector<std::string> texts = file["texts"];
    auto model = [&](const Json& options) {
        return train_tokenizer(each(texts), TrainOptions::from_json(options))->json()["model"];
    };
    for (const Json& c : file["exact"]) {
        INFO(c["options"].dump());
        Json found = model(c["options"]);
        std::map<std::string, int> ours = found["vocab"], theirs = c["model"]["vocab"];
        CHECK(ours == theirs);
        if (c["model"].contains("merges")) CHECK(found["merges"] == c["model"]["merges"]);
    }
    // The same pieces but for one in a hundred (at a size of 200 one piece at the edge of the
    // vocabulary differs, why is not known); scores as far as the order of sums goes, and where a
    // character that no round kept is numbered by chance there.
    for (const Json& c : file["unigram"]) {
        INFO(c["options"].dump());
        std::map<std::string, double> ours, theirs;
        Json found = model(c["options"]);
        for (const Json& e : found["vocab"]) ours[e[0]] = e[1];
        for (const Json& e : c["model"]["vocab"]) theirs[e[0]] = e[1];
        REQUIRE(ours.size() == theirs.size());
        double lowest = 0;
        for (auto& [piece, score] : theirs) lowest = std::min(lowest, score);
        size_t missing = 0;
        for (auto& [piece, score] : theirs) {
            INFO(piece);
            missing += ours.count(piece) == 0;
            if (ours.count(piece) == 1)
                CHECK(std::abs(ours[piece] - score) < (score < lowest + 0.01 ? 0.01 : 1e-9));
        }
        CHECK(missing * 100 <= theirs.size());
    }
    const Json& wordpiece = file["wordpiece"];
    std::map<std::string, int> ours = model(wordpiece["options"])["vocab"];
    CHECK(ours.size() == wordpiece["size"].get<size_t>());
    for (const Json& token : wordpiece["always"]) CHECK(ours.count(token) == 1);
    std::vector<std::string> ever = wordpiece["ever"];
    size_t strange = 0;  // merges of equal count that none of the recorded runs happened to do
    for (auto& [token, id] : ours)
        strange += std::find(ever.begin(), ever.end(), token) == ever.end();
    CHECK(strange < 10);
}

TEST_CASE("special tokens come first and are one token each") {
    TrainOptions options;
    options.vocab_size = 270;
    options.special_tokens = {"<|end|>", "<|user|>"};
    auto tokenizer = train_tokenizer(each({"some text, some text", "more text"}), options);
    CHECK(tokenizer->encode("<|user|>hi<|end|>").front() == 1);
    CHECK(tokenizer->encode("<|user|>hi<|end|>").back() == 0);
    CHECK(tokenizer->is_special(0));
    CHECK(tokenizer->decode({0, 1}, true) == "");
    CHECK(tokenizer->vocab_size() <= 270);
}

TEST_CASE("training on nothing, and on broken text, knows all bytes") {
    TrainOptions options;
    auto tokenizer = train_tokenizer(each({}), options);
    CHECK(tokenizer->vocab_size() == 256);
    CHECK(tokenizer->decode(tokenizer->encode("any 글 🙂")) == "any 글 🙂");
    CHECK(train_tokenizer(each({"\xff\xfe a", ""}), options)->vocab_size() >= 256);
}

TEST_CASE("options that cannot be") {
    using Catch::Contains;
    auto message = [](const Json& options) {
        try {
            train_tokenizer(each({"x"}), TrainOptions::from_json(options));
        } catch (const Error& e) {
            return std::string(e.what());
        }
        return std::string();
    };
    CHECK_THAT(message({{"vocab_size", 100}}), Contains("at least 256"));
    CHECK_THAT(message({{"vocab_sise", 1000}}), Contains("vocab_size"));
    CHECK_THAT(message({{"kind", "bigram"}}), Contains("bpe"));
    CHECK_THAT(message({{"special_tokens", {"a", "a"}}}), Contains("twice"));
    CHECK_THAT(message({{"special_tokens", {""}}}), Contains("special token 1"));
    CHECK(message({{"vocab_size", 256}}).empty());
}

TEST_CASE("training tells of its progress and stops on Ctrl-C") {
    int reports = 0;
    auto before = set_progress_listener([&](const Progress&) { ++reports; });
    TrainOptions options;
    train_tokenizer(each({"a text that is read"}), options);
    set_progress_listener(before);
    CHECK(reports > 0);

    interrupt::flag() = static_cast<int>(interrupt::State::requested);
    CHECK_THROWS_AS(train_tokenizer(each({"a", "b"}), options), Interrupted);
    interrupt::reset();
}

TEST_CASE("char training gives every character a token, the frequent first") {
    TrainOptions options;
    options.kind = "char";
    options.min_frequency = 1;
    options.special_tokens = {"<s>", "</s>"};
    auto tokenizer = train_tokenizer(each({"가나가", "가 b\n"}), options);
    CHECK(tokenizer->vocab_size() == 3 + 5);  // 가, then of equals "\n", " ", "b", "나"
    CHECK(tokenizer->encode("가나x", true) == std::vector<int>{0, 3, 7, 2, 1});
    CHECK(tokenizer->encode("\n b", false) == std::vector<int>{4, 5, 6});
    CHECK(tokenizer->decode({3, 7, 5, 6}) == "가나 b");
    options.special_tokens = {};
    CHECK(train_tokenizer(each({"ab"}), options)->encode("ab", true) == std::vector<int>{1, 2});
    options.vocab_size = 1;
    CHECK_THROWS_WITH(train_tokenizer(each({"ab"}), options), Catch::Contains("special tokens"));
}
