// SPDX-License-Identifier: Apache-2.0
// Ids, offsets and decoded text of Hugging Face tokenizers (scripts/golden/tokenizers.py), for
// small tokenizers of every kind and for MiniLM's real one; the matches of its regular expressions
// too.
#include <catch2/catch.hpp>
#include <filesystem>

#include "core/error.h"
#include "test.h"
#include "tokenizers/pipeline.h"
#include "tokenizers/regex.h"
#include "tokenizers/tokenizer.h"

using namespace moonlet;

namespace {

Json golden(const std::string& name) {
    return read_json((test::golden("tokenizers") / (name + ".json")).string());
}

void check_cases(const std::shared_ptr<Tokenizer>& tokenizer, const Json& file) {
    for (const Json& c : file["cases"]) {
        std::string text = c["text"];
        INFO("text " << c["text"].dump());
        Encoding e = tokenizer->encode_with_offsets(text);
        std::vector<int> ids = c["ids"];
        REQUIRE(e.ids == ids);
        std::vector<std::pair<size_t, size_t>> offsets = c["offsets"];
        REQUIRE(e.offsets == offsets);
        CHECK(tokenizer->encode(text) == ids);
        CHECK(tokenizer->encode(text, false) == c["plain"].get<std::vector<int>>());
        CHECK(tokenizer->decode(ids) == c["decoded"].get<std::string>());
        CHECK(tokenizer->decode(ids, true) == c["skipped"].get<std::string>());
    }
}

void check_encoding(const Encoding& e, const Json& want) {
    CHECK(e.ids == want["ids"].get<std::vector<int>>());
    CHECK(e.type_ids == want["type_ids"].get<std::vector<int>>());
    CHECK(e.attention_mask == want["attention_mask"].get<std::vector<int>>());
    CHECK(e.special_mask == want["special_mask"].get<std::vector<int>>());
    if (want.contains("offsets")) {  // the peer does not always say
        CHECK(e.offsets == want["offsets"].get<std::vector<std::pair<size_t, size_t>>>());
        CHECK(e.sequence_ids == want["sequence_ids"].get<std::vector<int>>());
    }
    REQUIRE(e.overflow.size() == want["overflow"].size());
    for (size_t i = 0; i < e.overflow.size(); ++i)
        check_encoding(e.overflow[i], want["overflow"][i]);
}

// Texts or pairs, cut and padded.
void check_batch(const Tokenizer& tokenizer, const Json& batch) {
    INFO("batch " << batch["batch"].dump() << " with " << batch["options"].dump());
    std::vector<std::string> firsts, seconds;
    for (const Json& texts : batch["batch"]) {
        firsts.push_back(texts[0]);
        if (texts.size() > 1) seconds.push_back(texts[1]);
    }
    EncodeOptions options = EncodeOptions::from_json(batch["options"], "test");
    for (unsigned threads : {1u, 3u}) {
        auto found = tokenizer.encode_batch(firsts, seconds, options, threads);
        REQUIRE(found.size() == batch["found"].size());
        for (size_t i = 0; i < found.size(); ++i) check_encoding(found[i], batch["found"][i]);
    }
}

std::string streamed(const std::shared_ptr<Tokenizer>& tokenizer, const std::vector<int>& ids,
                     bool skip_special) {
    DecodeStream stream(tokenizer, skip_special);
    std::string all;
    for (int id : ids) all += stream.push(id);
    return all + stream.finish();
}

}  // namespace

TEST_CASE("tokenizers of every kind agree with Hugging Face's") {
    auto kind =
        GENERATE(as<std::string>(), "gpt2", "roberta", "llama3", "qwen2", "o200k", "deepseek",
                 "falcon", "bytes_first", "bert", "bert_cased", "llama2", "gemma", "metaspace",
                 "gpt1", "prefixed", "wordlevel", "t5", "xlm_r", "unigram_bytes", "scripts",
                 "tekken", "gpt_neox", "starcoder", "phi3", "gemma3", "legacy");
    INFO(kind);
    Json file = golden(kind);
    auto tokenizer = Tokenizer::from_json(file["tokenizer"], kind);
    check_cases(tokenizer, file);
    for (const Json& d : file["decodes"]) {
        std::vector<int> ids = d["ids"];
        INFO("ids " << d["ids"].dump());
        CHECK(tokenizer->decode(ids) == d["decoded"].get<std::string>());
        CHECK(tokenizer->decode(ids, true) == d["skipped"].get<std::string>());
        CHECK(streamed(tokenizer, ids, false) == d["decoded"].get<std::string>());
        CHECK(streamed(tokenizer, ids, true) == d["skipped"].get<std::string>());
    }

    for (const Json& b : file["batches"]) check_batch(*tokenizer, b);

    auto folder = test::scratch() / kind;
    std::filesystem::create_directories(folder);
    tokenizer->save(folder.string());
    check_cases(Tokenizer::load(folder.string()), file);
}

TEST_CASE("every kind that Hugging Face tokenizers 0.23 has is known") {
    using Names = std::vector<std::string>;  // in order of the alphabet
    CHECK(ModelKinds::names() == Names{"BPE", "Unigram", "WordLevel", "WordPiece"});
    CHECK(NormalizerKinds::names() ==
          Names{"BertNormalizer", "ByteLevel", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt",
                "Precompiled", "Prepend", "Replace", "Sequence", "Strip", "StripAccents"});
    CHECK(PreTokenizerKinds::names() ==
          Names{"BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Digits", "FixedLength",
                "Metaspace", "Punctuation", "Sequence", "Split", "UnicodeScripts", "Whitespace",
                "WhitespaceSplit"});
    CHECK(PostProcessorKinds::names() ==
          Names{"BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence",
                "TemplateProcessing"});
    CHECK(DecoderKinds::names() == Names{"BPEDecoder", "ByteFallback", "ByteLevel", "CTC", "Fuse",
                                         "Metaspace", "Replace", "Sequence", "Strip",
                                         "WordPiece"});
}

TEST_CASE("MiniLM's tokenizer agrees with Hugging Face's") {
    auto folder = test::minilm();
    if (!std::filesystem::exists(folder / "tokenizer.json"))
        return test::skip("no MiniLM in " + folder.string());
    auto tokenizer = Tokenizer::load(folder.string());
    CHECK(tokenizer->describe() == "WordPiece · 30522 tokens");
    check_cases(tokenizer, golden("minilm"));
}

TEST_CASE("patterns match what Oniguruma matches") {
    Json file = golden("patterns");
    for (const Json& p : file["patterns"]) {
        INFO("pattern " << p["pattern"].dump());
        Regex regex(p["pattern"].get<std::string>());
        for (size_t i = 0; i < file["texts"].size(); ++i) {
            INFO("text " << file["texts"][i].dump());
            Ranges found, kept;
            std::string text = file["texts"][i];
            regex.find_all(text, found);
            for (auto& r : found)
                if (r.first < r.second) kept.push_back(r);  // the peer drops empty pieces
            CHECK(kept == p["matches"][i].get<Ranges>());
        }
    }
}

TEST_CASE("patterns that are not supported or not valid say so") {
    CHECK_THROWS_WITH(Regex("[a[b]]"), Catch::Contains("class inside of a class"));
    CHECK_THROWS_WITH(Regex("[a&&b]"), Catch::Contains("intersection"));
    CHECK_THROWS_WITH(Regex("(a"), Catch::Contains("does not compile"));
    CHECK_THROWS_WITH(Regex("\\p{Nonsense}"), Catch::Contains("does not compile"));
    CHECK_THROWS_AS(Regex("[a"), Error);
    CHECK_THROWS_AS(Regex("a\\"), Error);
    CHECK_THROWS_AS(Regex("\xff"), Error);
    Ranges found;
    std::string many(100, 'a');
    CHECK_THROWS_WITH(Regex("(a|aa)+[bc]d").find_all(many + " bd", found),
                      Catch::Contains("gave up"));
}
