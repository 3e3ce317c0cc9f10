// SPDX-License-Identifier: Apache-2.0
// What must hold for any family whatever its numbers are: cached = uncached, batch = single, packed
// = separate, padding on either side, inference = training path, save -> load = same, bf16 close.
#include <catch2/catch.hpp>

#include "core/random.h"
#include "ops/rms_norm.h"
#include "support.h"

using namespace moonlet;
using namespace moonlet::test;

namespace {

constexpr double kClose = 2e-5;

at::Tensor random_ids(Random& random, int64_t rows, int64_t count, int64_t vocab) {
    at::Tensor ids = at::empty({rows, count}, at::kLong);
    for (int64_t i = 0; i < ids.numel(); ++i)
        ids.data_ptr<int64_t>()[i] = int64_t(random.below(uint64_t(vocab)));
    return ids;
}

std::shared_ptr<Model> open(const std::string& name) {
    return load_model(folder_of(name), {at::kFloat, "cpu"});
}

at::Tensor hidden(Model& model, const ModelInput& input) {
    at::NoGradGuard no_grad;
    return model.hidden(input);
}

ModelInput of(const at::Tensor& ids) {
    ModelInput input;
    input.ids = ids;
    return input;
}

}  // namespace

TEST_CASE("cached equals uncached, whatever the chunks") {
    Random random(1);
    for (const std::string& name : golden_models()) {
        auto model = open(name);
        if (!model->causal()) continue;
        INFO(name);
        at::Tensor ids = random_ids(random, 2, 11, model->vocab_size());
        at::Tensor whole = hidden(*model, of(ids));
        for (std::vector<int64_t> chunks :
             {std::vector<int64_t>{11}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {5, 1, 4, 1}, {2, 9}}) {
            GrowingCache cache(model->num_hidden_layers());
            std::vector<at::Tensor> parts;
            int64_t at = 0;
            for (int64_t n : chunks) {
                ModelInput input = of(ids.narrow(1, at, n));
                input.cache = &cache;
                input.lengths = at::full({2, 1}, 11, at::kLong);
                parts.push_back(hidden(*model, input));
                at += n;
                REQUIRE(cache.length() == at);
            }
            CHECK(difference(at::cat(parts, 1), whole) < kClose);
        }
    }
}

TEST_CASE("a cached batch with padding on the left equals its rows alone") {
    Random random(2);
    for (const std::string& name : golden_models()) {
        auto model = open(name);
        if (!model->causal()) continue;
        INFO(name);
        at::Tensor ids = random_ids(random, 2, 9, model->vocab_size());
        at::Tensor mask = at::ones({2, 9}, at::kBool);
        mask[1].narrow(0, 0, 4).fill_(false);
        GrowingCache cache(model->num_hidden_layers());
        std::vector<at::Tensor> parts;
        for (auto [at, n] : {std::pair<int64_t, int64_t>{0, 6}, {6, 1}, {7, 2}}) {
            ModelInput input = of(ids.narrow(1, at, n));
            input.mask = mask.narrow(1, 0, at + n);
            input.lengths = mask.sum(1, true);
            input.cache = &cache;
            parts.push_back(hidden(*model, input));
        }
        at::Tensor together = at::cat(parts, 1);
        CHECK(difference(together[0], hidden(*model, of(ids.narrow(0, 0, 1)))[0]) < kClose);
        at::Tensor alone = hidden(*model, of(ids.narrow(0, 1, 1).narrow(1, 4, 5)));
        CHECK(difference(together[1].narrow(0, 4, 5), alone[0]) < kClose);
    }
}

TEST_CASE("a batch of 8 equals 8 batches of 1") {
    Random random(3);
    for (const std::string& name : golden_models()) {
        INFO(name);
        auto model = open(name);
        at::Tensor ids = random_ids(random, 8, 12, model->vocab_size());
        at::Tensor mask = at::ones({8, 12}, at::kBool);
        std::vector<int64_t> lengths;
        for (int64_t row = 0; row < 8; ++row) {
            lengths.push_back(1 + int64_t(random.below(12)));
            mask[row].narrow(0, lengths.back(), 12 - lengths.back()).fill_(false);
        }
        ModelInput input = of(ids);
        input.mask = mask;
        at::Tensor together = hidden(*model, input);
        for (int64_t row = 0; row < 8; ++row) {
            int64_t n = lengths[size_t(row)];
            at::Tensor alone = hidden(*model, of(ids.narrow(0, row, 1).narrow(1, 0, n)));
            // 96 rows take LibTorch's products, those alone ours: sums in another order.
            CHECK(difference(together[row].narrow(0, 0, n), alone[0]) < 2 * kClose);
        }
    }
}

TEST_CASE("packed documents do not see each other") {
    Random random(4);
    for (const std::string& name : golden_models()) {
        INFO(name);
        auto model = open(name);
        at::Tensor ids = random_ids(random, 2, 12, model->vocab_size());
        at::Tensor documents = at::zeros({2, 12}, at::kLong);
        documents[0].narrow(0, 5, 7).fill_(1);
        documents[0].narrow(0, 6, 6).fill_(2);
        documents[1].narrow(0, 9, 3).fill_(7);
        ModelInput input = of(ids);
        input.documents = documents;
        at::Tensor packed = hidden(*model, input);
        for (auto [row, at, n] : {std::tuple<int64_t, int64_t, int64_t>{0, 0, 5},
                                  {0, 5, 1},
                                  {0, 6, 6},
                                  {1, 0, 9},
                                  {1, 9, 3}}) {
            at::Tensor alone = hidden(*model, of(ids.narrow(0, row, 1).narrow(1, at, n)));
            CHECK(difference(packed[row].narrow(0, at, n), alone[0]) < kClose);
        }
    }
}

TEST_CASE("training and inference give the same numbers") {
    Random random(5);
    for (const std::string& name : golden_models()) {
        INFO(name);
        for (at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
            auto model = load_model(folder_of(name), {dtype, "cpu"});
            at::Tensor ids = random_ids(random, 2, 10, model->vocab_size());
            at::Tensor inference = hidden(*model, of(ids));
            for (const auto& entry : model->parameters().entries())
                entry.tensor.requires_grad_(true);
            at::Tensor training = model->hidden(of(ids));
            CHECK(training.requires_grad());
            if (dtype == at::kFloat) {
                CHECK(difference(inference, training) <= kClose);
                continue;
            }
            // Each rounds bf16 in its own places: neither may be further from the numbers of the
            // same weights in f32 than such rounding takes it.
            auto exact = load_model(folder_of(name), {at::kFloat, "cpu"});
            const auto& from = model->parameters().entries();
            for (size_t i = 0; i < from.size(); ++i)
                exact->parameters().entries()[i].tensor.copy_(from[i].tensor.detach());
            const at::Tensor numbers = hidden(*exact, of(ids));
            auto off = [&](const at::Tensor& x) {
                return ((x.detach().to(at::kFloat) - numbers).norm() / numbers.norm())
                    .item<double>();
            };
            CHECK(off(inference) <= 1.25 * off(training) + 0.002);
        }
    }
}

TEST_CASE("save and load again gives the same model") {
    for (const std::string& name : golden_models()) {
        INFO(name);
        auto model = load_model(folder_of(name), {std::nullopt, "cpu"});
        std::string folder = (scratch() / name).string();
        save_model(*model, folder);
        auto again = load_model(folder, {std::nullopt, "cpu"});
        REQUIRE(again->parameters().dtype() == model->parameters().dtype());
        const auto &a = model->parameters().entries(), &b = again->parameters().entries();
        REQUIRE(a.size() == b.size());
        for (size_t i = 0; i < a.size(); ++i) {
            CHECK(a[i].name == b[i].name);
            CHECK(at::equal(a[i].tensor, b[i].tensor));
        }
        at::Tensor ids = numbers_of(name).at("ids");
        // Not to the bit: products of single rows go by where and how the weights lie in memory.
        CHECK(difference(hidden(*model, of(ids)), hidden(*again, of(ids))) < kClose);
    }
}

TEST_CASE("bf16 weights stay close to f32") {
    for (const std::string& name : golden_models()) {
        INFO(name);
        auto golden = numbers_of(name);
        auto model = load_model(folder_of(name), {at::kBFloat16, "cpu"});
        CHECK(model->parameters().dtype() == at::kBFloat16);
        ModelInput input = of(golden.at("ids"));
        if (golden.count("positions")) input.positions = golden.at("positions");
        if (golden.count("types")) input.token_type_ids = golden.at("types");
        at::Tensor ours = hidden(*model, input).to(at::kFloat).flatten(),
                   theirs = golden.at("hidden").flatten();
        double cosine = (at::dot(ours, theirs) / (ours.norm() * theirs.norm())).item<double>();
        CHECK(cosine > 0.998);
    }
}

TEST_CASE("weights are mapped, and training them leaves the file alone") {
    std::string folder = folder_of("llama-gqa");
    auto model = load_model(folder, {std::nullopt, "cpu"});
    at::Tensor norm;
    for (const auto& entry : model->parameters().entries())
        if (entry.name == "model.norm.weight") norm = entry.tensor;
    REQUIRE(norm.defined());
    norm.fill_(3);
    auto again = load_model(folder, {std::nullopt, "cpu"});
    for (const auto& entry : again->parameters().entries())
        if (entry.name == "model.norm.weight") CHECK(entry.tensor.max().item<float>() < 2);
}
