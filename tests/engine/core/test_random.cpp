// SPDX-License-Identifier: Apache-2.0
// The generator against another implementation (scripts/golden/core.py), and its plain properties.
#include "core/random.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "core/json.h"
#include "test.h"

using namespace moonlet;

TEST_CASE("random: the streams are xoshiro256** seeded by SplitMix64") {
    Json golden = read_json(test::golden("core/random.json").string());
    for (auto& [seed, numbers] : golden["streams"].items()) {
        Random random(std::stoull(seed));
        for (const Json& n : numbers) CHECK(random.next() == std::stoull(n.get<std::string>()));
    }
}

TEST_CASE("random: uniform, below, normal and permutation keep their promises") {
    Random random(7);
    double sum = 0, squares = 0;
    for (int i = 0; i < 20000; ++i) {
        double u = random.uniform();
        REQUIRE((u >= 0 && u < 1));
        REQUIRE(random.below(3) < 3);
        double x = random.normal();
        sum += x;
        squares += x * x;
    }
    CHECK(std::abs(sum / 20000) < 0.03);
    CHECK(std::abs(squares / 20000 - 1) < 0.05);
    auto order = random.permutation(100), sorted = order;
    std::sort(sorted.begin(), sorted.end());
    for (size_t i = 0; i < 100; ++i) CHECK(sorted[i] == i);
    CHECK(order != sorted);
}

TEST_CASE("random: a saved state goes on with the same numbers") {
    Random a(3);
    a.next();
    Random b(99);
    b.set_state(a.state());
    for (int i = 0; i < 5; ++i) CHECK(a.next() == b.next());
}

TEST_CASE("random: drawn seeds follow from where their stream was fixed") {
    fix_draws(12);
    uint64_t a = draw_seed(), b = draw_seed();
    CHECK(a != b);
    Draws draws = take_draws();
    CHECK((draws.start == 12 && draws.count == 2));
    draws = take_draws();
    CHECK(draws.count == 0);
    CHECK(draws.start != 12);  // begun anew
    uint64_t start = draws.start, first = draw_seed();
    CHECK((first >> 53) == 0);
    CHECK(take_draws().start == start);
    fix_draws(start);
    CHECK(draw_seed() == first);
    fix_draws(12);
    CHECK((draw_seed() == a && draw_seed() == b));
}
