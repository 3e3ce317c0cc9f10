// SPDX-License-Identifier: Apache-2.0
// What a review finds in data made to be found out, and how well near duplicates are found.
#include <catch2/catch.hpp>

#include <set>

#include "core/error.h"
#include "core/random.h"
#include "datasets/near_duplicates.h"
#include "datasets/review.h"
#include "support.h"

using namespace moonlet;

namespace {

DatasetPtr make(const std::vector<Json>& rows) {
    RowWriter writer;
    for (const Json& row : rows) writer.add(row);
    return writer.finish();
}

std::string whys(const Json& report) {
    std::string all;
    for (const Json& s : report["suspicious"])
        all += std::to_string(s["row"].get<int>()) + ": " + s["why"].get<std::string>() + "\n";
    return all;
}

}  // namespace

TEST_CASE("similarity: Jaccard of shingles, as sets of Python have it") {
    Json golden = read_json(test::golden("datasets/jaccard.json").string());
    const auto& texts = golden["texts"];
    for (size_t i = 0; i < texts.size(); ++i)
        for (size_t j = 0; j < texts.size(); ++j) {
            INFO(i << " " << j);
            CHECK(jaccard(shingles(folded(texts[i].get<std::string>())),
                          shingles(folded(texts[j].get<std::string>()))) ==
                  Approx(golden["similarity"][i][j].get<double>()));
        }
}

TEST_CASE("near duplicates: as comparing each with each finds them") {
    Random random(9);
    std::vector<std::string> texts;
    for (int family = 0; family < 60; ++family) {
        std::string base;
        for (int w = 0; w < 30; ++w) base += "w" + std::to_string(random.below(3000)) + " ";
        texts.push_back(base);
        std::string changed = base;
        for (uint64_t n = random.below(6); n > 0; --n) changed[random.below(changed.size())] = 'z';
        texts.push_back(changed);
    }
    std::vector<std::vector<uint64_t>> sets;
    std::vector<Signature> signatures;
    for (const std::string& text : texts) {
        sets.push_back(shingles(folded(text)));
        signatures.push_back(signature(sets.back()));
    }
    std::set<std::pair<size_t, size_t>> wanted, found;
    for (size_t a = 0; a < texts.size(); ++a)
        for (size_t b = a + 1; b < texts.size(); ++b)
            if (jaccard(sets[a], sets[b]) >= 0.8) wanted.insert({a, b});
    for (const NearPair& p : near_pairs(signatures, 0.8, [&](size_t i) { return texts[i]; })) {
        CHECK(p.similarity == Approx(jaccard(sets[p.a], sets[p.b])));
        found.insert({p.a, p.b});
    }
    CHECK(wanted.size() > 20);
    CHECK(found == wanted);
}

TEST_CASE("review: duplicates, labels, lengths, empties") {
    std::string fable = "The fox looked up at the grapes that hung high over its head and sighed. ";
    Json r = review(make({{{"text", "one text"}, {"label", 1}},
                          {{"text", "one  text\n"}, {"label", 0}},
                          {{"text", fable + "It left."}, {"label", 1}},
                          {{"text", fable + "It went."}, {"label", 1}},
                          {{"text", " "}, {"label", 1}},
                          {{"text", "one text"}, {"label", 1}}}));
    CHECK(r["rows"] == 6);
    CHECK(r["duplicates"].dump() == R"({"rows":2,"groups":[[1,2,6]]})");
    REQUIRE(r["near"]["pairs"].size() == 1);
    CHECK(r["near"]["pairs"][0]["a"] == 3);
    CHECK(r["near"]["pairs"][0]["b"] == 4);
    CHECK(r["labels"]["values"][0].dump(-1).substr(0, 20) == R"({"value":1,"rows":5,)");
    CHECK(r["labels"]["balance"].get<double>() == Approx(0.650022));  // entropy of 5/6 in bits
    CHECK(r["empty"].dump() == R"([{"row":5,"column":"text"}])");
    CHECK(r["columns"][0]["empty"] == 1);
    CHECK(r["lengths"]["bytes"]["min"] == 1);
    CHECK(r["lengths"]["bytes"]["longest"] == 3);
    CHECK(whys(r) == "2: another label for the text of row 1\n");
}

TEST_CASE("review: rows that look wrong") {
    std::string loop;
    for (int i = 0; i < 60; ++i) loop += "again and ";
    Json r = review(make({{{"question", "q1"}, {"answer", "I am {{name}}."}},
                          {{"question", "q2"}, {"answer", "bad \xEF\xBF\xBD byte"}},
                          {{"question", "same"}, {"answer", "same"}},
                          {{"question", "q1"}, {"answer", "Another."}},
                          {{"question", "q5"}, {"answer", ""}},
                          {{"question", "q6"}, {"answer", loop}},
                          {{"question", "q7"}, {"answer", "itâ€™s"}},
                          {{"question", "q8"}, {"answer", std::string(5000, 'x') + "\x01"}},
                          {{"question", "what of {{ 2 { }} ?"}, {"answer", "fine"}}}));
    CHECK(whys(r) ==
          "1: the place holder {{name}}\n"
          "2: U+FFFD: bytes that are not UTF-8\n"
          "3: the answer repeats the question\n"
          "4: another answer to the question of row 1\n"
          "6: repeats itself\n"
          "7: UTF-8 encoded twice\n"
          "8: control characters\n"
          "8: repeats itself\n"
          "8: 5004 bytes, where half the rows have at most 15\n");
    CHECK(r["empty"].dump() == R"([{"row":5,"column":"the answer"}])");
    Json p = review(make({{{"prompt", "p"}, {"chosen", "a"}, {"rejected", "a"}}}));
    CHECK(whys(p) == "1: chosen and rejected are the same\n");
    Json m = review(
        make({{{"messages",
                {{{"role", "user"}, {"content", "a"}}, {{"role", "user"}, {"content", "b"}}}}}}));
    CHECK(whys(m) ==
          "1: two messages of user in a row\n1: the last message is not the assistant's\n");
}

TEST_CASE("review: leakage is what was asked, the same or nearly") {
    std::string asked =
        "Natalia sold clips to 48 of her friends in April, and half as many in May. ";
    auto train = make({{{"question", "What is 2+2?"}, {"answer", "4"}},
                       {{"question", asked + "How many in all?"}, {"answer", "72"}},
                       {{"question", "Unrelated?"}, {"answer", "yes"}}});
    auto test = make({{{"question", "something else entirely"}, {"answer", "-"}},
                      {{"question", asked + "How many in sum?"}, {"answer", "72"}},
                      {{"question", "What is  2+2?"}, {"answer", "four"}}});
    ReviewOptions options;
    options.against = {{"test", test}};
    Json r = review(train, options);
    CHECK(r["leakage"][0]["split"] == "test");
    CHECK(r["leakage"][0]["exact"].dump() == R"([{"row":1,"other":3}])");
    REQUIRE(r["leakage"][0]["near"].size() == 1);
    CHECK(r["leakage"][0]["near"][0]["row"] == 2);
    CHECK(r["leakage"][0]["near"][0]["other"] == 2);
}

TEST_CASE("review: a column that is not there is an error; no rows are none") {
    ReviewOptions options;
    options.text = {"txt"};
    CHECK_THROWS_WITH(review(make({{{"text", "a"}}}), options), Catch::Contains("\"text\""));
    CHECK(review(make({}))["rows"] == 0);
}
