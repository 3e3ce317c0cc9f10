// SPDX-License-Identifier: Apache-2.0
// Cells as Python's csv reads them, types and values as pandas does.
#include <catch2/catch.hpp>

#include "support.h"

using namespace moonlet;

TEST_CASE("csv: cells agree with Python's csv") {
    Json golden = read_json(test::golden("datasets/csv.json").string());
    REQUIRE(golden["cases"].size() > 100);
    for (const Json& wanted : golden["cases"]) {
        const std::string text = wanted["text"];
        INFO(Json(text).dump());
        Json options = {
            {"header", false}, {"delimiter", wanted["delimiter"]}, {"columns", Json::object()}};
        for (size_t c = 0; c < wanted["rows"][0].size(); ++c)
            options["columns"]["column" + std::to_string(c + 1)] = "string";
        auto data = load_dataset({test::write("golden.csv", text)}, options);
        Json rows = Json::array();
        for (size_t i = 0; data->has(i); ++i) {
            Json cells = Json::array();
            const Json row = data->row(i);
            for (auto& entry : row.items())
                cells.push_back(entry.value().is_null() ? "" : entry.value());
            rows.push_back(cells);
        }
        // Python gives blank lines as rows of no cells; here they are no rows
        Json kept = Json::array();
        for (const Json& row : wanted["rows"])
            if (!row.empty()) kept.push_back(row);
        CHECK(rows == kept);
    }
}

TEST_CASE("csv: types and values agree with pandas") {
    Json golden = read_json(test::golden("datasets/csv.json").string());
    REQUIRE(golden["typed"].size() >= 8);
    for (const Json& wanted : golden["typed"]) {
        auto data = load_dataset({test::write("typed.csv", wanted["text"])});
        INFO(wanted["text"].dump());
        for (const Column& column : data->columns())
            CHECK(wanted["types"][column.name] == column.type);
        REQUIRE(data->size() == wanted["rows"].size());
        for (size_t i = 0; i < data->size(); ++i) {
            Json row = data->row(i);
            for (auto& [name, value] : wanted["rows"][i].items()) CHECK(row[name] == value);
        }
    }
}
