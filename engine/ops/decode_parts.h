// SPDX-License-Identifier: Apache-2.0
// What the native calls of a decode step are made of: memory between two products, inputs in the
// forms that weights read, work shared out over the pool. Everything a row becomes depends on that
// row alone. Knows no tensors.
#pragma once

#include <algorithm>
#include <atomic>
#include <initializer_list>
#include <vector>

#include "ops/cpu/pool.h"
#include "ops/cpu/prepare.h"
#include "ops/cpu/rows.h"

namespace moonlet::ops {

// Memory that a thread keeps for its native calls. take() is valid until the next clear().
class Scratch {
  public:
    static Scratch& of_this_thread();
    void clear();
    template <class T>
    T* take(int64_t count) {
        return static_cast<T*>(take_bytes(size_t(count) * sizeof(T)));
    }

  private:
    void* take_bytes(size_t bytes);

    struct Block {
        std::vector<char> bytes;
        size_t used = 0;
    };
    std::vector<Block> blocks_;
};

// Rows in every form that some weights read them in.
class InputRows {
  public:
    // Kept from call to call, one for each thread and each `slot`.
    static InputRows& of_this_thread(int slot);

    // Room for `count` rows of f32 or bf16 as the weights want them. x is where they stand or will
    // stand, [count, width] in one piece.
    void begin(std::initializer_list<const cpu::RowWeights*> weights, const void* x, bool is_bf16,
               int64_t count, int64_t width);
    // This thread's part of bringing x into those forms; a barrier must follow where more than one
    // thread is at it.
    void fill(cpu::Team& team);
    // Whether fill() has anything to do.
    bool converts() const;
    const cpu::Rows& rows(const cpu::RowWeights& weights) const;

  private:
    cpu::PreparedRows prepared_[3];
    bool wanted_[3] = {};
    cpu::Rows plain_;
    const void* x_ = nullptr;
    bool is_bf16_ = false;
};

// A stage's work in runs of pieces: each thread goes through a part of its own, so that what it
// reads is one stream, and helps with the others' parts when its own is done. One for each stage of
// a call.
class Turns {
  public:
    // Calls work(begin, end) for runs of [0, count) until none is left.
    template <class Work>
    void take(const cpu::Team& team, int64_t count, Work&& work) {
        const int64_t parts = std::min<int64_t>(team.size, kParts);
        const int64_t run = std::max<int64_t>(1, count / (16 * team.size));
        for (int64_t i = 0; i < parts; ++i) {
            const int64_t part = (team.index + i) % parts;
            const int64_t begin = count * part / parts, end = count * (part + 1) / parts;
            std::atomic<int64_t>& next = parts_[part].next;
            for (int64_t at; (at = begin + next.fetch_add(run, std::memory_order_relaxed)) < end;)
                work(at, std::min(end, at + run));
        }
    }

  private:
    static constexpr int64_t kParts = 16;
    struct alignas(64) Part {
        std::atomic<int64_t> next{0};
    };
    Part parts_[kParts];
};

// How many threads so many products of numbers are worth: few are done before another thread has
// heard of them.
inline int worth(int64_t products) { return products < (1 << 17) ? 1 : 1 << 20; }

// Products of the same rows with several weights, one result beside the other.
struct Product {
    const cpu::RowWeights* weights;
    float* y;  // [count, stride], its column 0 the weights' first row
    int64_t stride;
};
// Whatever of all of them this thread takes; columns [begin, end) of one are handed to
// done(product, begin, end) when they stand.
template <class Done>
void multiply(const cpu::Team& team, Turns& turns, const InputRows& x, const Product* products,
              size_t count, Done&& done) {
    auto pieces_of = [&](size_t i) { return (products[i].weights->out_features() + 15) / 16; };
    int64_t pieces = 0;
    for (size_t i = 0; i < count; ++i) pieces += pieces_of(i);
    turns.take(team, pieces, [&](int64_t from, int64_t to) {
        int64_t before = 0;
        for (size_t i = 0; i < count; before += pieces_of(i++)) {
            const Product& p = products[i];
            const int64_t begin = std::max<int64_t>(0, from - before) * 16;
            const int64_t end = std::min(p.weights->out_features(), (to - before) * 16);
            if (begin >= end) continue;
            p.weights->multiply(x.rows(*p.weights), begin, end, p.y + begin, p.stride);
            done(i, begin, end);
        }
    });
}

}  // namespace moonlet::ops
