// SPDX-License-Identifier: Apache-2.0
// Any bytes under any reader: rows or an Error, no crash, and the same rows in any order of access.
#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/random.h"
#include "support.h"

using namespace moonlet;

namespace {

std::string random_bytes(Random& random) {
    static const std::string pieces[] = {"{",
                                         "}",
                                         "[",
                                         "]",
                                         "\"",
                                         "\\",
                                         ",",
                                         ":",
                                         "\n",
                                         "\r\n",
                                         "\n\n",
                                         "1",
                                         "-",
                                         ".5",
                                         "e9",
                                         "tr",
                                         " ",
                                         "a",
                                         "한",
                                         "\xFF",
                                         "\xED",
                                         "\xEF\xBB\xBF",
                                         "null",
                                         "\t",
                                         ";",
                                         std::string(1, '\0'),
                                         "{\"a\":1}",
                                         "\"x\"",
                                         "{\"a\":\"b\"}\n",
                                         "a,b\n",
                                         "true"};
    std::string text;
    for (uint64_t n = random.below(40); n > 0; --n) text += pieces[random.below(std::size(pieces))];
    return text;
}

std::vector<std::string> forward(Dataset& data) {
    std::vector<std::string> all;
    for (size_t i = 0; data.has(i); ++i) all.push_back(dump_json(data.row(i), -1));
    return all;
}

}  // namespace

TEST_CASE("readers: foreign bytes give rows or an Error") {
    Random random(11);
    size_t opened = 0, refused = 0;
    for (int round = 0; round < 4000; ++round) {
        std::string text = random_bytes(random);
        static const char* readers[] = {"jsonl", "json", "csv", "tsv", "txt", "md"};
        Json options = {{"reader", readers[random.below(6)]}};
        if (random.below(2)) options["on_error"] = "skip";
        if (random.below(4) == 0) options["by"] = "paragraph";
        if (random.below(4) == 0) options["header"] = false;
        INFO(options.dump() << " "
                            << Json(text).dump(-1, ' ', true, Json::error_handler_t::replace));
        std::string path = test::write("fuzz", text);
        try {
            auto data = load_dataset({path}, options);
            std::vector<std::string> rows = forward(*data);
            CHECK(rows.size() == data->size());
            for (size_t i = rows.size(); i-- > 0;) CHECK(dump_json(data->row(i), -1) == rows[i]);
            ++opened;
        } catch (const Error& e) {
            CHECK(std::string(e.what()).find(path) != std::string::npos);
            ++refused;
        }
    }
    CHECK(opened > 500);
    CHECK(refused > 500);
}
