// SPDX-License-Identifier: Apache-2.0
// The cache against at::cat of everything that went in.
#include "generation/kv_cache.h"

#include <catch2/catch.hpp>
#include <set>

#include "core/error.h"

using namespace moonlet;

namespace {

struct Reference {
    at::Tensor k, v;  // everything so far
    void append(const at::Tensor& nk, const at::Tensor& nv) {
        k = k.defined() ? at::cat({k, nk}, 2) : nk;
        v = v.defined() ? at::cat({v, nv}, 2) : nv;
    }
    void crop(int64_t n) {
        k = k.narrow(2, 0, n);
        v = v.narrow(2, 0, n);
    }
};

}  // namespace

TEST_CASE("a cache gives back what went in, across growth and rewinding", "[kv_cache]") {
    at::manual_seed(1);
    KvCache cache(3);
    std::vector<Reference> wanted(3);
    for (int64_t count : {5, 1, 1, 70, 1, 200, 1}) {
        int64_t before = cache.length();
        for (int64_t layer = 0; layer < 3; ++layer) {
            auto k = at::randn({2, 4, count, 8}), v = at::randn({2, 4, count, 8});
            auto [all_k, all_v] = cache.update(layer, k, v);
            wanted[layer].append(k, v);
            REQUIRE(at::equal(all_k, wanted[layer].k));
            REQUIRE(at::equal(all_v, wanted[layer].v));
            REQUIRE(cache.length() == before);  // only advance moves it
        }
        cache.advance(count);
        REQUIRE(cache.length() == before + count);
        if (cache.length() == 77) {
            cache.crop(33);
            for (auto& layer : wanted) layer.crop(33);
        }
    }
}

TEST_CASE("growing copies a logarithmic number of times and stays under the limit", "[kv_cache]") {
    KvCache cache(1, 1000);
    std::set<const void*> storages;
    auto k = at::zeros({1, 1, 1, 4});
    for (int i = 0; i < 1000; ++i) {
        storages.insert(cache.update(0, k, k).first.const_data_ptr());
        cache.advance(1);
    }
    CHECK(storages.size() <= 5);  // 64, 128, 256, 512, 1000
    CHECK(cache.capacity() == 1000);
    CHECK(cache.bytes() == 2 * 1000 * 4 * sizeof(float));
    CHECK_THROWS_AS(cache.update(0, k, k), Error);
}

TEST_CASE("a forward call that failed half-way leaves the cache as it was", "[kv_cache]") {
    KvCache cache(2);
    auto one = at::ones({1, 2, 3, 4});
    cache.update(0, one, one);
    cache.update(1, one, one);
    cache.advance(3);
    cache.update(0, one * 2, one * 2);  // layer 1 never came, no advance
    auto [k, v] = cache.update(0, one * 3, one * 3);
    CHECK(at::equal(k, at::cat({one, one * 3}, 2)));
    CHECK(at::equal(v, at::cat({one, one * 3}, 2)));
}

TEST_CASE("a cache says what does not fit", "[kv_cache]") {
    KvCache cache(1);
    auto k = at::zeros({1, 2, 3, 4});
    cache.update(0, k, k);
    cache.advance(3);
    CHECK_THROWS_WITH(cache.update(0, at::zeros({2, 2, 1, 4}), at::zeros({2, 2, 1, 4})),
                      Catch::Contains("one cache per batch"));
    CHECK_THROWS_AS(cache.update(1, k, k), Error);
    CHECK_THROWS_AS(cache.crop(4), Error);
    CHECK_THROWS_AS(cache.crop(-1), Error);
}
