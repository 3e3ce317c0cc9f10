// SPDX-License-Identifier: Apache-2.0
// Attention of a few queries to keys and values where they lie in pages: softmax(q k^T * scale) v
// in f32, several query heads sharing a head of keys. A text's positions are taken in spans of
// kSpan, counted from its first: a span's part of the result is computed by one thread, alone, and
// parts are joined in order. So a query's result depends on no other query, on no other row of the
// batch and not on the number of threads. Knows no tensors and starts no threads.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/cpu/kv_pages.h"

namespace moonlet::cpu {

constexpr int64_t kSpan = 256;
// Heads in f32 are padded with zeros to a multiple of this.
constexpr int64_t kHeadLanes = 16;
constexpr int64_t padded_head(int64_t width) {
    return (width + kHeadLanes - 1) / kHeadLanes * kHeadLanes;
}
// What is known of one query's span: the sum of the values, [padded_head], the largest score and
// the sum of weights that goes with it.
constexpr int64_t part_floats(int64_t width) { return padded_head(width) + kHeadLanes; }

struct AttendOptions {
    float scale = 1;
    float softcap = 0;   // scores become softcap * tanh(score / softcap); 0: as they are
    int64_t window = 0;  // a query sees so many positions, its own the last of them; 0: all
};

// One row's new queries that share a head of keys, against one span of its positions.
struct AttendSpan {
    const KvPages* pages = nullptr;
    int64_t row = 0, head = 0, span = 0;
    int64_t tokens = 0, group = 0;  // T new positions, the queries' heads for each
    // Query (t, g) at q + t * q_stride + g * padded_head; its part at parts + t * part_stride + g *
    // part_step.
    const float* q = nullptr;
    int64_t q_stride = 0;
    float* parts = nullptr;
    int64_t part_stride = 0, part_step = 0;
};

// The spans that the query at `position` sees: [first, end).
inline int64_t first_span(int64_t position, int64_t window) {
    return window > 0 && position >= window ? (position + 1 - window) / kSpan : 0;
}
inline int64_t end_span(int64_t position) { return position / kSpan + 1; }

// Scratch that attend_span needs, in floats.
int64_t attend_scratch(int64_t queries, int64_t width);
void attend_span(const AttendSpan& span, const AttendOptions& options, float* scratch);

// The parts of one query, `count` of them each part_floats apart, joined: out [width]. sink: a
// score without a value that takes part in the softmax, or nullptr. Parts are used up.
void attend_join(float* parts, int64_t count, int64_t width, const float* sink, float* out);

// Puts keys and values [width] of `position` where they belong.
void store_position(const KvPages& pages, int64_t row, int64_t head, int64_t position,
                    const float* key, const float* value);
// What is stored as int8: codes that times the scale returned give x back, the largest as 127.
float store_int8(const float* x, int64_t width, int8_t* codes);

}  // namespace moonlet::cpu
