// SPDX-License-Identifier: Apache-2.0
// Embeddings: MiniLM against transformers' numbers (pooled as sentence-transformers asks), a causal
// model's mean states, batch against single, and the kinds of pooling.
#include <catch2/catch.hpp>
#include <filesystem>

#include "core/error.h"
#include "formats/safetensors.h"
#include "generation/pooling.h"
#include "ops/pool.h"
#include "tiny.h"

using namespace moonlet;
namespace fs = std::filesystem;

namespace {

// F32 rows of the golden file.
at::Tensor golden_vectors(int64_t rows) {
    Safetensors file = Safetensors::open(test::golden("generation/minilm.safetensors").string());
    const TensorView* view = file.find("embeddings");
    REQUIRE(view != nullptr);
    REQUIRE(view->shape == std::vector<int64_t>{rows, 384});
    void* data = const_cast<std::byte*>(view->data);
    return at::from_blob(data, {rows, 384}, at::kFloat).clone();
}

double least_cosine(const at::Tensor& a, const at::Tensor& b) {
    return at::cosine_similarity(a, b, 1).min().item<double>();
}

}  // namespace

TEST_CASE("MiniLM embeds as transformers does", "[embed]") {
    fs::path folder = test::minilm();
    if (!fs::exists(folder)) return test::skip("no MiniLM in " + folder.string());
    auto model = load_language_model(folder.string());
    CHECK(model->name == "minilm");
    CHECK(model->pooling == "mean");
    CHECK(model->normalize);
    CHECK(model->max_seq_length == 256);
    CHECK(model->describe() == "bert · 22.7 M params · f32 · cpu · ctx 512 · embeds 384 (mean)");
    auto sentences = read_json(test::golden("generation/minilm.json").string())["sentences"]
                         .get<std::vector<std::string>>();
    at::Tensor theirs = golden_vectors(int64_t(sentences.size())), ours = embed(*model, sentences);
    REQUIRE(ours.sizes() == theirs.sizes());
    CHECK(least_cosine(ours, theirs) >= 0.9999);
    CHECK((ours - theirs).abs().max().item<double>() <= 1e-4);

    // Batch = single, in any order and any batch size.
    for (int batch_size : {1, 5})
        CHECK(least_cosine(embed(*model, sentences, batch_size), ours) >= 0.999999);
    std::vector<std::string> reversed(sentences.rbegin(), sentences.rend());
    CHECK(least_cosine(embed(*model, reversed).flip(0), ours) >= 0.999999);

    // An encoder writes nothing, and says so.
    CHECK_THROWS_WITH(generate(*model, {101, 102}, {}), Catch::Contains("encoder"));
    CHECK_THROWS_WITH(logits_of(*model, {101, 102}), Catch::Contains("encoder"));

    fs::path copy = test::scratch() / "embedder";
    save_language_model(*model, copy.string());
    auto again = load_language_model(copy.string());
    CHECK(again->normalize);
    CHECK(again->max_seq_length == 256);
    CHECK(embed(*again, {sentences[5]}).equal(embed(*model, {sentences[5]})));
}

TEST_CASE("a causal model's embedding is the mean of its states", "[embed]") {
    auto model = test::tiny();
    std::vector<std::string> texts;
    std::vector<at::Tensor> theirs;
    for (auto& c : test::peer()["embedded"]) {
        texts.push_back(c["text"]);
        theirs.push_back(at::tensor(c["mean"].get<std::vector<float>>()));
    }
    at::Tensor ours = embed(*model, texts);
    CHECK((ours - at::stack(theirs)).abs().max().item<double>() <= 1e-4);
    CHECK((embed(*model, texts, 1) - ours).abs().max().item<double>() <= 1e-5);
    // Longer than the context: cut, not refused.
    std::string text;
    while (text.size() < 3000) text += "moon ";
    CHECK(embed(*model, {text}).isfinite().all().item<bool>());
}

TEST_CASE("no texts, and texts without tokens", "[embed]") {
    auto model = test::tiny();
    CHECK(embed(*model, {}).sizes() == at::IntArrayRef({0, 48}));
    Json json = model->tokenizer->json();
    json["post_processor"] = nullptr;
    model->tokenizer = Tokenizer::from_json(json, "bare");
    at::Tensor vectors = embed(*model, {"", "moon"});
    CHECK(vectors[0].abs().max().item<float>() == 0);
    CHECK(vectors[1].abs().max().item<float>() > 0);
    CHECK_THROWS_AS(embed(*model, {"a"}, 0), Error);
}

TEST_CASE("a text that is too long is cut, its special tokens stay", "[embed]") {
    auto model = test::tiny();
    auto first_ids =
        [&](const std::string& text) {  // of an embedder with 8 positions and <s> … </s>
            Json json = model->tokenizer->json();
            json["post_processor"]["single"].push_back(
                {{"SpecialToken", {{"id", "</s>"}, {"type_id", 0}}}});
            json["post_processor"]["special_tokens"]["</s>"] = {
                {"id", "</s>"}, {"ids", {1}}, {"tokens", {"</s>"}}};
            model->tokenizer = Tokenizer::from_json(json, "with an end");
            return model->tokenizer->encode(text);
        };
    std::vector<int> ids = first_ids("The moon orbits the earth. Tides follow the moon.");
    REQUIRE(ids.back() == 1);
    REQUIRE(ids.size() > 8);
    model->max_seq_length = 8;
    model->pooling = "lasttoken";
    // The state of the last of seven first tokens and </s>.
    std::vector<int> cut(ids.begin(), ids.begin() + 7);
    cut.push_back(1);
    ModelInput input;
    input.ids = at::tensor(std::vector<int64_t>(cut.begin(), cut.end())).unsqueeze(0);
    c10::InferenceMode no_grad;
    at::Tensor wanted = model->network->hidden(input)[0][7];
    at::Tensor ours = embed(*model, {"The moon orbits the earth. Tides follow the moon."})[0];
    CHECK((ours - wanted).abs().max().item<double>() <= 1e-5);
}

TEST_CASE("kinds of pooling", "[embed]") {
    at::Tensor states =
        at::tensor({1., 2., 3., 9., 5., 6., -1., -2., 7., 7., 7., 7.}, at::kFloat).view({3, 2, 2});
    at::Tensor mask = at::tensor({1, 1, 1, 0, 0, 0}, at::kLong).view({3, 2}).to(at::kBool);
    auto wanted = [&](const char* kind, std::vector<float> values) {
        INFO(kind);
        CHECK(ops::pool(states, mask, kind).equal(at::tensor(values).view({3, 2})));
    };
    wanted("mean", {2, 5.5, 5, 6, 0, 0});
    wanted("cls", {1, 2, 5, 6, 0, 0});
    wanted("max", {3, 9, 5, 6, 0, 0});
    wanted("lasttoken", {3, 9, 5, 6, 0, 0});
}

TEST_CASE("pooling files are read as sentence-transformers writes them", "[embed]") {
    fs::path folder = test::scratch() / "pooling";
    auto read = [&](const Json& pooling) {
        Json modules = Json::array();
        modules.push_back({{"type", "sentence_transformers.models.Transformer"}, {"path", ""}});
        modules.push_back(
            {{"type", "sentence_transformers.models.Pooling"}, {"path", "1_Pooling"}});
        fs::create_directories(folder / "1_Pooling");
        write_file((folder / "modules.json").string(), modules.dump());
        write_file((folder / "1_Pooling/config.json").string(), pooling.dump());
        LanguageModel model;
        read_pooling(model, folder.string());
        CHECK_FALSE(model.normalize);
        return model.pooling;
    };
    CHECK(read({{"pooling_mode_cls_token", true}, {"pooling_mode_mean_tokens", false}}) == "cls");
    CHECK(read({{"pooling_mode_lasttoken", true}}) == "lasttoken");
    CHECK(read({{"pooling_mode", "max"}}) == "max");
    CHECK_THROWS_WITH(read({{"pooling_mode_cls_token", true}, {"pooling_mode_mean_tokens", true}}),
                      Catch::Contains("several"));
    CHECK_THROWS_WITH(read({{"pooling_mode_weightedmean_tokens", true}}),
                      Catch::Contains("weightedmean"));
}
