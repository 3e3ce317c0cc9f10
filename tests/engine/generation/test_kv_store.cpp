// SPDX-License-Identifier: Apache-2.0
// What is kept of texts that were read: bit for bit the same as reading anew, across chats that
// take turns, budgets, trained weights, int8 and files.
#include "generation/kv_store.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "core/error.h"
#include "core/files.h"
#include "generation/context.h"
#include "generation/kv_prefix.h"
#include "tiny.h"

using namespace moonlet;

namespace {

at::Tensor fresh(const std::shared_ptr<LanguageModel>& model, const std::vector<int>& ids) {
    return Context(model->network).read(ids);
}

double divergence(const at::Tensor& logits, const at::Tensor& other) {
    at::Tensor p = logits.log_softmax(-1), q = other.log_softmax(-1);
    return (p.exp() * (p - q)).sum().item<double>();
}

}  // namespace

TEST_CASE("texts that take turns each find their beginning", "[kv_store]") {
    for (auto dtype : {at::kFloat, at::kBFloat16}) {
        auto model = test::tiny(dtype);
        const auto common = test::some_ids(64);
        std::vector<std::vector<int>> texts;
        for (int i = 0; i < 3; ++i) {
            texts.push_back(common);
            for (int id : test::some_ids(70, i + 1)) texts.back().push_back(id);
        }
        size_t reused = 1;
        for (size_t round = 0; round < 2; ++round)
            for (size_t i = 0; i < texts.size(); ++i) {
                Context context(*model);
                CHECK(context.read(texts[i], &reused).equal(fresh(model, texts[i])));
                CHECK(reused == (round > 0 ? 128u : i > 0 ? 64u : 0u));
            }
        const KvStore::Counts counts = model->kv()->counts();
        CHECK(counts.asked == 6);
        CHECK(counts.hits == 5);
        CHECK(counts.reused == 64 * 2 + 128 * 3);
        CHECK(counts.read == 6 * 134);
        CHECK(counts.blocks == 2 + 3);
        CHECK(counts.tokens == 64 + 3 * 64);
        CHECK(counts.bytes == model->kv()->pool().bytes());
        CHECK(counts.idle_bytes == counts.bytes);
    }
}

TEST_CASE("what is kept makes room, the least recently used first", "[kv_store]") {
    auto model = test::tiny();
    const size_t page = model->kv()->pool().page_bytes();
    auto tight = test::tiny();
    tight->kv_budget = 8 * page;
    const auto a = test::some_ids(100), b = test::some_ids(100, 1), c = test::some_ids(100, 2);
    size_t reused = 0;
    Context(*tight).read(a);
    Context(*tight).read(b);  // 2 + 2 kept
    CHECK(Context(*tight).read(a, &reused).equal(fresh(tight, a)));
    CHECK(reused == 64);
    Context(*tight).read(c);
    Context(*tight).read(test::some_ids(200, 4));  // 7 pages: one is left for what is kept
    CHECK(tight->kv()->pool().bytes() <= 8 * page);
    CHECK(Context(*tight).read(b, &reused).equal(fresh(tight, b)));
    CHECK(reused == 0);
    // One that is running keeps its blocks, whoever reads beside it.
    Context running(*tight);
    at::Tensor wanted = running.read(a);
    for (int salt = 5; salt < 9; ++salt) Context(*tight).read(test::some_ids(100, salt));
    Context twin(model->network);
    twin.read(a);
    for (int id : {5, 6, 7}) CHECK(running.step(id).equal(twin.step(id)));
    CHECK_THROWS_WITH(Context(*tight).read(test::some_ids(200, 9)), Catch::Contains("kv_budget"));
    CHECK(running.step(8).equal(twin.step(8)));
    tight->kv()->clear();
    CHECK(tight->kv()->pool().bytes() >= running.sequence().bytes());
    CHECK(running.step(9).equal(twin.step(9)));
}

TEST_CASE("trained weights make what is kept worthless", "[kv_store]") {
    auto model = test::tiny();
    auto ids = test::some_ids(100);
    Context(*model).read(ids);
    {
        c10::InferenceMode no_grad;
        model->network->parameters().entries()[1].tensor.mul_(1.5);
    }
    size_t reused = 1;
    CHECK(Context(*model).read(ids, &reused).equal(fresh(model, ids)));
    CHECK(reused == 0);
    CHECK(model->kv()->counts().blocks == 2);
}

TEST_CASE("a copied context goes on by itself; guesses can be taken back", "[kv_store]") {
    auto model = test::tiny();
    const auto ids = test::some_ids(75);
    Context context(*model);
    context.read(ids);
    Context fork = context;
    at::Tensor first = fork.step(11);
    const int guesses[] = {11, 12, 13};
    at::Tensor rows = context.extend(guesses, 3);
    CHECK((rows[0] - first).abs().max().item<double>() < 1e-4);
    CHECK(context.length() == 78);
    context.crop(75);
    CHECK(context.step(11).equal(first));
    CHECK(context.ids() == fork.ids());
    CHECK(context.step(12).equal(fork.step(12)));
    CHECK_FALSE(context.extends(200));
    CHECK_THROWS_AS(context.extend(guesses, 0), Error);
}

TEST_CASE("int8 keys and values say nearly the same", "[kv_store]") {
    for (auto dtype : {at::kFloat, at::kBFloat16}) {
        auto model = test::tiny(dtype), small = test::tiny(dtype);
        small->kv_int8 = true;
        const auto ids = test::some_ids(200);
        Context whole(*model), context(*small);
        at::Tensor wanted = whole.read(ids), logits = context.read(ids);
        double sum = divergence(wanted, logits);
        for (int id : test::some_ids(20, 3)) sum += divergence(whole.step(id), context.step(id));
        CHECK(sum / 21 < 1e-3);
        CHECK(sum > 0);
        CHECK(small->kv()->pool().page_bytes() < model->kv()->pool().page_bytes());
        // And the same when its beginning was kept.
        CHECK(Context(*small).read(ids).equal(logits));
    }
}

TEST_CASE("a saved beginning is the one that was read", "[kv_store]") {
    const auto folder = test::scratch() / "prefix";
    std::filesystem::create_directories(folder);
    const std::string path = (folder / "a.safetensors").string();
    for (bool int8 : {false, true})
        for (auto dtype : {at::kFloat, at::kBFloat16}) {
            auto model = test::tiny(dtype), other = test::tiny(dtype);
            model->kv_int8 = other->kv_int8 = int8;
            const auto ids = test::some_ids(150);
            CHECK(save_prefix(*model, path, ids) == 128);
            CHECK(load_prefix(*other, path) == 128);
            size_t reused = 0;
            at::Tensor logits = Context(*other).read(ids, &reused);
            CHECK(reused == 128);
            CHECK(logits.equal(Context(*model).read(ids)));
            // Other weights, another kind, no such file.
            auto changed = test::tiny(dtype);
            changed->kv_int8 = int8;
            changed->network->parameters().entries().back().tensor.view({-1})[3].fill_(0.5);
            CHECK_THROWS_WITH(load_prefix(*changed, path), Catch::Contains("other weights"));
            auto kind = test::tiny(dtype);
            kind->kv_int8 = !int8;
            CHECK_THROWS_WITH(load_prefix(*kind, path), Catch::Contains("kv and dtype"));
            CHECK(changed->kv()->counts().blocks == 0);
        }
    auto model = test::tiny();
    CHECK_THROWS_WITH(save_prefix(*model, path, test::some_ids(20)),
                      Catch::Contains("at least 32"));
    CHECK_THROWS_AS(load_prefix(*model, path + ".no"), Error);
    write_file(path, "not a prefix at all, but long enough to have a header");
    CHECK_THROWS_AS(load_prefix(*model, path), Error);
}
