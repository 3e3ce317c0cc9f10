// SPDX-License-Identifier: Apache-2.0
// The paged cache against the plain one, row by row.
#include "generation/kv_sequence.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "generation/kv_cache.h"

using namespace moonlet;

namespace {

constexpr int64_t kLayers = 2, kHeads = 3, kWidth = 5;

std::shared_ptr<KvPool> pool_of(at::ScalarType dtype = at::kFloat, bool int8 = false,
                                KvBudget budget = {}) {
    return std::make_shared<KvPool>(KvLayout{kLayers, kHeads, kWidth, dtype, at::kCPU, int8},
                                    budget);
}

at::Tensor random_keys(int64_t batch, int64_t count, at::ScalarType dtype = at::kFloat) {
    // As ops::rotate may hand them in: heads first, but not contiguous.
    return at::randn({batch, count, kHeads, kWidth}).to(dtype).transpose(1, 2);
}

// Everything of `row` as one tensor [layers, 2, heads, length, width].
at::Tensor all_of(const KvSequence& row) {
    at::Tensor all =
        at::empty({kLayers, 2, kHeads, row.length(), kWidth}, row.pool().layout().dtype);
    for (int64_t layer = 0; layer < kLayers; ++layer)
        row.read(layer, row.length(), all[layer][0], all[layer][1]);
    return all;
}

void write_some(KvSequence& row, int64_t count) {
    PagedCache cache({&row});
    for (int64_t layer = 0; layer < kLayers; ++layer)
        cache.update(layer, random_keys(1, count), random_keys(1, count));
    cache.advance(count);
}

}  // namespace

TEST_CASE("one row of pages holds what the plain cache holds", "[kv_sequence]") {
    at::manual_seed(1);
    for (auto dtype : {at::kFloat, at::kBFloat16, at::kHalf}) {
        KvCache plain(kLayers);
        KvSequence row(pool_of(dtype));
        for (int64_t count : {5, 1, 1, 70, 1, 200, 1, 31, 33}) {
            PagedCache cache({&row});
            REQUIRE(cache.length() == plain.length());
            for (int64_t layer = 0; layer < kLayers; ++layer) {
                auto k = random_keys(1, count, dtype), v = random_keys(1, count, dtype);
                auto [paged_k, paged_v] = cache.update(layer, k, v);
                auto [plain_k, plain_v] = plain.update(layer, k, v);
                REQUIRE(at::equal(paged_k, plain_k));
                REQUIRE(at::equal(paged_v, plain_v));
            }
            cache.advance(count);
            plain.advance(count);
            if (row.length() == 77) {
                row.crop(33);
                plain.crop(33);
            }
        }
        CHECK(row.bytes() == row.pool().bytes());
    }
}

TEST_CASE("rows of different lengths stand padded on the left", "[kv_sequence]") {
    at::manual_seed(2);
    auto pool = pool_of();
    std::vector<KvSequence> rows(3, KvSequence(pool));
    const std::vector<int64_t> lengths = {40, 0, 7};
    std::vector<std::vector<at::Tensor>> wanted(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) write_some(rows[i], lengths[i]);
    std::vector<at::Tensor> before;
    for (auto& row : rows) before.push_back(all_of(row));
    PagedCache cache({&rows[0], &rows[1], &rows[2]});
    CHECK(cache.length() == 40);
    auto k = random_keys(3, 2), v = random_keys(3, 2);
    auto [keys, values] = cache.update(1, k, v);
    REQUIRE(keys.sizes() == at::IntArrayRef({3, kHeads, 42, kWidth}));
    for (int64_t i = 0; i < 3; ++i) {
        const int64_t own = lengths[size_t(i)], padding = 40 - own;
        CHECK(at::equal(keys[i].narrow(1, padding, own), before[size_t(i)][1][0]));
        CHECK(at::equal(values[i].narrow(1, padding, own), before[size_t(i)][1][1]));
        CHECK(at::equal(keys[i].narrow(1, 40, 2), k[i]));
        CHECK(keys[i].narrow(1, 0, padding).count_nonzero().item<int64_t>() == 0);
    }
    cache.update(0, k, v);
    cache.advance(2);
    CHECK(rows[1].length() == 2);
    CHECK(rows[2].length() == 9);
}

TEST_CASE("a fork shares its pages and writes in none of the other's", "[kv_sequence]") {
    at::manual_seed(3);
    auto pool = pool_of();
    KvSequence row(pool);
    write_some(row, 75);
    const size_t one = pool->bytes();
    at::Tensor wanted = all_of(row);
    KvSequence fork = row;
    CHECK(pool->bytes() == one);  // nothing was copied
    write_some(fork, 3);
    CHECK(pool->bytes() == one + pool->page_bytes());  // the last page was
    CHECK(at::equal(all_of(row), wanted));
    CHECK(at::equal(all_of(fork).narrow(3, 0, 75), wanted));
    write_some(row, 1);
    CHECK(pool->bytes() == one + pool->page_bytes());  // nobody else holds it now
    row.crop(10);                                      // into a page that the fork holds too
    write_some(row, 4);
    CHECK(at::equal(all_of(fork).narrow(3, 0, 75), wanted));
    CHECK(at::equal(all_of(row).narrow(3, 0, 10), wanted.narrow(3, 0, 10)));
    CHECK_THROWS_AS(row.crop(15), Error);
    CHECK_THROWS_AS(row.share({}), Error);  // 14 positions end at no page's border
}

TEST_CASE("int8 keeps each vector within half a step of its largest number", "[kv_sequence]") {
    at::manual_seed(4);
    for (auto dtype : {at::kFloat, at::kBFloat16}) {
        KvSequence row(pool_of(dtype, true));
        PagedCache cache({&row});
        auto k = random_keys(1, 50, dtype) * 3, v = random_keys(1, 50, dtype);
        v.narrow(2, 7, 1).zero_();
        auto [keys, values] = cache.update(0, k, v);
        CHECK(keys.scalar_type() == dtype);
        for (auto [stored, given] : {std::pair{keys, k}, {values, v}}) {
            at::Tensor step = given.to(at::kFloat).abs().amax(-1, true) / 127;
            at::Tensor error = (stored.to(at::kFloat) - given.to(at::kFloat)).abs();
            const double rounding = dtype == at::kFloat ? 1e-6 : 1.0 / 128;
            CHECK(
                (error <= step * 0.501 + given.to(at::kFloat).abs() * rounding).all().item<bool>());
        }
        CHECK(row.pool().page_bytes() == kLayers * 2 * kHeads * kKvPage * (kWidth + 4));
    }
}

TEST_CASE("native code finds the numbers where pages() says", "[kv_sequence]") {
    at::manual_seed(5);
    auto pool = pool_of();
    KvSequence first(pool), second(pool);
    write_some(first, 40);
    write_some(second, 3);
    PagedCache cache({&first, &second});
    const KvPages* pages = cache.pages(1, 30);
    REQUIRE(pages);
    CHECK(pages->type == KvPages::f32);
    CHECK(pages->page_size == kKvPage);
    REQUIRE(pages->rows.size() == 2);
    CHECK(pages->rows[0].length == 40);
    CHECK(pages->rows[1].length == 3);
    for (auto [row, sequence] : {std::pair{&pages->rows[0], &first}, {&pages->rows[1], &second}}) {
        at::Tensor wanted = all_of(*sequence)[1];
        for (int64_t i = 0; i < sequence->length(); ++i)
            for (int64_t h = 0; h < kHeads; ++h)
                for (int64_t d = 0; d < kWidth; ++d) {
                    const int64_t at = (h * kKvPage + i % kKvPage) * kWidth + d;
                    REQUIRE(static_cast<float*>(row->keys[i / kKvPage])[at] ==
                            wanted[0][h][i][d].item<float>());
                    REQUIRE(static_cast<float*>(row->values[i / kKvPage])[at] ==
                            wanted[1][h][i][d].item<float>());
                }
    }
    // What it writes behind them is there for update()'s readers.
    static_cast<float*>(pages->rows[1].keys[0])[3 * kWidth] = 17;
    cache.advance(30);
    CHECK(all_of(second)[1][0][0][3][0].item<float>() == 17);
    CHECK(first.length() == 70);
}

TEST_CASE("a budget is kept, or an error says which", "[kv_sequence]") {
    const size_t page = pool_of()->page_bytes();
    auto pool = pool_of(at::kFloat, false, {3 * page, true});
    int asked = 0;
    KvSequence kept(pool), row(pool);
    write_some(kept, 64);
    pool->make_room = [&] {
        ++asked;
        if (kept.length() == 0) return false;
        kept.crop(kept.length() - 32);
        return true;
    };
    write_some(row, 96);
    CHECK(kept.length() == 0);
    CHECK(pool->bytes() == 3 * page);
    at::Tensor wanted = all_of(row);
    CHECK_THROWS_WITH(write_some(row, 1), Catch::Contains("kv_budget"));
    CHECK(row.length() == 96);
    CHECK(at::equal(all_of(row), wanted));
    row.crop(90);
    write_some(row, 6);
    // A limit that is not strict gives on.
    auto soft = pool_of(at::kFloat, false, {page, false});
    KvSequence more(soft);
    write_some(more, 40);
    CHECK(soft->bytes() == 2 * page);
}

TEST_CASE("pages say what does not fit", "[kv_sequence]") {
    KvSequence row(pool_of(), 40);
    write_some(row, 40);
    CHECK_THROWS_AS(write_some(row, 1), Error);
    row.crop(0);
    PagedCache cache({&row});
    CHECK_THROWS_AS(cache.update(kLayers, random_keys(1, 1), random_keys(1, 1)), Error);
    CHECK_THROWS_WITH(cache.update(0, random_keys(2, 1), random_keys(2, 1)),
                      Catch::Contains("one cache per batch"));
    CHECK_THROWS_AS(PagedCache({}), Error);
}
