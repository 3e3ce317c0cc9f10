// SPDX-License-Identifier: Apache-2.0
// From token sequences to tensors: how they are cut and packed into rows, in which order the rows
// come, and one micro-batch of them. A sequence of n ids gives n - 1 predictions: position i reads
// ids[i] and is asked for ids[i + 1]; the last id is only asked for. A row holds pieces of
// sequences; attention stays inside a piece, and positions start at 0 in each. Rows name tokens,
// they do not copy them.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "trainers/trainer.h"

namespace moonlet {

struct Piece {
    uint32_t sequence = 0;
    uint32_t begin = 0, length = 0;  // reads ids[begin, begin + length), is asked for one further
};
using Row = std::vector<Piece>;

// stream: the sequences one after the other, cut into rows of max_length; one that does not fit
// goes on in the next row. Without packing: rows of one piece, long sequences cut. whole and
// labelled: see Layout; sequences are packed best fit, longest first. Rows in which nothing counts
// are left out. Error: nothing at all is left. `report` is filled where given.
std::vector<Row> make_rows(const std::vector<Sequence>& sequences, int max_length, bool packing,
                           Layout layout = Layout::stream, DataReport* report = nullptr);

// True if predicting ids[i] counts.
bool counts(const Sequence& sequence, size_t i);

// A number that changes when any id, mask or label does (FNV-1a), for telling data apart.
uint64_t fingerprint(const std::vector<Sequence>& sequences);

struct MicroBatch {
    at::Tensor ids, targets;          // int64 [B, T]; targets -100 where nothing is asked
    at::Tensor positions, documents;  // int64 [B, T], undefined where each row is one piece
    at::Tensor labels;                // f64 [B, values a sequence has], labelled only
    at::Tensor mask;                  // bool [B, T], false = padding; labelled only
    int64_t counted = 0, tokens = 0;  // targets that count; positions that are no padding

    ModelInput input() const;  // for Model::hidden
};
// Padded at the right to the longest row with id 0, which no earlier position sees.
MicroBatch collate(const std::vector<Sequence>& sequences, const std::vector<Row>& rows,
                   const std::vector<size_t>& which, Layout layout = Layout::stream);

// Which rows each step reads. Epoch e goes through the e-th permutation that Random(seed) draws;
// the last step of an epoch may have fewer rows. Any step can be asked for at any time.
class DataOrder {
  public:
    DataOrder(size_t rows, size_t rows_per_step, uint64_t seed);
    int steps_per_epoch() const { return steps_per_epoch_; }
    std::vector<size_t> step(int done);  // of the step after `done` finished ones

  private:
    void go_to(int epoch);
    size_t rows_, rows_per_step_;
    int steps_per_epoch_;
    uint64_t seed_;
    Random random_;
    int epoch_ = -1;  // the one `order_` is for
    std::vector<size_t> order_;
};

}  // namespace moonlet
