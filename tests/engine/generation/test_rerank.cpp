// SPDX-License-Identifier: Apache-2.0
// Cross-encoders score as sentence-transformers' CrossEncoder does (scripts/golden/rerank.py): each
// kind of pair, texts too long, and each way to say what a score goes through.
#include <catch2/catch.hpp>
#include <cstdio>

#include "core/error.h"
#include "core/files.h"
#include "generation/language_model.h"
#include "tests/support/test.h"

using namespace moonlet;
using Catch::Contains;

namespace {

struct Golden {
    std::shared_ptr<LanguageModel> model;
    std::string query;
    std::vector<std::string> texts;
    std::vector<double> scores;

    explicit Golden(const std::string& name) {
        const std::string folder = test::golden("rerank/" + name).string();
        model = load_language_model(folder, {std::nullopt, "cpu"});
        Json json = read_json(folder + "/golden.json");
        query = json["query"];
        texts = json["texts"].get<std::vector<std::string>>();
        scores = json["scores"].get<std::vector<double>>();
    }
};

double worst(const std::vector<double>& a, const std::vector<double>& b) {
    REQUIRE(a.size() == b.size());
    double most = 0;
    for (size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
    return most;
}

}  // namespace

TEST_CASE("a cross-encoder's scores are sentence-transformers'") {
    for (const char* name : {"bert", "xlm-roberta", "roberta"}) {
        INFO(name);
        Golden g(name);
        const std::vector<double> ours = rerank_scores(*g.model, g.query, g.texts);
        std::printf("rerank %-12s %.1e\n", name, worst(ours, g.scores));
        CHECK(worst(ours, g.scores) < 1e-6);
        CHECK(worst(rerank_scores(*g.model, g.query, g.texts, 2), ours) < 1e-6);
        CHECK(rerank_scores(*g.model, g.query, {}).empty());
        // Saved and opened again it is the same one.
        const std::string folder = test::scratch() / (std::string("rerank-") + name);
        save_language_model(*g.model, folder);
        auto again = load_language_model(folder, {std::nullopt, "cpu"});
        CHECK(again->activation == g.model->activation);
        CHECK(worst(rerank_scores(*again, g.query, g.texts), ours) < 1e-6);
    }
}

TEST_CASE("what is no cross-encoder says so") {
    Golden g("bert");
    auto plain = load_language_model(test::golden("generation/llama").string(), {});
    CHECK_THROWS_WITH(rerank_scores(*plain, "a", {"b"}), Contains("no cross-encoder"));
    g.model->activation = "torch.nn.modules.activation.Softplus";
    CHECK_THROWS_WITH(rerank_scores(*g.model, "a", {"b"}), Contains("Softplus"));
    g.model->activation = "mine.Own";  // not run: the default, as there
    Golden same("bert");
    same.model->activation = "";
    CHECK(worst(rerank_scores(*g.model, "a", {"b"}), rerank_scores(*same.model, "a", {"b"})) == 0);
}

TEST_CASE("one label is classified by a sigmoid, as by transformers' pipeline") {
    Golden g("xlm-roberta");
    auto found = classify(*g.model, {"moon"});
    CHECK(found[0].scores.size() == 1);
    CHECK(found[0].scores[0] > 0.01);
    CHECK(found[0].scores[0] < 0.99);
}
