// SPDX-License-Identifier: Apache-2.0
// @path tests/engine/datasets/test_@name@.cpp
// The @name@ reader: rows as they should be, errors that name file and line.
#include <catch2/catch.hpp>

#include "support.h"

using namespace moonlet;

TEST_CASE("@name@: a row a line") {
    auto data = load_dataset({test::write("a.@name@", "one\ntwo\n")});
    CHECK(test::rows(data) == R"([{"text":"one"},{"text":"two"}])");
}
