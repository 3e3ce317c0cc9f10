// SPDX-License-Identifier: Apache-2.0
// Vectors against a brute-force product: flat, graph, selections, files; and who serves sgemm_.
#include <ATen/ATen.h>
#include <ATen/Version.h>
#include <dlfcn.h>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/interrupt.h"
#include "core/random.h"
#include "models/model.h"
#include "retrievers/fingerprint.h"
#include "retrievers/vectors.h"
#include "test.h"

using namespace moonlet;

namespace {

at::Tensor random_rows(int64_t count, int64_t dim, uint64_t seed) {
    Random random(seed);
    at::Tensor rows = at::empty({count, dim}, at::kFloat);
    float* data = rows.data_ptr<float>();
    for (int64_t i = 0; i < rows.numel(); ++i) data[i] = float(random.uniform() - 0.5);
    return rows;
}

// The best k by LibTorch's own product, among what is allowed.
std::vector<std::vector<Scored>> brute(const at::Tensor& rows, const at::Tensor& queries, size_t k,
                                       const Selection* among = nullptr) {
    auto unit = [](const at::Tensor& t) { return t / at::norm(t, 2, {1}, true); };
    at::Tensor scores = unit(queries).matmul(unit(rows).t()).contiguous();
    std::vector<std::vector<Scored>> result;
    for (int64_t q = 0; q < queries.size(0); ++q) {
        std::vector<Scored> all;
        for (int64_t i = 0; i < rows.size(0); ++i)
            if (!among || among->allows(size_t(i)))
                all.push_back({i, scores[q].data_ptr<float>()[i]});
        std::sort(all.begin(), all.end(),
                  [](const Scored& a, const Scored& b) { return a.score > b.score; });
        all.resize(std::min(k, all.size()));
        result.push_back(all);
    }
    return result;
}

// The part of wanted ids that was found.
double recall(const std::vector<std::vector<Scored>>& found,
              const std::vector<std::vector<Scored>>& wanted) {
    size_t hits = 0, all = 0;
    for (size_t q = 0; q < wanted.size(); ++q) {
        for (const Scored& w : wanted[q]) {
            ++all;
            for (const Scored& f : found[q]) hits += f.id == w.id;
        }
    }
    return double(hits) / double(all);
}

std::shared_ptr<VectorIndex> index_of(const at::Tensor& rows, const std::string& kind) {
    auto index = std::make_shared<VectorIndex>(VectorOptions::from_json({{"index", kind}}));
    index->add(rows);
    return index;
}

Selection every(size_t n, size_t step) {
    Selection selection(n);
    for (size_t i = 0; i < n; i += step) selection.allow(i);
    return selection;
}

}  // namespace

TEST_CASE("flat is the brute-force product") {
    at::Tensor rows = random_rows(3000, 48, 1), queries = random_rows(50, 48, 2);
    auto index = index_of(rows, "flat");
    CHECK(index->size() == 3000);
    CHECK(index->dim() == 48);
    auto found = index->search(queries, 10), wanted = brute(rows, queries, 10);
    for (size_t q = 0; q < found.size(); ++q) {
        REQUIRE(found[q].size() == 10);
        for (size_t i = 0; i < 10; ++i) {
            CHECK(found[q][i].id == wanted[q][i].id);
            CHECK(found[q][i].score == Approx(wanted[q][i].score).margin(1e-5));
        }
    }
    CHECK(index->search(queries, 5000)[0].size() == 3000);
    CHECK(index->search(queries, 0)[0].empty());
    CHECK(VectorIndex().search(queries, 3)[0].empty());
}

TEST_CASE("the graph finds nearly all; its scores are cosines") {
    at::Tensor rows = random_rows(4000, 24, 3), queries = random_rows(60, 24, 4);
    auto index = index_of(rows, "hnsw");
    auto found = index->search(queries, 10), wanted = brute(rows, queries, 10);
    CHECK(recall(found, wanted) > 0.97);
    CHECK(found[0][0].score == Approx(wanted[0][0].score).margin(1e-5));
    CHECK(index->search(queries, 5000)[0].size() == 4000);
}

TEST_CASE("a selection loses nothing at any selectivity") {
    at::Tensor rows = random_rows(4000, 24, 5), queries = random_rows(30, 24, 6);
    for (const char* kind : {"flat", "hnsw"}) {
        auto index = index_of(rows, kind);
        for (size_t step : {10, 50, 1000, 5000}) {  // 10, 2, 0.1 %, one vector
            INFO(kind << " every " << step);
            Selection among = every(4000, step);
            auto found = index->search(queries, 10, &among);
            auto wanted = brute(rows, queries, 10, &among);
            CHECK(recall(found, wanted) == 1.0);
            for (auto& hits : found) CHECK(hits.size() == std::min<size_t>(10, among.count()));
        }
        Selection none(4000), half = every(4000, 2);
        CHECK(index->search(queries, 10, &none)[0].empty());
        auto found = index->search(queries, 10, &half);
        for (auto& hits : found) {
            CHECK(hits.size() == 10);
            for (const Scored& hit : hits) CHECK(hit.id % 2 == 0);
        }
        CHECK(recall(found, brute(rows, queries, 10, &half)) > 0.97);
    }
}

TEST_CASE("vectors come in blocks and are brought to length one; others are refused") {
    at::Tensor rows = random_rows(2500, 8, 7);
    auto whole = index_of(rows, "flat");
    VectorIndex parts;
    parts.add(rows.narrow(0, 0, 7) * 3);
    parts.add(rows[7]);
    parts.add(rows.narrow(0, 8, 2492).to(at::kDouble));
    auto a = whole->search(rows, 3), b = parts.search(rows * 0.1, 3);
    CHECK(recall(b, a) == 1.0);
    CHECK(a[5][0].id == 5);
    CHECK(a[5][0].score == Approx(1));
    CHECK_THROWS_WITH(parts.add(random_rows(1, 9, 1)), Catch::Contains("8, as the index has"));
    CHECK_THROWS_AS(parts.search(random_rows(1, 9, 1), 1), Error);
    CHECK_THROWS_AS(parts.add(rows * std::nanf("")), Error);
    CHECK_THROWS_AS(parts.add(at::zeros({2, 2, 2})), Error);
    VectorIndex zeros;
    zeros.add(at::zeros({1, 4}));
    CHECK(zeros.search(at::ones({4}), 1)[0][0].score == 0);
    CHECK_THROWS_AS(VectorOptions::from_json({{"index", "ivf"}}), Error);
    CHECK_THROWS_AS(VectorOptions::from_json({{"m", 0}}), Error);
}

TEST_CASE("saved and loaded it finds the same; damaged files are refused") {
    at::Tensor rows = random_rows(600, 16, 8), queries = random_rows(20, 16, 9);
    const std::string path = (test::scratch() / "vectors.safetensors").string();
    for (const char* kind : {"flat", "hnsw"}) {
        auto index = index_of(rows, kind);
        index->save(path);
        auto loaded = VectorIndex::load(path);
        CHECK(loaded->options().index == kind);
        auto a = index->search(queries, 5), b = loaded->search(queries, 5);
        for (size_t q = 0; q < a.size(); ++q)
            for (size_t i = 0; i < 5; ++i) {
                CHECK(a[q][i].id == b[q][i].id);
                CHECK(a[q][i].score == b[q][i].score);
            }
        loaded->add(queries);
        CHECK(loaded->search(queries, 1)[3][0].id == 603);
        const std::string bytes = read_file(path);
        for (size_t cut = 0; cut < bytes.size(); cut += bytes.size() / 40 + 1) {
            write_file(path, bytes.substr(0, cut));
            CHECK_THROWS_AS(VectorIndex::load(path), Error);
        }
        Random random(10);
        for (int round = 0; round < 200; ++round) {  // loads or says no; never crashes
            std::string broken = bytes;
            size_t where = random.below(round % 2 ? 400 : broken.size());
            broken[where] = char(random.below(256));
            write_file(path, broken);
            try {
                VectorIndex::load(path)->search(queries, 5);
            } catch (const Error&) {
            }
        }
    }
    CHECK_THROWS_AS(VectorIndex().save(path), Error);
    CHECK_THROWS_AS(VectorIndex::load(path + ".none"), Error);
}

TEST_CASE("a request to stop ends adding; what was added stays") {
    VectorIndex index;
    index.add(random_rows(3, 4, 1));
    interrupt::flag() = 1;
    CHECK_THROWS_AS(index.add(random_rows(3, 4, 2)), Interrupted);
    interrupt::reset();
    CHECK(index.size() == 3);
}

TEST_CASE("a fingerprint tells weights, names and tokenizers apart") {
    auto model = [](uint64_t seed) {
        Json config = Families::get("bert").default_config();
        config["model_type"] = "bert";
        for (const char* name : {"hidden_size", "intermediate_size", "vocab_size"})
            config[name] = 32;
        config["num_hidden_layers"] = 1;
        config["num_attention_heads"] = 2;
        return new_model(config, seed, at::kFloat, "cpu");
    };
    auto a = model(1), b = model(1), c = model(2);
    CHECK(fingerprint(*a, "t") == fingerprint(*b, "t"));
    CHECK(fingerprint(*a, "t") != fingerprint(*c, "t"));
    CHECK(fingerprint(*a, "t") != fingerprint(*a, "u"));
    b->parameters().entries()[1].tensor.view(-1)[3] += 1;
    CHECK(fingerprint(*a, "t") != fingerprint(*b, "t"));
}

TEST_CASE("LibTorch serves the matrix products, OpenBLAS does not take them over") {
    void* symbol = dlsym(RTLD_DEFAULT, "sgemm_");
    REQUIRE(symbol != nullptr);
    Dl_info info{};
    REQUIRE(dladdr(symbol, &info) != 0);
    CHECK(std::string(info.dli_fname).find("libtorch_cpu") != std::string::npos);
    // LibTorch's own calls are resolved in the same order of libraries.
    CHECK(at::get_mkl_version().find("Math Kernel Library") != std::string::npos);
}
