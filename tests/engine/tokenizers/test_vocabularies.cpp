// SPDX-License-Identifier: Apache-2.0
// Small models trained by sentencepiece and a rank file, against sentencepiece and tiktoken
// (scripts/golden/vocabularies.py); and tokenizers written as GGUF vocabularies and read back.
#include <catch2/catch.hpp>
#include <filesystem>

#include "core/error.h"
#include "core/files.h"
#include "core/random.h"
#include "formats/gguf_write.h"
#include "test.h"
#include "tokenizers/gguf_pre_types.h"
#include "tokenizers/gguf_vocabulary.h"
#include "tokenizers/sentencepiece.h"
#include "tokenizers/tiktoken.h"

using namespace moonlet;
namespace fs = std::filesystem;

namespace {

std::vector<fs::path> files(const std::string& folder, const std::string& extension) {
    std::vector<fs::path> found;
    for (auto& entry : fs::directory_iterator(test::golden(folder)))
        if (entry.path().extension() == extension) found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

void check(const Tokenizer& tokenizer, const Json& cases) {
    for (const Json& c : cases) {
        INFO(c["text"].dump());
        std::vector<int> ids = c["ids"];
        REQUIRE(tokenizer.encode(c["text"].get<std::string>()) == ids);
        CHECK(tokenizer.decode(ids) == c["decoded"].get<std::string>());
    }
}

std::shared_ptr<Tokenizer> through_gguf(const std::vector<GgufEntry>& entries) {
    std::string file = (test::scratch() / "through.gguf").string();
    write_gguf(file, entries, {});
    return Tokenizer::load(file);
}

}  // namespace

TEST_CASE("sentencepiece models give sentencepiece's ids and text") {
    auto models = files("vocabularies", ".model");
    CHECK(models.size() >= 8);
    for (auto& model : models) {
        INFO(model);
        auto tokenizer = Tokenizer::load(model.string());
        check(*tokenizer, read_json(fs::path(model).replace_extension(".json").string())["cases"]);
        // Saved and opened again it is the same.
        fs::path saved = test::scratch() / "saved.json";
        tokenizer->save(saved.string());
        check(*Tokenizer::load(saved.string()),
              read_json(fs::path(model).replace_extension(".json").string())["cases"]);
    }
}

TEST_CASE("a rank file gives tiktoken's ids under every encoding") {
    std::string file = (test::golden("vocabularies") / "ranks.tiktoken").string();
    Json golden = read_json((test::golden("vocabularies") / "ranks.json").string());
    for (auto& [name, cases] : golden["encodings"].items()) {
        INFO(name);
        check(*Tokenizer::load(file, name), cases);
    }
    CHECK_THROWS_AS(Tokenizer::load(file), Error);  // 700 ranks are no public encoding's
}

TEST_CASE("a tokenizer written as a GGUF vocabulary comes back the same") {
    int written = 0;
    for (auto& path : files("tokenizers", ".json")) {
        Json golden = read_json(path.string());
        if (!golden.contains("tokenizer") || !golden.contains("cases")) continue;
        INFO(path);
        auto tokenizer = Tokenizer::from_json(golden["tokenizer"], path.string());
        std::vector<GgufEntry> entries;
        try {
            entries = gguf_vocabulary(*tokenizer);
        } catch (const Error& e) {
            CHECK(std::string(e.what()).find("cannot be written as a GGUF vocabulary") ==
                  0 + std::string("this tokenizer ").size());
            continue;
        }
        ++written;
        auto back = through_gguf(entries);
        for (const Json& c : golden["cases"]) {
            std::string text = c["text"];
            INFO(c["text"].dump());
            REQUIRE(back->encode(text) == c["ids"].get<std::vector<int>>());
            CHECK(back->encode(text, false) == c["plain"].get<std::vector<int>>());
            CHECK(back->decode(c["ids"]) == c["decoded"].get<std::string>());
        }
    }
    CHECK(written >= 10);
}

TEST_CASE("the type of a pre-tokenizer is found by what it cuts") {
    auto type = [](const char* kind) {
        Json golden =
            read_json((test::golden("tokenizers") / (std::string(kind) + ".json")).string());
        return gguf_pre_type_of(golden["tokenizer"]).value_or("none");
    };
    CHECK(type("gpt2") == "gpt-2");
    CHECK(type("llama3") == "llama-bpe");
    CHECK(type("qwen2") == "qwen2");
    CHECK(type("falcon") == "falcon");
    CHECK(type("starcoder") == "starcoder");
    CHECK(type("tekken") == "tekken");
    CHECK(type("o200k") == "gpt-4o");
    CHECK(type("gpt_neox") == "mpt");
    for (const char* name :
         {"gpt-2",        "llama-bpe",      "dbrx",        "qwen2",  "stablelm2", "qwen35",
          "deepseek-llm", "deepseek-coder", "deepseek-v3", "falcon", "starcoder", "command-r",
          "bloom",        "viking",         "tekken",      "gpt-4o", "kimi-k2",   "youtu",
          "chameleon",    "afmoe",          "default"}) {
        const GgufPreType& pre = gguf_pre_type(name);
        Json json = {{"pre_tokenizer", pre.pre_tokenizer},
                     {"model", {{"ignore_merges", pre.ignore_merges}}}};
        if (pre.form) json["normalizer"] = {{"type", pre.form}};
        CHECK(gguf_pre_type_of(json).value_or("none") == name);
    }
    CHECK(type("roberta") == "none");  // a space in front, which llama.cpp does not add
}

TEST_CASE("models, ranks and vocabularies that were cut or bent are errors or tokenizers") {
    auto survives = [](const std::function<std::shared_ptr<Tokenizer>()>& open) {
        try {
            auto tokenizer = open();
            tokenizer->decode(tokenizer->encode("The moon's 달 é\u0301 🙂 <s> 12 \xff"));
            return true;
        } catch (const Error&) {
            return false;
        }
    };
    Random random(7);
    auto bend = [&](std::string bytes) {
        if (random.below(4) == 0) return bytes.substr(0, random.below(bytes.size()));
        for (uint64_t n = 1 + random.below(4); n > 0; --n)
            bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
        return bytes;
    };
    fs::path folder = test::golden("vocabularies");
    std::string model = read_file((folder / "bpe_llama.model").string());
    std::string symbols = read_file((folder / "unigram_symbols.model").string());
    std::string ranks = read_file((folder / "ranks.tiktoken").string());
    Json small = read_json((test::golden("tokenizers") / "llama2.json").string())["tokenizer"];
    std::string gguf = (test::scratch() / "bent.gguf").string();
    write_gguf(gguf, gguf_vocabulary(*Tokenizer::from_json(small, "llama2")), {});
    std::string entries = read_file(gguf);
    const char* text = std::getenv("MOONLET_FUZZ_ROUNDS");
    for (int round = text ? std::atoi(text) : 60; round > 0; --round) {
        for (auto* bytes : {&model, &symbols})
            survives([&] {
                return Tokenizer::from_json(tokenizer_json_from_sentencepiece(bend(*bytes), "bent"),
                                            "bent");
            });
        survives([&] {
            return Tokenizer::from_json(
                tokenizer_json_from_tiktoken(bend(ranks), "bent", "cl100k_base"), "bent");
        });
        write_file(gguf, bend(entries));
        survives([&] { return Tokenizer::load(gguf); });
    }
    CHECK_THROWS_AS(read_sentencepiece("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "x"), Error);
    CHECK_THROWS_AS(read_sentencepiece("", "x"), Error);
}
