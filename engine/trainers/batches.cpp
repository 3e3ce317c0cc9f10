// SPDX-License-Identifier: Apache-2.0
#include "trainers/batches.h"

#include <algorithm>
#include <cstring>
#include <map>

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

// The sequences as one stream.
std::vector<Row> stream_rows(const std::vector<Sequence>& sequences, int max_length, bool packing) {
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
    return rows;
}

// Each sequence from its start, cut at max_length; in a row with others where `packing` and it
// fits: into the fullest row that has room, longest sequences first (best fit, decreasing).
std::vector<Row> whole_rows(const std::vector<Sequence>& sequences, int max_length, bool packing) {
    std::vector<Piece> pieces;
    for (size_t s = 0; s < sequences.size(); ++s) {
        const size_t ids = sequences[s].ids.size();
        if (ids < 2) continue;
        Piece piece{uint32_t(s), 0, uint32_t(std::min(ids - 1, size_t(max_length)))};
        if (anything_counts(sequences, {piece})) pieces.push_back(piece);
    }
    std::vector<Row> rows;
    if (!packing) {
        for (const Piece& piece : pieces) rows.push_back({piece});
        return rows;
    }
    std::stable_sort(pieces.begin(), pieces.end(),
                     [](const Piece& a, const Piece& b) { return a.length > b.length; });
    std::multimap<uint32_t, size_t> room;  // what a row has left -> the row
    for (const Piece& piece : pieces) {
        auto found = room.lower_bound(piece.length);
        size_t row = rows.size();
        uint32_t left = uint32_t(max_length);
        if (found == room.end()) {
            rows.emplace_back();
        } else {
            left = found->first;
            row = found->second;
            room.erase(found);
        }
        rows[row].push_back(piece);
        if (left > piece.length) room.emplace(left - piece.length, row);
    }
    return rows;
}

// Each sequence with all its ids.
std::vector<Row> labelled_rows(const std::vector<Sequence>& sequences, int max_length) {
    std::vector<Row> rows;
    for (size_t s = 0; s < sequences.size(); ++s)
        if (const Sequence& q = sequences[s]; !q.ids.empty() && !q.labels.empty())
            rows.push_back(
                {{uint32_t(s), 0, uint32_t(std::min(q.ids.size(), size_t(max_length)))}});
    return rows;
}

DataReport report_of(const std::vector<Sequence>& sequences, const std::vector<Row>& rows,
                     int max_length, Layout layout) {
    DataReport report;
    report.rows = sequences.size();
    std::vector<bool> used(sequences.size());
    for (const Row& row : rows)
        for (const Piece& p : row) {
            const Sequence& s = sequences[p.sequence];
            const size_t reads = layout == Layout::labelled ? s.ids.size() : s.ids.size() - 1;
            if (layout != Layout::stream && reads > size_t(max_length)) ++report.cut;
            used[p.sequence] = true;
            report.tokens += p.length;
            if (layout == Layout::labelled) {
                ++report.counted;
                continue;
            }
            for (uint32_t i = p.begin; i < p.begin + p.length; ++i)
                report.counted += counts(s, i + 1);
        }
    report.empty = size_t(std::count(used.begin(), used.end(), false));
    return report;
}

}  // namespace

std::vector<Row> make_rows(const std::vector<Sequence>& sequences, int max_length, bool packing,
                           Layout layout, DataReport* report) {
    std::vector<Row> rows = layout == Layout::stream  ? stream_rows(sequences, max_length, packing)
                            : layout == Layout::whole ? whole_rows(sequences, max_length, packing)
                                                      : labelled_rows(sequences, max_length);
    if (rows.empty())
        throw Error("no token to train on in " + std::to_string(sequences.size()) + " rows of data",
                    layout == Layout::labelled
                        ? "at least one row with a label"
                        : "at least one row of two tokens of which one counts");
    if (report) *report = report_of(sequences, rows, max_length, layout);
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
        for (double label : s.labels) {
            uint64_t bits;
            std::memcpy(&bits, &label, sizeof bits);
            add(bits);
        }
    }
    return h;
}

ModelInput MicroBatch::input() const {
    ModelInput input;
    input.ids = ids;
    input.positions = positions;
    input.documents = documents;
    input.mask = mask;
    return input;
}

namespace {

void add_labels(MicroBatch& batch, const std::vector<Sequence>& sequences,
                const std::vector<Row>& rows, const std::vector<size_t>& which) {
    const int64_t width = batch.ids.size(1),
                  values = int64_t(sequences[rows[which[0]][0].sequence].labels.size());
    batch.labels = at::zeros({int64_t(which.size()), values}, at::kDouble);
    batch.mask = at::zeros(batch.ids.sizes(), at::kBool);
    for (size_t r = 0; r < which.size(); ++r) {
        const Piece& piece = rows[which[r]][0];
        const Sequence& s = sequences[piece.sequence];
        std::copy(s.ids.begin(), s.ids.begin() + piece.length,
                  batch.ids.data_ptr<int64_t>() + int64_t(r) * width);
        batch.mask[int64_t(r)].narrow(0, 0, piece.length).fill_(true);
        std::copy(s.labels.begin(), s.labels.end(),
                  batch.labels.data_ptr<double>() + int64_t(r) * values);
        batch.tokens += piece.length;
        ++batch.counted;
    }
}

}  // namespace

MicroBatch collate(const std::vector<Sequence>& sequences, const std::vector<Row>& rows,
                   const std::vector<size_t>& which, Layout layout) {
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
    if (layout == Layout::labelled) {
        add_labels(batch, sequences, rows, which);
        return batch;
    }
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
