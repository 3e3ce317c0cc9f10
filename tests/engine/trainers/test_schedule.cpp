// SPDX-License-Identifier: Apache-2.0
// Learning rates against transformers' schedules.
#include <catch2/catch.hpp>

#include "core/json.h"
#include "test.h"
#include "trainers/schedule.h"

using namespace moonlet;

TEST_CASE("schedules are transformers' own", "[schedule]") {
    Json golden = read_json(test::golden("trainers/schedule.json").string());
    REQUIRE(golden["cases"].size() >= 8);
    for (const Json& c : golden["cases"]) {
        Schedule schedule{c["kind"], c["lr"], c["min_lr_ratio"], c["warmup"], c["total"]};
        INFO(c.dump());
        for (size_t i = 0; i < c["rates"].size(); ++i)
            CHECK(schedule.at(int(i)) ==
                  Approx(c["rates"][i].get<double>()).epsilon(1e-12).margin(1e-15));
    }
}

TEST_CASE("warm-up steps are rounded up", "[schedule]") {
    CHECK(warmup_steps(100, 0.03) == 3);
    CHECK(warmup_steps(101, 0.03) == 4);
    CHECK(warmup_steps(10, 0) == 0);
    CHECK(warmup_steps(7, 1) == 7);
}
