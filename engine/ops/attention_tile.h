// SPDX-License-Identifier: Apache-2.0
// The body of attention_kernel.h, included by one file for each instruction set and compiled with
// its flags; everything here is in an unnamed namespace so that no two versions meet.
//
// All products are C[m, n] += sum over k of A[m, k] B[k, n] on 32-bit elements, which hold one f32
// or, where the processor has such products, two bf16 that follow each other along k. B is packed
// [k, n] with n filled up; A is read element by element, by any strides. `Op` says which.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "ops/attention_kernel.h"
#include "ops/lanes.h"

namespace moonlet::ops {

namespace {

using namespace lanes;

constexpr int64_t kTileRows = 6;    // of C in registers
constexpr int64_t kKeyStep = 48;    // keys are filled up to a multiple: of vectors and of tiles
constexpr int64_t kScores = 36864;  // f32 scores at a time: they stay in the second cache
constexpr int64_t kMostRows = 96;

constexpr int64_t up_to(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

// One f32 an element.
struct Wide {
    static constexpr int64_t kPerElement = 1;
    static MOONLET_INLINE Floats add(const Floats& sum, const Floats& b, uint32_t a) {
        float number;
        std::memcpy(&number, &a, sizeof number);
        return sum + b * number;
    }
};

template <class Op, int64_t vectors>
void tile(const uint32_t* a, int64_t a_row, int64_t a_step, const uint32_t* b, int64_t b_row,
          float* c, int64_t c_row, int64_t depth, bool add, float by) {
    Floats sums[kTileRows][vectors];
#pragma GCC unroll 8
    for (int64_t i = 0; i < kTileRows; ++i)
#pragma GCC unroll 8
        for (int64_t j = 0; j < vectors; ++j)
            sums[i][j] = add ? load(c + i * c_row + j * kLanes) : Floats{};
    for (int64_t k = 0; k < depth; ++k, b += b_row, a += a_step) {
        Floats row[vectors];
#pragma GCC unroll 8
        for (int64_t j = 0; j < vectors; ++j) std::memcpy(&row[j], b + j * kLanes, sizeof row[j]);
#pragma GCC unroll 8
        for (int64_t i = 0; i < kTileRows; ++i) {
            const uint32_t factor = a[i * a_row];
#pragma GCC unroll 8
            for (int64_t j = 0; j < vectors; ++j) sums[i][j] = Op::add(sums[i][j], row[j], factor);
        }
    }
#pragma GCC unroll 8
    for (int64_t i = 0; i < kTileRows; ++i)
#pragma GCC unroll 8
        for (int64_t j = 0; j < vectors; ++j) put(c + i * c_row + j * kLanes, sums[i][j] * by);
}

// A [m, depth] with m a multiple of kTileRows, B [depth, n] with n a multiple of 16. C (with `add`
// plus what is there) times `by`.
template <class Op>
void product(const uint32_t* a, int64_t a_row, int64_t a_step, int64_t m, const uint32_t* b,
             int64_t b_row, int64_t n, float* c, int64_t c_row, int64_t depth, bool add,
             float by = 1) {
    for (int64_t j = 0; j < n; j += kVectors * kLanes) {
        const int64_t vectors = std::min(kVectors, (n - j) / kLanes);
        for (int64_t i = 0; i < m; i += kTileRows) {
            auto call = [&](auto count) {
                tile<Op, decltype(count)::value>(a + i * a_row, a_row, a_step, b + j, b_row,
                                                 c + i * c_row + j, c_row, depth, add, by);
            };
            if (vectors >= 4) call(std::integral_constant<int64_t, kVectors>());
            else if (vectors == 3)
                call(std::integral_constant<int64_t, std::min(kVectors, int64_t(3))>());
            else if (vectors == 2)
                call(std::integral_constant<int64_t, std::min(kVectors, int64_t(2))>());
            else call(std::integral_constant<int64_t, 1>());
        }
    }
}

template <class T>
const T* row_of(const HeadRows& x, int64_t head, int64_t position) {
    return static_cast<const T*>(x.at) + head * x.head + position * x.step;
}
template <class T>
T* row_to(const HeadRows& x, int64_t head, int64_t position) {
    return static_cast<T*>(x.at) + head * x.head + position * x.step;
}

// n values as elements along the row; the last one filled up with zero.
template <class Op, class T>
void elements(const T* from, int64_t n, uint32_t* to) {
    if constexpr (Op::kPerElement == 1) {
        each(n, [&](Place p) { p.store(reinterpret_cast<float*>(to), p.load(from)); });
    } else {
        static_assert(sizeof(T) == 2);
        if (n % 2) to[n / 2] = 0;
        std::memcpy(to, from, size_t(n) * sizeof(T));
    }
}

// Rows as B with k along the rows: [rows / kPerElement, n], filled up with zeros to n_full columns.
// row(r) gives a row's values or nullptr for one that is filled up.
template <class Op, class T, class Row>
void pack_down(Row row, int64_t rows, int64_t n, int64_t n_full, uint32_t* to) {
    for (int64_t r = 0; r < rows; r += Op::kPerElement, to += n_full) {
        std::fill(to, to + n_full, 0u);
        const T* first = row(r);
        if constexpr (Op::kPerElement == 1) {
            if (first) elements<Op>(first, n, to);
        } else {
            const T* second = row(r + 1);
            for (int64_t i = 0; i < n; ++i)
                to[i] =
                    (first ? uint32_t(first[i]) : 0u) | (second ? uint32_t(second[i]) << 16 : 0u);
        }
    }
}

// Rows as B with k along each row: [n / kPerElement, rows], filled up to rows_full.
template <class Op, class T>
void pack_across(const HeadRows& x, int64_t rows, int64_t rows_full, int64_t n, uint32_t* to) {
    const int64_t depth = (n + Op::kPerElement - 1) / Op::kPerElement;
    std::vector<uint32_t> some(size_t(kLanes * (depth + kLanes)));
    for (int64_t r = 0; r < rows_full; r += kLanes) {
        const int64_t here = std::clamp<int64_t>(rows - r, 0, kLanes);
        for (int64_t i = 0; i < here; ++i)
            elements<Op>(row_of<T>(x, 0, r + i), n, some.data() + i * depth);
        for (int64_t k = 0; k < depth; ++k)
            for (int64_t i = 0; i < kLanes; ++i)
                to[k * rows_full + r + i] = i < here ? some[size_t(i * depth + k)] : 0u;
    }
}

// Memory that a thread keeps for the next call.
class Room {
  public:
    // A piece of n 32-bit numbers, at a cache line's start.
    void ask(int64_t& at, int64_t n) {
        at = size_;
        size_ += up_to(n, 16);
    }
    void open() {
        if (int64_t(memory().size()) < size_ + 16) memory().resize(size_t(size_ + 16));
        base_ = memory().data();
        base_ += (64 - reinterpret_cast<uintptr_t>(base_) % 64) % 64 / 4;
    }
    uint32_t* words(int64_t at) const { return base_ + at; }
    float* floats(int64_t at) const { return reinterpret_cast<float*>(base_ + at); }

  private:
    static std::vector<uint32_t>& memory() {
        thread_local std::vector<uint32_t> kept;
        return kept;
    }
    int64_t size_ = 0;
    uint32_t* base_ = nullptr;
};

// Some queries of all heads of the group: row = head * queries + query - first.
struct Block {
    int64_t first, queries, rows, full;  // full: a multiple of kTileRows
    int64_t seen, keys;                  // keys that some row sees, and filled up
    int64_t head(int64_t row) const { return row / queries; }
    int64_t query(int64_t row) const { return first + row % queries; }
};

Block block_at(const AttentionGroup& g, int64_t first, int64_t end, int64_t step) {
    Block b;
    b.first = first;
    b.queries = std::min(step, end - first);
    b.rows = b.queries * g.heads;
    b.full = up_to(b.rows, kTileRows);
    b.seen = g.causal ? std::min(g.keys, first + b.queries) : g.keys;
    b.keys = up_to(b.seen, kKeyStep);
    return b;
}

// Queries at a time, so that their scores are about kScores.
int64_t queries_at_once(const AttentionGroup& g) {
    const int64_t rows =
        std::clamp<int64_t>(kScores / std::max<int64_t>(1, g.keys), kTileRows, kMostRows);
    return std::max<int64_t>(1, rows / g.heads);
}

MOONLET_INLINE Floats masked(const Floats& v, int64_t at, int64_t limit, float otherwise) {
    if (at + kLanes <= limit) return v;
    Floats result = v;
    for (int64_t i = 0; i < kLanes; ++i)
        if (at + i >= limit) result[i] = otherwise;
    return result;
}

// The keys that this query sees at most.
int64_t limit_of(const AttentionGroup& g, int64_t query) {
    return g.causal ? std::min(g.keys, query + 1) : g.keys;
}

// Scaled scores + bias of one row, from `at` on; outside the limit anything. The scale was stored
// with them: joined with what follows into one rounding, the way back would have other scores than
// the way forth.
template <class T>
MOONLET_INLINE Floats score(const float* scores, const T* bias, int64_t at, int64_t limit) {
    const Floats v = load(scores + at);
    if (!bias) return v;
    return v + (at + kLanes <= limit ? load(bias + at)
                                     : load_part(bias + at, std::max<int64_t>(0, limit - at)));
}

template <class Op, class T>
struct Attention {
    static constexpr int64_t kPer = Op::kPerElement;

    // Queries of a block as A [full, depth], zeros in the rows that are filled up.
    static void queries_as_a(const HeadRows& x, const Block& b, int64_t n, uint32_t* to) {
        const int64_t depth = (n + kPer - 1) / kPer;
        for (int64_t r = 0; r < b.full; ++r, to += depth) {
            if (r < b.rows) elements<Op>(row_of<T>(x, b.head(r), b.query(r)), n, to);
            else std::fill(to, to + depth, 0u);
        }
    }

    static void queries_as_b(const HeadRows& x, const Block& b, int64_t n, int64_t n_full,
                             uint32_t* to) {
        pack_down<Op, T>(
            [&](int64_t r) -> const T* {
                return r < b.rows ? row_of<T>(x, b.head(r), b.query(r)) : nullptr;
            },
            up_to(b.full, 2), n, n_full, to);
    }

    static void keys_as_b(const HeadRows& x, int64_t count, int64_t count_full, int64_t n,
                          int64_t n_full, uint32_t* to) {
        pack_down<Op, T>(
            [&](int64_t r) -> const T* { return r < count ? row_of<T>(x, 0, r) : nullptr; },
            count_full, n, n_full, to);
    }

    // A row's scores become exponentials, as elements of A, and are summed; the greatest is told.
    static float exponentials(const AttentionGroup& g, const Block& b, int64_t r, float* scores,
                              uint32_t* shares, float& total) {
        const int64_t query = b.query(r), limit = limit_of(g, query);
        const T* bias = g.bias.at ? row_of<T>(g.bias, 0, query) : nullptr;
        const float lowest = -std::numeric_limits<float>::infinity();
        Floats high = Floats{} + lowest;
        for (int64_t i = 0; i < limit; i += kLanes) {
            const Floats v = masked(score(scores, bias, i, limit), i, limit, lowest);
            high = v > high ? v : high;
            put(scores + i, v);
        }
        float most = greatest(high);
        if (most == lowest) most = 0;  // nothing is seen: all shares are 0
        Floats sums = {};
        for (int64_t i = 0; i < b.keys; i += kLanes) {
            const Floats e = i < limit ? exponential(load(scores + i) - most) : Floats{};
            sums += e;
            if constexpr (kPer == 1) put(reinterpret_cast<float*>(shares) + i, e);
            else store(reinterpret_cast<uint16_t*>(shares) + i, e);
        }
        total = sum(sums);
        return most;
    }

    static void forward(const AttentionGroup& g, int64_t begin, int64_t end) {
        const int64_t step = queries_at_once(g);
        const int64_t depth = (g.width + kPer - 1) / kPer;
        const int64_t n = up_to(g.value_width, kLanes);
        const Block last = block_at(g, std::max(begin, end - step), end, step);
        const int64_t keys = last.keys, rows = up_to(step * g.heads, kTileRows);
        Room room;
        int64_t at_k, at_v, at_q, at_scores, at_shares, at_out, at_sums;
        room.ask(at_k, depth * keys);
        room.ask(at_v, keys / kPer * n);
        room.ask(at_q, rows * depth);
        room.ask(at_scores, rows * keys);
        room.ask(at_shares, kPer == 1 ? 0 : rows * keys / kPer);
        room.ask(at_out, rows * n);
        room.ask(at_sums, 2 * rows);
        room.open();
        uint32_t *k = room.words(at_k), *v = room.words(at_v), *q = room.words(at_q);
        float *scores = room.floats(at_scores), *out = room.floats(at_out);
        float *totals = room.floats(at_sums), *most = totals + rows;
        uint32_t* shares = kPer == 1 ? room.words(at_scores) : room.words(at_shares);
        pack_across<Op, T>(g.k, std::min(g.keys, last.seen), keys, g.width, k);
        keys_as_b(g.v, std::min(g.keys, last.seen), keys, g.value_width, n, v);
        for (int64_t first = begin; first < end; first += step) {
            const Block b = block_at(g, first, end, step);
            queries_as_a(g.q, b, g.width, q);
            product<Op>(q, depth, 1, b.full, k, keys, b.keys, scores, keys, depth, false, g.scale);
            for (int64_t r = 0; r < b.full; ++r) {
                uint32_t* to = shares + r * (keys / kPer);
                if (r < b.rows) most[r] = exponentials(g, b, r, scores + r * keys, to, totals[r]);
                else std::fill(to, to + b.keys / kPer, 0u);
            }
            product<Op>(shares, keys / kPer, 1, b.full, v, n, n, out, n, b.keys / kPer, false);
            for (int64_t r = 0; r < b.rows; ++r) {
                const int64_t head = b.head(r), query = b.query(r);
                const float by = totals[r] > 0 ? 1 / totals[r] : 0;
                T* to = row_to<T>(g.out, head, query);
                const float* from = out + r * n;
                each(g.value_width, [&](Place p) { p.store(to, p.load(from) * by); });
                if (!g.sums) continue;
                float* kept = g.sums + 2 * (head * g.queries + query);
                kept[0] = most[r];
                kept[1] = by;
            }
        }
    }

    // Two rows r and r + 1: from scores and gradients of shares to shares and gradients of scores,
    // in the forms that the products want.
    struct Pair {
        float *scores, *dshares;                 // [rows, stride]; f32 results take their place
        uint32_t *shares_pairs, *dscores_pairs;  // [rows / 2, stride], bf16 of two rows
        uint32_t* dscores;                       // [rows, stride / 2], bf16
        int64_t stride;
    };

    static void back_rows(const AttentionGroup& g, const Block& b, int64_t r, const Pair& x) {
        const T* bias[2] = {nullptr, nullptr};
        int64_t limit[2] = {0, 0};
        float most[2] = {0, 0}, by[2] = {0, 0}, delta[2] = {0, 0};
        for (int64_t i = 0; i < 2 && r + i < b.rows; ++i) {
            const int64_t head = b.head(r + i), query = b.query(r + i);
            limit[i] = limit_of(g, query);
            if (g.bias.at) bias[i] = row_of<T>(g.bias, 0, query);
            const float* kept = g.sums + 2 * (head * g.queries + query);
            most[i] = kept[0];
            by[i] = kept[1];  // 0 where nothing is seen
            const T *o = row_of<T>(g.out, head, query), *d = row_of<T>(g.dout, head, query);
            Floats products = {};
            each(g.value_width, [&](Place p) { products += p.load(o) * p.load(d); });
            delta[i] = sum(products);
        }
        for (int64_t at = 0; at < b.keys; at += kLanes) {
            Floats share[2] = {{}, {}}, dscore[2] = {{}, {}};
            for (int64_t i = 0; i < 2; ++i) {
                if (at >= limit[i]) continue;
                float* scores = x.scores + (r + i) * x.stride;
                const Floats s = score(scores, bias[i], at, limit[i]);
                share[i] = masked(exponential(s - most[i]) * by[i], at, limit[i], 0);
                const Floats d = load(x.dshares + (r + i) * x.stride + at);
                dscore[i] = share[i] * (d - delta[i]) * g.scale;
            }
            if constexpr (kPer == 1) {
                for (int64_t i = 0; i < 2; ++i) {
                    put(x.scores + (r + i) * x.stride + at, share[i]);
                    put(x.dshares + (r + i) * x.stride + at, dscore[i]);
                }
            } else {
                auto both = [](const Floats& first, const Floats& second) {
                    return ((Words)rounded<uint16_t>(first) >> 16) |
                           (Words)rounded<uint16_t>(second);
                };
                const Words p = both(share[0], share[1]), d = both(dscore[0], dscore[1]);
                std::memcpy(x.shares_pairs + r / 2 * x.stride + at, &p, sizeof p);
                std::memcpy(x.dscores_pairs + r / 2 * x.stride + at, &d, sizeof d);
                for (int64_t i = 0; i < 2; ++i)
                    store(reinterpret_cast<uint16_t*>(x.dscores) + (r + i) * x.stride + at,
                          dscore[i]);
            }
        }
    }

    static void backward(const AttentionGroup& g) {
        const int64_t step = queries_at_once(g);
        const int64_t depth = (g.width + kPer - 1) / kPer;
        const int64_t value_depth = (g.value_width + kPer - 1) / kPer;
        const int64_t n = up_to(g.width, kLanes), nv = up_to(g.value_width, kLanes);
        const int64_t keys = up_to(g.keys, kKeyStep), rows = up_to(step * g.heads, kTileRows);
        Room room;
        int64_t at_kt, at_vt, at_k, at_q, at_qb, at_do, at_dob, at_s, at_ds, at_p, at_d, at_dn,
            at_dq, at_dk, at_dv;
        room.ask(at_kt, depth * keys);
        room.ask(at_vt, value_depth * keys);
        room.ask(at_k, keys / kPer * n);
        room.ask(at_q, rows * depth);
        room.ask(at_qb, rows / kPer * n);
        room.ask(at_do, rows * value_depth);
        room.ask(at_dob, rows / kPer * nv);
        room.ask(at_s, rows * keys);
        room.ask(at_ds, rows * keys);
        room.ask(at_p, kPer == 1 ? 0 : rows / 2 * keys);
        room.ask(at_d, kPer == 1 ? 0 : rows / 2 * keys);
        room.ask(at_dn, kPer == 1 ? 0 : rows * keys / 2);
        room.ask(at_dq, rows * n);
        room.ask(at_dk, keys * n);
        room.ask(at_dv, keys * nv);
        room.open();
        pack_across<Op, T>(g.k, g.keys, keys, g.width, room.words(at_kt));
        pack_across<Op, T>(g.v, g.keys, keys, g.value_width, room.words(at_vt));
        keys_as_b(g.k, g.keys, keys, g.width, n, room.words(at_k));
        float *dk = room.floats(at_dk), *dv = room.floats(at_dv), *dq = room.floats(at_dq);
        std::fill(dk, dk + keys * n, 0.0f);
        std::fill(dv, dv + keys * nv, 0.0f);
        const Pair pair{room.floats(at_s), room.floats(at_ds), room.words(at_p),
                        room.words(at_d),  room.words(at_dn),  keys};
        for (int64_t first = 0; first < g.queries; first += step) {
            const Block b = block_at(g, first, g.queries, step);
            queries_as_a(g.q, b, g.width, room.words(at_q));
            queries_as_a(g.dout, b, g.value_width, room.words(at_do));
            queries_as_b(g.q, b, g.width, n, room.words(at_qb));
            queries_as_b(g.dout, b, g.value_width, nv, room.words(at_dob));
            product<Op>(room.words(at_q), depth, 1, b.full, room.words(at_kt), keys, b.keys,
                        pair.scores, keys, depth, false, g.scale);
            product<Op>(room.words(at_do), value_depth, 1, b.full, room.words(at_vt), keys, b.keys,
                        pair.dshares, keys, value_depth, false);
            for (int64_t r = 0; r < b.full; r += 2) back_rows(g, b, r, pair);
            const bool wide = kPer == 1;
            const uint32_t* shares = wide ? room.words(at_s) : pair.shares_pairs;
            const uint32_t* dscores = wide ? room.words(at_ds) : pair.dscores_pairs;
            product<Op>(shares, 1, keys, b.keys, room.words(at_dob), nv, nv, dv, nv, b.full / kPer,
                        true);
            product<Op>(dscores, 1, keys, b.keys, room.words(at_qb), n, n, dk, n, b.full / kPer,
                        true);
            product<Op>(wide ? room.words(at_ds) : pair.dscores, keys / kPer, 1, b.full,
                        room.words(at_k), n, n, dq, n, b.keys / kPer, false);
            for (int64_t r = 0; r < b.rows; ++r) {
                T* to = row_to<T>(g.dq, b.head(r), b.query(r));
                each(g.width, [&](Place p) { p.store(to, p.load(dq + r * n)); });
            }
        }
        for (int64_t key = 0; key < g.keys; ++key) {
            T *to_k = row_to<T>(g.dk, 0, key), *to_v = row_to<T>(g.dv, 0, key);
            each(g.width, [&](Place p) { p.store(to_k, p.load(dk + key * n)); });
            each(g.value_width, [&](Place p) { p.store(to_v, p.load(dv + key * nv)); });
        }
    }
};

}  // namespace

}  // namespace moonlet::ops
