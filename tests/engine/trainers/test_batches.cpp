// SPDX-License-Identifier: Apache-2.0
// Packing, padding and the order of rows: every counted token is asked for exactly once an epoch.
#include "trainers/batches.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "support.h"

using namespace moonlet;

namespace {

std::vector<Sequence> numbered(const std::vector<int>& lengths) {
    std::vector<Sequence> result;
    int id = 0;
    for (int n : lengths) {
        Sequence s;
        for (int i = 0; i < n; ++i) s.ids.push_back(id++);
        result.push_back(s);
    }
    return result;
}

std::vector<size_t> all(const std::vector<Row>& rows) {
    std::vector<size_t> which(rows.size());
    for (size_t i = 0; i < which.size(); ++i) which[i] = i;
    return which;
}

std::vector<int64_t> flat(const at::Tensor& t) {
    at::Tensor c = t.contiguous();
    return {c.data_ptr<int64_t>(), c.data_ptr<int64_t>() + c.numel()};
}

}  // namespace

TEST_CASE("packing fills rows and goes on in the next", "[batches]") {
    auto sequences = numbered({4, 7, 1, 3});  // 3 + 6 + 0 + 2 predictions
    auto rows = make_rows(sequences, 5, true);
    REQUIRE(rows.size() == 3);
    MicroBatch batch = collate(sequences, rows, all(rows));
    CHECK(batch.counted == 11);
    CHECK(batch.tokens == 11);
    CHECK(flat(batch.ids) == std::vector<int64_t>{0, 1, 2, 4, 5, 6, 7, 8, 9, 12, 13, 0, 0, 0, 0});
    CHECK(flat(batch.targets) ==
          std::vector<int64_t>{1, 2, 3, 5, 6, 7, 8, 9, 10, 13, 14, -100, -100, -100, -100});
    CHECK(flat(batch.documents) ==
          std::vector<int64_t>{0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, -1, -1, -1, -1});
    CHECK(flat(batch.positions) ==
          std::vector<int64_t>{0, 1, 2, 0, 1, 0, 1, 2, 3, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("without packing each row is one document", "[batches]") {
    auto sequences = numbered({4, 7, 1, 3});
    auto rows = make_rows(sequences, 5, false);
    REQUIRE(rows.size() == 4);  // 3, 5, 1 and 2 inputs
    MicroBatch batch = collate(sequences, rows, {0, 2});
    CHECK_FALSE(batch.documents.defined());
    CHECK(flat(batch.ids) == std::vector<int64_t>{0, 1, 2, 9, 0, 0});
    CHECK(flat(batch.targets) == std::vector<int64_t>{1, 2, 3, 10, -100, -100});
}

TEST_CASE("a loss mask speaks of the id that is predicted", "[batches]") {
    std::vector<Sequence> sequences = {{{5, 6, 7, 8}, {1, 0, 0, 1}}, {{9, 10, 11}, {0, 0, 0}}};
    auto rows = make_rows(sequences, 8, false);
    REQUIRE(rows.size() == 1);  // nothing counts in the second
    MicroBatch batch = collate(sequences, rows, all(rows));
    CHECK(batch.counted == 1);
    CHECK(flat(batch.targets) == std::vector<int64_t>{-100, -100, 8});
    CHECK_THROWS_AS(make_rows({{{3}, {}}, {{}, {}}}, 8, true), Error);
}

TEST_CASE("every prediction of random documents comes once", "[batches]") {
    Random random(4);
    for (int round = 0; round < 40; ++round) {
        std::vector<int> lengths;
        for (int i = 0; i < 12; ++i) lengths.push_back(int(random.below(30)));
        lengths.push_back(2);
        auto sequences = numbered(lengths);
        int max_length = 1 + int(random.below(20));
        auto rows = make_rows(sequences, max_length, round % 2 == 0);
        MicroBatch batch = collate(sequences, rows, all(rows));
        CHECK(batch.ids.size(1) <= max_length);
        std::multiset<int64_t> asked, wanted;
        auto ids = flat(batch.ids), targets = flat(batch.targets);
        for (size_t i = 0; i < ids.size(); ++i) {
            if (targets[i] < 0) continue;
            CHECK(targets[i] == ids[i] + 1);
            asked.insert(targets[i]);
        }
        for (const Sequence& s : sequences)
            for (size_t i = 1; i < s.ids.size(); ++i) wanted.insert(s.ids[i]);
        CHECK(asked == wanted);
    }
}

TEST_CASE("whole sequences are cut, not continued, and packed where they fit", "[batches]") {
    auto sequences = numbered({4, 9, 3, 1, 6});  // 3, 8, 2, 0 and 5 inputs
    sequences[2].loss_mask = {1, 0, 0};          // its first id is never asked for
    DataReport report;
    auto rows = make_rows(sequences, 6, true, Layout::whole, &report);
    REQUIRE(rows.size() == 3);  // 6 | 5 | 3: nothing goes on elsewhere
    CHECK(report.rows == 5);
    CHECK(report.cut == 1);
    CHECK(report.empty == 2);
    CHECK(report.tokens == 14);
    CHECK(report.counted == 14);
    for (const Row& row : rows)
        for (const Piece& piece : row) CHECK(piece.begin == 0);
    auto wide = make_rows(sequences, 8, true, Layout::whole);
    REQUIRE(wide.size() == 2);  // 8 | 5 + 3
    MicroBatch batch = collate(sequences, wide, all(wide), Layout::whole);
    CHECK(flat(batch.positions) ==
          std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 0, 1, 2});
    CHECK(batch.counted == 16);
    CHECK(make_rows(sequences, 6, false, Layout::whole).size() == 3);
}

TEST_CASE("labelled sequences are read whole and masked", "[batches]") {
    std::vector<Sequence> sequences = {
        {{5, 6, 7}, {}, {2}}, {{8}, {}, {0}}, {{1, 2, 3, 4}, {}, {}}};
    DataReport report;
    auto rows = make_rows(sequences, 2, true, Layout::labelled, &report);
    REQUIRE(rows.size() == 2);
    CHECK(report.cut == 1);
    CHECK(report.empty == 1);
    CHECK(report.counted == 2);
    rows = make_rows(sequences, 8, true, Layout::labelled);
    MicroBatch batch = collate(sequences, rows, all(rows), Layout::labelled);
    CHECK(flat(batch.ids) == std::vector<int64_t>{5, 6, 7, 8, 0, 0});
    CHECK(flat(batch.mask.to(at::kLong)) == std::vector<int64_t>{1, 1, 1, 1, 0, 0});
    CHECK(flat(batch.labels.to(at::kLong)) == std::vector<int64_t>{2, 0});
    CHECK(flat(batch.targets) == std::vector<int64_t>(6, -100));
    CHECK(batch.counted == 2);
    CHECK(batch.input().mask.defined());
    CHECK_THROWS_AS(make_rows({{{1, 2}, {}, {}}}, 8, true, Layout::labelled), Error);
}

TEST_CASE("the order is each epoch's own permutation, and any step can be asked for", "[batches]") {
    DataOrder order(10, 4, 7);
    CHECK(order.steps_per_epoch() == 3);
    std::vector<std::vector<size_t>> steps;
    for (int i = 0; i < 9; ++i) steps.push_back(order.step(i));
    Random random(7);
    for (int epoch = 0; epoch < 3; ++epoch) {
        std::vector<size_t> rows;
        for (int i = 0; i < 3; ++i)
            rows.insert(rows.end(), steps[epoch * 3 + i].begin(), steps[epoch * 3 + i].end());
        CHECK(rows == random.permutation(10));
    }
    DataOrder later(10, 4, 7);
    for (int i : {8, 2, 5, 0}) CHECK(later.step(i) == steps[i]);
}

TEST_CASE("the fingerprint sees ids, masks and borders", "[batches]") {
    uint64_t base = fingerprint({{{1, 2, 3}, {}}});
    CHECK(fingerprint({{{1, 2, 3}, {}}}) == base);
    CHECK(fingerprint({{{1, 2, 4}, {}}}) != base);
    CHECK(fingerprint({{{1, 2}, {}}, {{3}, {}}}) != base);
    CHECK(fingerprint({{{1, 2, 3}, {0, 1, 1}}}) != base);
    CHECK(fingerprint({{{1, 2, 3}, {}, {1}}}) != base);
}
