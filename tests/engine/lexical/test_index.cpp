// SPDX-License-Identifier: Apache-2.0
// BM25 equal to bm25s, selections, terms, fusion.
#include <catch2/catch.hpp>

#include <algorithm>

#include "core/error.h"
#include "lexical/fusion.h"
#include "lexical/index.h"
#include "lexical/words.h"
#include "test.h"

using namespace moonlet;

namespace {

std::vector<std::string> terms(const std::string& text, lexical::Terms kind) {
    std::vector<std::string> result;
    lexical::each_term(text, kind, [&](std::string_view t) { result.emplace_back(t); });
    return result;
}

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("scores are bm25s's, for five methods and other parameters") {
    Json file = read_json((test::golden("lexical") / "bm25.json").string());
    for (const Json& c : file["cases"]) {
        LexicalIndex index(Bm25Options::from_json(c["options"]));
        for (const Json& text : file["texts"]) index.add(text.get<std::string>());
        for (size_t q = 0; q < file["queries"].size(); ++q) {
            INFO(c["options"].dump() << " " << file["queries"][q]);
            const Json& scores = c["scores"][q];
            auto hits = index.search(file["queries"][q].get<std::string>(), scores.size());
            std::vector<int64_t> found;
            for (size_t i = 0; i < hits.size(); ++i) {
                found.push_back(hits[i].id);
                CHECK(hits[i].score ==
                      Approx(scores[size_t(hits[i].id)].get<double>()).margin(1e-5).epsilon(1e-5));
                if (i > 0) CHECK(hits[i - 1].score >= hits[i].score);
            }
            std::sort(found.begin(), found.end());
            CHECK(found == file["matched"][q].get<std::vector<int64_t>>());
        }
    }
}

TEST_CASE("the best k are the head of all, within a selection too; texts may come later") {
    Json file = read_json((test::golden("lexical") / "bm25.json").string());
    LexicalIndex index, grown;
    for (const Json& text : file["texts"]) {
        index.add(text.get<std::string>());
        grown.add(text.get<std::string>());
        grown.search("chat", 3);  // the table is made anew each time
    }
    Selection odd(index.size());
    for (size_t i = 1; i < index.size(); i += 2) odd.allow(i);
    CHECK(odd.count() == index.size() / 2);
    auto all = index.search("the chat message", 1000),
         other = grown.search("the chat message", 1000);
    REQUIRE(all.size() > 6);
    REQUIRE(other.size() == all.size());
    std::vector<Scored> allowed;
    for (size_t i = 0; i < all.size(); ++i) {
        CHECK(all[i].id == other[i].id);
        CHECK(all[i].score == other[i].score);
        if (all[i].id % 2) allowed.push_back(all[i]);
    }
    for (size_t k : {0, 1, 3, 6}) {
        auto best = index.search("the chat message", k),
             among = index.search("the chat message", k, &odd);
        REQUIRE(best.size() == k);
        for (size_t i = 0; i < k; ++i) CHECK(best[i].id == all[i].id);
        REQUIRE(among.size() == std::min(k, allowed.size()));
        for (size_t i = 0; i < among.size(); ++i) CHECK(among[i].id == allowed[i].id);
    }
    CHECK(LexicalIndex().search("chat", 5).empty());
}

TEST_CASE("terms: words, pairs of Hangul, compatible forms") {
    using lexical::Terms;
    CHECK(terms("Don't stop_it, LoRA는 2배!", Terms::bigrams) ==
          List{"don", "t", "stop_it", "lora", "는", "2", "배"});
    CHECK(terms("서울에서 왔다", Terms::bigrams) == List{"서울", "울에", "에서", "왔다"});
    CHECK(terms("서울에서 LoRA는", Terms::words) == List{"서울에서", "lora는"});
    CHECK(terms("\xe1\x84\x89\xe1\x85\xa5\xe1\x84\x8b\xe1\x85\xae\xe1\x86\xaf ＡＢ",
                Terms::bigrams) == List{"서울", "ab"});
    CHECK(terms("\xff\xfe ÉCOLE \xe3\x80", Terms::bigrams) == List{"école"});
    CHECK(terms("漢字かな", Terms::bigrams) == List{"漢字", "字か", "かな"});
}

TEST_CASE("bm25 options are checked") {
    CHECK_THROWS_WITH(Bm25Options::from_json({{"method", "bm26"}}), Catch::Contains("bm25"));
    CHECK_THROWS_AS(Bm25Options::from_json({{"b", 2}}), Error);
    CHECK_THROWS_AS(Bm25Options::from_json({{"k1", -1}}), Error);
}

TEST_CASE("reciprocal rank fusion") {
    auto fused = fuse_rankings({{7, 3, 5}, {3, 9}}, {}, 60);
    REQUIRE(fused.size() == 4);
    CHECK(fused[0].id == 3);
    CHECK(fused[0].score == Approx(1.0 / 62 + 1.0 / 61));
    CHECK(fused[1].id == 7);
    CHECK(fused[2].id == 9);
    CHECK(fuse_rankings({{1, 2}, {2, 1}}, {1, 3})[0].id == 2);
    CHECK(fuse_rankings({{1, 2}, {2, 1}}, {1, 0})[0].id == 1);
    CHECK_THROWS_AS(fuse_rankings({{1}}, {1, 2}), Error);
    CHECK_THROWS_AS(fuse_rankings({{1}}, {-1}), Error);
}
