// SPDX-License-Identifier: Apache-2.0
// What is saved is read back the same, whatever is in it.
#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/random.h"
#include "support.h"

using namespace moonlet;
using test::rows;

namespace {

std::string random_text(Random& random) {
    static const char* pieces[] = {"a", "\"", ",",  "\n", "\r\n", "\t",
                                   ";", " ",  "한", "'",  "\\",   "x1"};
    std::string text;
    for (uint64_t n = random.below(7); n > 0; --n) text += pieces[random.below(12)];
    return text;
}

}  // namespace

TEST_CASE("save and load: the same rows in every format") {
    Random random(5);
    for (int round = 0; round < 40; ++round) {
        RowWriter writer;
        for (int i = 0; i < 8; ++i) {
            Json row = {{"text", "t" + random_text(random)},
                        {"n", i},
                        {"share", i + 0.5},
                        {"ok", i % 2 == 0}};
            if (i == 3) row["text"] = "";
            if (i == 4) row["text"] = nullptr;
            writer.add(row);
        }
        auto data = writer.finish();
        for (const char* name : {"s.jsonl", "s.json", "s.csv", "s.tsv"}) {
            std::string path = (test::scratch() / name).string();
            INFO(name << " " << read_file(test::write("rows.txt", rows(data))));
            CHECK(save_dataset(*data, path) == 8);
            Json options = std::string(name) == "s.tsv" ? Json{{"quote", "\""}} : Json();
            CHECK(rows(load_dataset({path}, options)) == rows(data));
        }
    }
}

TEST_CASE("save: nested values in a csv are JSON; what cannot be saved leaves the old file") {
    RowWriter writer;
    writer.add({{"a", {1, 2}}});
    auto data = writer.finish();
    std::string path = (test::scratch() / "n.csv").string();
    save_dataset(*data, path);
    CHECK(read_file(path) == "a\n\"[1,2]\"\n");
    CHECK_THROWS_WITH(save_dataset(*data, path + ".xlsx"), Catch::Contains(".jsonl"));
    auto broken = map(data, [](Json row, size_t) { return row; });
    struct Fails : Dataset {
        size_t size() override { return 2; }
        std::optional<size_t> known_size() override { return 2; }
        double estimated_size() override { return 2; }
        bool has(size_t i) override { return i < 2; }
        Json row(size_t i) override {
            if (i == 1) throw Error("broken");
            return {{"a", 1}};
        }
        std::string where(size_t) override { return "row"; }
        uint64_t text_bytes() override { return 100 << 20; }
        size_t memory_bytes() override { return 0; }
    } fails;
    std::string lines = test::write("old.jsonl", "old\n");
    CHECK_THROWS_AS(save_dataset(fails, lines), Error);
    CHECK(read_file(lines) == "old\n");
}

TEST_CASE("a dataset can be saved over the file it reads") {
    std::string path = test::write("self.jsonl", "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
    auto data = filter(load_dataset({path}), [](const Json& row, size_t) { return row["n"] != 2; });
    CHECK(save_dataset(*data, path) == 2);
    CHECK(read_file(path) == "{\"n\":1}\n{\"n\":3}\n");
    CHECK(rows(data) == R"([{"n":1},{"n":3}])");
}
