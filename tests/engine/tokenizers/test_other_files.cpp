// SPDX-License-Identifier: Apache-2.0
// Tokenizers that are no tokenizer.json: the cases of llama.cpp (tokens of Hugging Face's library)
// for every GGUF vocabulary of the shared data, those of rank files, and files cut or bent.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/error.h"
#include "core/files.h"
#include "core/random.h"
#include "formats/gguf_write.h"
#include "test.h"
#include "tokenizers/gguf_vocabulary.h"
#include "tokenizers/tiktoken.h"

using namespace moonlet;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> blocks(const std::string& text) {
    const std::string mark = "\n__ggml_vocab_test__\n";
    std::vector<std::string> out;
    for (size_t at = 0; at <= text.size();) {
        size_t end = std::min(text.find(mark, at), text.size());
        out.push_back(text.substr(at, end - at));
        at = end + mark.size();
    }
    return out;
}

std::vector<int> ids_of(const std::string& line) {
    std::istringstream in(line);
    std::vector<int> ids;
    for (int id; in >> id;) ids.push_back(id);
    return ids;
}

std::string what_of(const std::function<void()>& f) {
    try {
        f();
        return "no error";
    } catch (const Error& e) {
        return e.what();
    }
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("GGUF vocabularies give the tokens of their .inp and .out files") {
    fs::path folder = test::data("tokenizers/gguf");
    if (!fs::exists(folder)) return test::skip("no tokenizers/gguf in the shared data");
    int vocabularies = 0;
    for (auto& entry : fs::directory_iterator(folder)) {
        std::string path = entry.path().string();
        if (entry.path().extension() != ".gguf") continue;
        INFO(path);
        auto tokenizer = Tokenizer::load(path);
        CHECK(tokenizer->vocab_size() > 1000);
        ++vocabularies;
        if (!fs::exists(path + ".inp")) continue;
        auto texts = blocks(read_file(path + ".inp"));
        std::istringstream out(read_file(path + ".out"));
        std::string line;
        for (size_t i = 0; i < texts.size() && std::getline(out, line); ++i) {
            INFO(texts[i]);
            CHECK(tokenizer->encode(texts[i], false) == ids_of(line));
        }
    }
    CHECK(vocabularies > 0);
}

TEST_CASE("rank files give tiktoken's tokens") {
    fs::path folder = test::data("tokenizers/tiktoken");
    if (!fs::exists(folder)) return test::skip("no tokenizers/tiktoken in the shared data");
    std::map<std::string, std::shared_ptr<Tokenizer>> tokenizers;
    std::ifstream plans(folder / "test_plans.jsonl");
    std::string line;
    while (std::getline(plans, line)) {
        Json plan = parse_json(line, "test_plans.jsonl");
        std::string encoding = plan["encoding"];
        fs::path file = folder / (encoding + ".tiktoken");
        if (!fs::exists(file)) continue;
        auto& tokenizer = tokenizers[encoding];
        if (!tokenizer) tokenizer = Tokenizer::load(file.string());
        INFO(line);
        CHECK(tokenizer->encode(plan["text"].get<std::string>()) ==
              plan["ids"].get<std::vector<int>>());
        CHECK(tokenizer->decode(plan["ids"]) == plan["text"].get<std::string>());
    }
    CHECK(!tokenizers.empty());
}

namespace {

// All 256 bytes, and what follows.
std::string rank_file(const std::string& more) {
    const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (int b = 0; b < 256; ++b) {
        text += {digits[b >> 2], digits[(b & 3) << 4], '=', '='};
        text += " " + std::to_string(b) + "\n";
    }
    return text + more;
}

std::shared_ptr<Tokenizer> ranks(const std::string& more, const std::string& encoding = "gpt2") {
    return Tokenizer::from_json(
        tokenizer_json_from_tiktoken(rank_file(more), "x.tiktoken", encoding), "x");
}

}  // namespace

TEST_CASE("neighbours merge by the rank of what they become") {
    // "ab" 256, "bc" 257, "abc" 258: a b c is ab c, which is abc; x b c y has bc.
    auto tokenizer = ranks("YWI= 256\nYmM= 257\nYWJj 258\n");
    CHECK(tokenizer->encode("abc") == std::vector<int>{258});
    CHECK(tokenizer->encode("abcabc") == std::vector<int>{258, 258});
    CHECK(tokenizer->encode("bc") == std::vector<int>{257});
    // "aa" 256, "aaa" 257: five a are aa aa a, and then aa aaa: the leftmost aa takes no third.
    auto runs = ranks("YWE= 256\nYWFh 257\n");
    CHECK(runs->encode("aaaaa") == std::vector<int>{256, 257});
    CHECK(runs->encode("aaa") == std::vector<int>{257});
    // A word that is a token is that token, reached by merging or not.
    auto whole = ranks("YWJj 256\n");
    CHECK(whole->encode("abc") == std::vector<int>{256});
    CHECK(whole->encode("abca") == std::vector<int>{97, 98, 99, 97});
    CHECK(whole->encode("<|endoftext|>a") == std::vector<int>{50256, 97});
    CHECK(whole->decode({50256}) == "<|endoftext|>");
}

TEST_CASE("a rank file that is none says which line, and what encodings there are") {
    auto error = [](const std::string& bytes, const std::string& encoding) {
        return what_of([&] { tokenizer_json_from_tiktoken(bytes, "f.tiktoken", encoding); });
    };
    CHECK(has(error(rank_file("YWI=\n"), "gpt2"), "line 257"));
    CHECK(has(error(rank_file("Y!I= 256\n"), "gpt2"), "line 257"));
    CHECK(has(error(rank_file("YWI= 255\n"), "gpt2"), "twice"));
    CHECK(has(error("YQ== 0\n", "gpt2"), "byte 0"));
    CHECK(has(error(rank_file(""), ""), "cl100k_base"));
    CHECK(has(error(rank_file(""), "cl100k"), "did you mean \"cl100k_base\""));
    CHECK(has(error(rank_file("YWI= 50256\n"), "gpt2"), "<|endoftext|>"));
    CHECK(has(what_of([&] {
                  fs::path file = test::scratch() / "a.json";
                  write_file(file.string(), "{}");
                  Tokenizer::load(file.string(), "gpt2");
              }),
              "no tiktoken rank file"));
}

namespace {

std::shared_ptr<Tokenizer> from_entries(const std::vector<GgufEntry>& entries) {
    std::string file = (test::scratch() / "entries.gguf").string();
    write_gguf(file, entries, {});
    return Tokenizer::load(file);
}

std::vector<GgufEntry> small_spm() {
    return {{"tokenizer.ggml.model", GgufType::STRING, "llama"},
            {"tokenizer.ggml.tokens",
             GgufType::ARRAY,
             {"<unk>", "<s>", "</s>", "<0xC3>", "<0xA9>", "▁", "a", "b", "▁a", "ab"},
             GgufType::STRING},
            {"tokenizer.ggml.scores",
             GgufType::ARRAY,
             {0, 0, 0, 0, 0, -5, -6, -7, -2, -1},
             GgufType::F32},
            {"tokenizer.ggml.token_type",
             GgufType::ARRAY,
             {2, 3, 3, 6, 6, 1, 1, 1, 1, 1},
             GgufType::I32}};
}

}  // namespace

TEST_CASE("pieces with scores merge as llama.cpp merges them") {
    auto tokenizer = from_entries(small_spm());
    CHECK(tokenizer->encode("ab", false) == std::vector<int>{5, 9});  // "ab" -1 before "▁a" -2
    CHECK(tokenizer->encode("a a", false) == std::vector<int>{8, 8});
    CHECK(tokenizer->encode("é", true) == std::vector<int>{1, 5, 3, 4});
    CHECK(tokenizer->decode({8, 8, 3, 4}) == "a aé");
    CHECK(tokenizer->encode("</s>a", false) == std::vector<int>{2, 8});
}

TEST_CASE("a vocabulary that does not fit together is an error that says what") {
    auto with = [](size_t at, Json value) {
        auto entries = small_spm();
        entries[at].value = std::move(value);
        return what_of([&] { from_entries(entries); });
    };
    CHECK(has(with(0, "rwkv"), "rwkv"));
    CHECK(has(with(2, {1, 2}), "scores has 2 entries for 10 tokens"));
    CHECK(has(with(3, {1}), "token_type has 1 entries"));
    auto gpt2 = small_spm();
    gpt2[0].value = "gpt2";
    gpt2.push_back({"tokenizer.ggml.pre", GgufType::STRING, "llama-bp"});
    CHECK(has(what_of([&] { from_entries(gpt2); }), "did you mean \"llama-bpe\""));
}
