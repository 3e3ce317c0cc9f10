// SPDX-License-Identifier: Apache-2.0
#include "trainers/batches.h"

#include <algorithm>

#include "core/error.h"
#include "ops/cross_entropy.h"

namespace moonlet {

bool counts(const Sequence& sequence, size_t i) {
    return i > 0 && (sequence.loss_mask.empty() || sequence.loss_mask[i]);
}

namespace {

bool anything_counts(const std::vector<Sequence>& sequences, const Row& row) {
    for (const Piece& p : row)
        for (uint32_t i = p.begin; i < p.begin + p.length; ++i)
            if (counts(sequences[p.sequence], i + 1)) return true;
    return false;
}

}  // namespace

std::vector<Row> make_rows(const std::vector<Sequence>& sequences, int max_length, bool packing) {
    std::vector<Row> rows;
    Row row;
    uint32_t filled = 0;
    auto flush = [&] {
        if (anything_counts(sequences, row)) rows.push_back(std::move(row));
        row.clear();
        filled = 0;
    };
    for (size_t s = 0; s < sequences.size(); ++s) {
        const size_t ids = sequences[s].ids.size();
        if (ids < 2) continue;
        const uint32_t inputs = uint32_t(ids - 1);
        for (uint32_t begin = 0; begin < inputs;) {
            uint32_t length = std::min(inputs - begin, uint32_t(max_length) - filled);
            row.push_back({uint32_t(s), begin, length});
            begin += length;
            filled += length;
            if (filled == uint32_t(max_length) || !packing) flush();
        }
    }
    if (!row.empty()) flush();
    if (rows.empty())
        throw Error("no token to train on in " + std::to_string(sequences.size()) + " rows of data",
                    "at least one row of two tokens");
    return rows;
}

uint64_t fingerprint(const std::vector<Sequence>& sequences) {
    uint64_t h = 14695981039346656037ull;
    auto add = [&](uint64_t value) { h = (h ^ value) * 1099511628211ull; };
    for (const Sequence& s : sequences) {
        add(s.ids.size());
        for (int id : s.ids) add(uint64_t(uint32_t(id)));
        add(s.loss_mask.size());
        for (uint8_t m : s.loss_mask) add(m);
    }
    return h;
}

MicroBatch collate(const std::vector<Sequence>& sequences, const std::vector<Row>& rows,
                   const std::vector<size_t>& which) {
    int64_t width = 0;
    bool several = false;
    for (size_t r : which) {
        int64_t length = 0;
        for (const Piece& p : rows[r]) length += p.length;
        width = std::max(width, length);
        several |= rows[r].size() > 1;
    }
    const int64_t height = int64_t(which.size());
    MicroBatch batch;
    batch.ids = at::zeros({height, width}, at::kLong);
    batch.targets = at::full({height, width}, ops::kIgnore, at::kLong);
    // Padding is a document of its own: it sees itself, and so stays finite.
    if (several) {
        batch.positions = at::zeros({height, width}, at::kLong);
        batch.documents = at::full({height, width}, -1, at::kLong);
    }
    for (int64_t r = 0; r < height; ++r) {
        int64_t at = r * width, document = 0;
        for (const Piece& p : rows[which[size_t(r)]]) {
            const Sequence& s = sequences[p.sequence];
            for (uint32_t i = 0; i < p.length; ++i, ++at) {
                batch.ids.data_ptr<int64_t>()[at] = s.ids[p.begin + i];
                if (several) {
                    batch.positions.data_ptr<int64_t>()[at] = i;
                    batch.documents.data_ptr<int64_t>()[at] = document;
                }
                if (!counts(s, p.begin + i + 1)) continue;
                batch.targets.data_ptr<int64_t>()[at] = s.ids[p.begin + i + 1];
                ++batch.counted;
            }
            batch.tokens += p.length;
            ++document;
        }
    }
    return batch;
}

DataOrder::DataOrder(size_t rows, size_t rows_per_step, uint64_t seed)
    : rows_(rows),
      rows_per_step_(rows_per_step),
      steps_per_epoch_(int((rows + rows_per_step - 1) / rows_per_step)),
      seed_(seed),
      random_(seed) {}

void DataOrder::go_to(int epoch) {
    if (epoch < epoch_) {
        random_ = Random(seed_);
        epoch_ = -1;
    }
    for (; epoch_ < epoch; ++epoch_) order_ = random_.permutation(rows_);
}

std::vector<size_t> DataOrder::step(int done) {
    go_to(done / steps_per_epoch_);
    size_t begin = size_t(done % steps_per_epoch_) * rows_per_step_;
    size_t end = std::min(rows_, begin + rows_per_step_);
    return {order_.begin() + long(begin), order_.begin() + long(end)};
}

}  // namespace moonlet
