// SPDX-License-Identifier: Apache-2.0
// Splitters: langchain's chunks, sentences of both languages, exact spans on everything.
#include <catch2/catch.hpp>
#include <filesystem>

#include "core/error.h"
#include "core/files.h"
#include "core/interrupt.h"
#include "core/random.h"
#include "lexical/splitter.h"
#include "test.h"
#include "tokenizers/tokenizer.h"

using namespace moonlet;

namespace {

Json golden(const std::string& name) {
    return read_json((test::golden("lexical") / name).string());
}

std::vector<std::string> texts_of(const std::string& text, const std::vector<Chunk>& chunks) {
    std::vector<std::string> result;
    for (const Chunk& chunk : chunks)
        result.push_back(text.substr(chunk.begin, chunk.end - chunk.begin));
    return result;
}

std::vector<std::string> sentences(const std::string& text) {
    std::vector<std::string> result;
    for (auto [begin, end] : sentence_spans(text))
        result.push_back(text.substr(begin, end - begin));
    return result;
}

using List = std::vector<std::string>;

// In order, within the text, not empty, no character cut, no white space at an end.
void check_spans(const std::string& text, const std::vector<Chunk>& chunks) {
    size_t last = 0;
    auto inside = [&](size_t at) {
        return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
    };
    bool ok = true;
    for (const Chunk& chunk : chunks) {
        ok = ok && chunk.begin < chunk.end && chunk.end <= text.size() && chunk.begin >= last;
        ok = ok && !inside(chunk.begin) && !inside(chunk.end);
        last = chunk.begin;
    }
    CHECK(ok);
}

// Every byte that is no white space is in a chunk.
bool covers(const std::string& text, const std::vector<Chunk>& chunks) {
    std::vector<bool> covered(text.size());
    for (const Chunk& chunk : chunks)
        for (size_t i = chunk.begin; i < chunk.end; ++i) covered[i] = true;
    for (size_t i = 0; i < text.size(); ++i)
        if (!covered[i] && static_cast<unsigned char>(text[i]) > ' ' &&
            static_cast<unsigned char>(text[i]) < 0x80)
            return false;
    return true;
}

TokenOffsets words_as_tokens() {
    return [](std::string_view text) {
        std::vector<std::pair<size_t, size_t>> spans;
        for (size_t at = 0; at < text.size();) {
            size_t end = text.find(' ', at + 1);
            if (end == std::string_view::npos) end = text.size();
            spans.push_back({at, end});
            at = end;
        }
        return spans;
    };
}

}  // namespace

TEST_CASE("recursive chunks are langchain's") {
    Json file = golden("split.json");
    for (const Json& c : file["cases"]) {
        const std::string text = file["texts"][c["text"].get<size_t>()];
        INFO(c["options"].dump() << " of text " << c["text"]);
        CHECK(texts_of(text, split_text(text, SplitOptions::from_json(c["options"]))) ==
              c["chunks"].get<List>());
    }
}

TEST_CASE("token windows are those of Hugging Face's tokens") {
    Json file = golden("token.json");
    auto tokenizer = Tokenizer::load((test::golden("generation") / "llama").string());
    const std::string text = file["text"];
    SplitOptions options;
    options.by = "token";
    CHECK_THROWS_AS(split_text(text, options), Error);
    options.tokens = [&](std::string_view t) {
        return tokenizer->encode_with_offsets(t, false).offsets;
    };
    for (const Json& c : file["cases"]) {
        options.size = c["size"];
        options.overlap = c["overlap"];
        Json spans = Json::array();
        for (const Chunk& chunk : split_text(text, options))
            spans.push_back({chunk.begin, chunk.end});
        CHECK(spans == c["spans"]);
    }
}

TEST_CASE("markdown sections have langchain's headings above them") {
    Json file = golden("markdown.json");
    SplitOptions options = SplitOptions::from_json({{"by", "markdown"}, {"size", 0}});
    for (const Json& c : file["cases"]) {
        Json headers = Json::array();
        for (const Chunk& chunk : split_text(c["text"].get<std::string>(), options))
            headers.push_back(chunk.headers);
        CHECK(headers == c["headers"]);
    }
}

TEST_CASE("markdown: underlined headings, front matter, fences; long sections stay within one") {
    SplitOptions options = SplitOptions::from_json({{"by", "markdown"}, {"size", 0}});
    const std::string text =
        "---\ntitle: x\n---\nintro\n\nBig\n===\none\n\nSmall ##\n-----\ntwo\n\n~~~\n# code\n~~~\n"
        "- item\n---\n###### deep ######\nthree";
    auto chunks = split_text(text, options);
    REQUIRE(chunks.size() == 4);
    CHECK(chunks[0].headers.empty());
    CHECK(chunks[1].headers == List{"Big"});
    CHECK(chunks[2].headers == List{"Big", "Small ##"});
    CHECK(chunks[3].headers == List{"Big", "Small ##", "deep"});
    options = SplitOptions::from_json({{"by", "markdown"}, {"size", 10}, {"overlap", 0}});
    for (const Chunk& chunk : split_text("# A\nlong words of a\n# B\nmore words", options))
        CHECK(chunk.headers.size() == 1);
}

TEST_CASE("English sentences") {
    CHECK(sentences("One. Two! Three? Four") == List{"One.", "Two!", "Three?", "Four"});
    CHECK(sentences("Dr. Kim paid $3.14 to J. R. Smith. He left.") ==
          List{"Dr. Kim paid $3.14 to J. R. Smith.", "He left."});
    CHECK(sentences("Use e.g. a list, i.e. this. See Fig. 3 and No. 5. No. That is all.") ==
          List{"Use e.g. a list, i.e. this.", "See Fig. 3 and No. 5.", "No.", "That is all."});
    CHECK(sentences("He said \"Stop. Now.\" Then he left. (Really. He did.) Yes.") ==
          List{"He said \"Stop. Now.\"", "Then he left.", "(Really. He did.)", "Yes."});
    CHECK(sentences("\"What?\" he asked. Well... maybe. Wait... What?") ==
          List{"\"What?\" he asked.", "Well... maybe.", "Wait...", "What?"});
    CHECK(sentences("Acme Inc. sold it to the U.S. Army. It left the U.S. The end.") ==
          List{"Acme Inc. sold it to the U.S. Army.", "It left the U.S.", "The end."});
    CHECK(sentences("Go to example.com or v1.2.3 now. Done.") ==
          List{"Go to example.com or v1.2.3 now.", "Done."});
}

TEST_CASE("Korean sentences") {
    CHECK(sentences("밥을 먹었다. 맛있었어요! 정말요? 네.") ==
          List{"밥을 먹었다.", "맛있었어요!", "정말요?", "네."});
    CHECK(sentences("그는 갔다.그녀는 남았다. 원주율은 3.14입니다.") ==
          List{"그는 갔다.", "그녀는 남았다.", "원주율은 3.14입니다."});
    CHECK(sentences("\"안녕하세요. 반갑습니다.\"라고 말했다. 끝.") ==
          List{"\"안녕하세요. 반갑습니다.\"라고 말했다.", "끝."});
    CHECK(sentences("2024. 3. 5. 오전에 시작했다. npm을 썼다.") ==
          List{"2024. 3. 5. 오전에 시작했다.", "npm을 썼다."});
    CHECK(sentences("글쎄... 뭐였지? 그랬죠… 그런데 아니다。정말！") ==
          List{"글쎄... 뭐였지?", "그랬죠…", "그런데 아니다。", "정말！"});
}

TEST_CASE("lines end sentences where they are no wrapped prose") {
    CHECK(sentences("Title\nFirst line here.\n\nNext\n- one\n- two\n1. three") ==
          List{"Title", "First line here.", "Next", "- one", "- two", "1. three"});
    const std::string wrapped =
        "This line is long enough to have been wrapped by\nan editor of texts, and this one, too, "
        "by the Same\nEditor. Done.";
    CHECK(sentences(wrapped).size() == 2);
}

TEST_CASE("sentences are packed by paragraphs and sizes; long ones are cut between words") {
    const std::string text = "One two. Three four. Five six.\n\nSeven eight.";
    auto by = [&](Json options) {
        return texts_of(text, split_text(text, SplitOptions::from_json(options)));
    };
    CHECK(by({{"size", 21}, {"overlap", 0}}) ==
          List{"One two. Three four.", "Five six.", "Seven eight."});
    CHECK(by({{"size", 24}, {"overlap", 12}}) ==
          List{"One two. Three four.", "Three four. Five six.", "Seven eight."});
    CHECK(by({{"size", 0}}) == List{"One two.", "Three four.", "Five six.", "Seven eight."});
    CHECK(by({{"size", 6}, {"overlap", 0}}).front() == "One");
}

TEST_CASE("options are checked") {
    CHECK_THROWS_WITH(SplitOptions::from_json({{"by", "sentense"}}),
                      Catch::Contains("did you mean \"sentence\""));
    CHECK_THROWS_WITH(SplitOptions::from_json({{"sise", 3}}), Catch::Contains("size"));
    CHECK_THROWS_AS(SplitOptions::from_json({{"size", 10}, {"overlap", 10}}), Error);
    CHECK_THROWS_AS(SplitOptions::from_json({{"size", -1}}), Error);
    CHECK_THROWS_AS(SplitOptions::from_json({{"separators", {1}}}), Error);
    CHECK(SplitOptions::from_json({{"size", 80}}).overlap == 10);
}

TEST_CASE("the registered names are the files'") {
    for (const std::string& name : Splitters::names())
        CHECK(std::filesystem::exists(test::root() / "engine/lexical" / (name + ".cpp")));
    CHECK(Splitters::names().size() == 4);
}

TEST_CASE("spans are exact and nothing is lost, on random bytes too") {
    Random random(7);
    const std::string bits[] = {"a",    "b. ", "C",   "\n", " ",    "다. ",     "가",
                                "\"",   "(",   ")",   "…",  "\xff", "\xe3\x80", "# ",
                                "\n\n", "3.",  "```", "。", "!?",   "\n---\n"};
    for (int round = 0; round < 300; ++round) {
        std::string text;
        for (uint64_t i = random.below(200); i > 0; --i) text += bits[random.below(20)];
        for (const char* by : {"recursive", "sentence", "markdown", "token"}) {
            for (size_t size : {0, 1, 7, 40}) {
                SplitOptions options;
                options.by = by;
                options.size = size;
                options.overlap = size / 3;
                options.sentences = round % 2;
                options.tokens = words_as_tokens();
                auto chunks = split_text(text, options);
                bool ok = covers(text, chunks);
                for (const Chunk& c : chunks) ok = ok && c.begin < c.end && c.end <= text.size();
                CHECK(ok);
            }
        }
    }
}

TEST_CASE("spans are exact on the shared documents") {
    auto folder = test::data("docs");
    if (!std::filesystem::exists(folder)) return test::skip("no shared documents");
    size_t files = 0;
    for (auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        auto kind = entry.path().extension();
        if (kind != ".md" && kind != ".xhtml") continue;
        ++files;
        const std::string text = read_file(entry.path().string());
        INFO(entry.path().string());
        for (const char* by : {"recursive", "sentence", "markdown"}) {
            for (size_t size : {0, 120, 400}) {
                auto chunks =
                    split_text(text, SplitOptions::from_json({{"by", by}, {"size", size}}));
                check_spans(text, chunks);
                CHECK(covers(text, chunks));
            }
        }
    }
    CHECK(files > 100);
}

TEST_CASE("a request to stop ends a split") {
    interrupt::flag() = 1;
    CHECK_THROWS_AS(split_text("one two", SplitOptions()), Interrupted);
    interrupt::reset();
}
