// SPDX-License-Identifier: Apache-2.0
// Datasets made of datasets: the same over small data, worked on at once, and over big data, which
// is looked through to.
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "support.h"

using namespace moonlet;
using test::rows;
using test::write;

namespace {

DatasetPtr numbers(int n) {
    RowWriter writer;
    for (int i = 0; i < n; ++i) writer.add({{"n", i}, {"odd", i % 2 == 1}});
    return writer.finish();
}

// 100 MB, written once: rows {n, pad}.
constexpr int kBig = 100000;

DatasetPtr big() {
    static const std::string path = [] {
        std::filesystem::path file = test::scratch() / "big.jsonl";
        std::ofstream out(file, std::ios::binary);
        const std::string pad(1000, 'x');
        for (int i = 0; i < kBig; ++i) out << "{\"n\":" << i << ",\"pad\":\"" << pad << "\"}\n";
        return file.string();
    }();
    return load_dataset({path});
}

// Memory of this process now, in bytes.
size_t resident() {
    size_t all = 0, pages = 0;
    std::ifstream("/proc/self/statm") >> all >> pages;
    return pages * 4096;
}

std::vector<int> column(const DatasetPtr& data) {
    std::vector<int> all;
    for (size_t i = 0; data->has(i); ++i) all.push_back(data->row(i)["n"].get<int>());
    return all;
}

}  // namespace

TEST_CASE("take, skip, select, concat") {
    auto ten = numbers(10);
    CHECK(column(take(ten, 2, 3)) == std::vector<int>{2, 3, 4});
    CHECK(take(ten, 8, 5)->size() == 2);
    CHECK(take(ten, 20, 5)->size() == 0);
    CHECK(column(select_rows(ten, {9, 0, 9})) == std::vector<int>{9, 0, 9});
    auto both = concat({take(ten, 0, 2), numbers(0), take(ten, 5, 2)});
    CHECK(column(both) == std::vector<int>{0, 1, 5, 6});
    CHECK(both->row(3)["n"] == 6);
    CHECK(both->row(0)["n"] == 0);
    CHECK(both->size() == 4);
    CHECK_THROWS_WITH(both->row(4), "row 5 of 4");
}

TEST_CASE("shuffle: a permutation that its seed gives again") {
    auto ten = numbers(100);
    auto a = column(shuffle(ten, 7)), b = column(shuffle(ten, 7)), c = column(shuffle(ten, 8));
    CHECK(a == b);
    CHECK(a != c);
    std::sort(c.begin(), c.end());
    CHECK(c == column(ten));
    auto drawn = shuffle(ten, {});
    REQUIRE(drawn->seed);
    CHECK(column(shuffle(ten, *drawn->seed)) == column(drawn));
}

TEST_CASE("split: every row once, sizes by share, at least one row each") {
    for (size_t n : {2, 3, 10, 101}) {
        auto parts = split(numbers(int(n)), {0.8, 0.2}, 1, true);
        auto all = column(parts[0]), rest = column(parts[1]);
        CHECK(!rest.empty());
        CHECK(std::abs(double(all.size()) - 0.8 * double(n)) <= 1.0);
        all.insert(all.end(), rest.begin(), rest.end());
        std::sort(all.begin(), all.end());
        CHECK(all == column(numbers(int(n))));
    }
    auto three = split(numbers(10), {0.99, 0.005, 0.005}, 1, false);
    CHECK(column(three[2]) == std::vector<int>{9});
    CHECK(column(split(numbers(10), {0.5, 0.2}, {}, false)[1]) == std::vector<int>{5, 6});
    CHECK_THROWS_WITH(split(numbers(10), {0.8, 0.3}, 1, true), Catch::Contains("at most 1"));
}

TEST_CASE("sort: stable, by type, null last in both orders; group: by first appearance") {
    RowWriter writer;
    for (const char* row :
         {R"({"k":2,"n":0})", R"({"k":"b","n":1})", R"({"n":2})", R"({"k":1.5,"n":3})",
          R"({"k":2,"n":4})", R"({"k":"a","n":5})", R"({"k":true,"n":6})"})
        writer.add(Json::parse(row));
    auto data = writer.finish();
    CHECK(column(sort(data, column_key(data, "k"), false)) ==
          std::vector<int>{3, 0, 4, 5, 1, 6, 2});
    CHECK(column(sort(data, column_key(data, "k"), true)) == std::vector<int>{6, 1, 5, 0, 4, 3, 2});
    auto groups = group(data, column_key(data, "k"));
    REQUIRE(groups.size() == 6);
    CHECK(groups[0].first == 2);
    CHECK(column(groups[0].second) == std::vector<int>{0, 4});
    CHECK(groups[2].first.is_null());
    CHECK_THROWS_WITH(column_key(data, "kk"), Catch::Contains("did you mean \"k\""));
}

TEST_CASE("filter and map: at once over small data, on demand over big") {
    for (bool small : {true, false}) {
        auto data = small ? numbers(1000) : big();
        REQUIRE(data->small() == small);
        size_t calls = 0;
        auto even = filter(
            data, [&](const Json& row, size_t) { return ++calls, row["n"].get<int>() % 2 == 0; });
        CHECK(calls == (small ? 1000 : 0));
        CHECK(even->row(5)["n"] == 10);
        if (!small) CHECK(calls == 11);
        CHECK(!even->known_size().has_value() == !small);
        CHECK(even->size() == data->size() / 2);
        CHECK(calls == data->size());
        size_t changes = 0;
        auto squares = map(even, [&](Json row, size_t i) {
            ++changes;
            return Json{{"i", i}, {"n", row["n"].get<int>() * row["n"].get<int>()}};
        });
        CHECK(squares->row(3).dump() == R"({"n":36,"i":3})");  // n was there before
        CHECK(changes == (small ? 500 : 1));
    }
    CHECK_THROWS_WITH(map(numbers(3), [](Json, size_t) { return Json(); }),
                      Catch::Contains("row 1: the function returned nothing"));
    auto late = map(big(), [](Json, size_t i) { return i == 2 ? Json(7) : Json("text"); });
    CHECK(late->row(0).dump() == R"({"text":"text"})");
    CHECK_THROWS_WITH(late->row(2), Catch::Contains("big.jsonl:3: what the function returned"));
}

TEST_CASE("big data: any order of access gives the same rows, in little memory") {
    auto data = big();
    const size_t before = resident();
    CHECK(data->row(kBig - 1)["n"] == kBig - 1);
    CHECK(data->row(0)["n"] == 0);
    auto order = shuffle(data, 3);
    std::set<int> seen;
    for (size_t i = 0; i < 2000; ++i) {
        int n = order->row(i)["n"];
        CHECK(order->where(i) == data->name + ":" + std::to_string(n + 1));
        seen.insert(n);
    }
    CHECK(seen.size() == 2000);
    CHECK(data->memory_bytes() < (1 << 20));
    CHECK(resident() < before + (20 << 20));
    CHECK(test::columns(data) == "n:integer pad:string");
}

TEST_CASE("big data: an estimate before, the size after") {
    auto data = big();
    CHECK(!data->known_size());
    CHECK(take(data, 3, 5)->known_size() == 5);
    CHECK(take(data, 3, 5)->small());
    CHECK(std::abs(data->estimated_size() - kBig) < kBig / 10);
    CHECK(data->size() == kBig);
    CHECK(data->known_size() == kBig);
}
