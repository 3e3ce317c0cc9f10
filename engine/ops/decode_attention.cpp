// SPDX-License-Identifier: Apache-2.0
// One dispatch to the pool for all of it; its stages meet at barriers. Each stage's work is shared
// out by pieces that do not depend on the number of threads.
#include "ops/decode_attention.h"

#include <algorithm>

#include "ops/cpu/attend.h"
#include "ops/cpu/pointwise.h"
#include "ops/decode_parts.h"
#include "ops/rms_norm_kernel.h"

namespace moonlet::ops {

namespace {

void widened(const float* x, int64_t n, float* y) { std::copy(x, x + n, y); }
void widened(const uint16_t* x, int64_t n, float* y) { cpu::widen(x, n, y); }

const float* floats(const at::Tensor& t, float plus, Scratch& scratch) {
    const int64_t n = t.numel();
    float* y = scratch.take<float>(n);
    at::Tensor wide = t.to(at::kFloat).contiguous();
    const float* x = wide.const_data_ptr<float>();
    for (int64_t i = 0; i < n; ++i) y[i] = x[i] + plus;
    return y;
}

// A norm's weight as its kernel reads it: T for the rounded kind, else f32.
template <class T>
struct Norm {
    at::Tensor held;
    const T* narrow = nullptr;
    const float* wide = nullptr;
    float eps = 0;

    Norm(const StepNorm& n, Scratch& scratch) : eps(float(n.eps)) {
        if (!n.weight.defined()) return;
        if (n.kind == NormWeight::rounded) {
            held = n.weight.to(sizeof(T) == 2 ? at::kBFloat16 : at::kFloat).contiguous();
            narrow = static_cast<const T*>(held.const_data_ptr());
        } else wide = floats(n.weight, n.kind == NormWeight::one_plus ? 1 : 0, scratch);
    }
    explicit operator bool() const { return narrow || wide; }
    // n numbers of x in place; `room` for as many.
    void operator()(T* x, int64_t n, float* room) const {
        if (narrow) return rms_norm_rows(x, narrow, x, 1, n, eps);
        widened(x, n, room);
        rms_norm_rows(room, wide, room, 1, n, eps);
        cpu::add_bias(room, nullptr, n, x);
    }
};

// Where heads [B, T, heads, D] lie.
template <class T>
struct Heads {
    T* base = nullptr;
    int64_t row = 0, token = 0, head = 0;  // strides
    T* at(int64_t b, int64_t t, int64_t h) const { return base + b * row + t * token + h * head; }
};

template <class T>
class Paged {
  public:
    Paged(const PagedCall& call, int64_t batch, int64_t tokens, int64_t heads, Scratch& scratch)
        : pages_(*call.pages),
          options_{float(call.options->scale), float(call.options->softcap), call.window},
          batch_(batch),
          tokens_(tokens),
          heads_(heads),
          width_(pages_.head_dim),
          padded_(cpu::padded_head(width_)),
          group_(heads / pages_.heads) {
        if (call.options->sinks.defined()) sinks_ = floats(call.options->sinks, 0, scratch);
        if (call.angles->cos.defined()) read_angles(*call.angles);
        queries = scratch.take<float>(batch * tokens * heads * padded_);
        out = nullptr;
        int64_t parts = 0;
        for (int64_t b = 0; b < batch; ++b) {
            const int64_t past = pages_.rows[size_t(b)].length;
            const int64_t first = cpu::first_span(past, call.window),
                          spans = cpu::end_span(past + tokens - 1) - first;
            rows_.push_back({first, spans, parts, tasks_});
            parts += tokens * heads * spans;
            tasks_ += pages_.heads * spans;
        }
        parts_ = scratch.take<float>(parts * cpu::part_floats(width_));
        room_floats_ = std::max(cpu::attend_scratch(tokens * group_, width_), 2 * padded_);
        room_ = scratch.take<float>(room_floats_ * cpu::threads());
    }

    int worth_threads() const { return worth(tasks_ * cpu::kSpan / 4 * tokens_ * group_ * width_); }
    float* room(const cpu::Team& team) const { return room_ + team.index * room_floats_; }

    // Turns queries into `queries`, keys into the pages, unless k has no base; k_norm and q_norm:
    // of each head.
    void place(cpu::Team& team, const Heads<T>& q, const Heads<T>& k, const Heads<T>& v,
               const Norm<T>* q_norm, const Norm<T>* k_norm) {
        const int64_t all = heads_ + (k.base ? pages_.heads : 0);
        const auto part = team.part(batch_ * tokens_ * all);
        float* key = room(team);
        float* value = key + padded_;
        for (int64_t i = part.begin; i < part.end; ++i) {
            const int64_t h = i % all, token = i / all, b = token / tokens_, t = token % tokens_;
            if (h < heads_) {
                float* to = queries + (token * heads_ + h) * padded_;
                head(q.at(b, t, h), q_norm, b, t, key, to);
                std::fill(to + width_, to + padded_, 0.0f);
            } else {
                head(k.at(b, t, h - heads_), k_norm, b, t, value, key);
                widened(v.at(b, t, h - heads_), width_, value);
                cpu::store_position(pages_, b, h - heads_, pages_.rows[size_t(b)].length + t, key,
                                    value);
            }
        }
    }

    void attend(cpu::Team& team) {
        const auto part = team.part(tasks_);
        for (int64_t b = 0; b < batch_; ++b) {
            const Row& row = rows_[size_t(b)];
            const int64_t begin = std::max<int64_t>(part.begin - row.task, 0);
            const int64_t end = std::min(part.end - row.task, pages_.heads * row.spans);
            for (int64_t i = begin; i < end; ++i) {
                const int64_t head = i / row.spans, span = i % row.spans;
                cpu::AttendSpan s;
                s.pages = &pages_;
                s.row = b, s.head = head, s.span = row.first + span;
                s.tokens = tokens_, s.group = group_;
                s.q = queries + (b * tokens_ * heads_ + head * group_) * padded_;
                s.q_stride = heads_ * padded_;
                s.parts = part_of(row, 0, head * group_, span);
                s.part_step = row.spans * cpu::part_floats(width_);
                s.part_stride = heads_ * s.part_step;
                cpu::attend_span(s, options_, room(team));
            }
        }
    }

    void join(cpu::Team& team) {
        const auto part = team.part(batch_ * tokens_ * heads_);
        float* sum = room(team);
        for (int64_t i = part.begin; i < part.end; ++i) {
            const int64_t h = i % heads_, token = i / heads_, b = token / tokens_,
                          t = token % tokens_;
            const Row& row = rows_[size_t(b)];
            const int64_t position = pages_.rows[size_t(b)].length + t;
            const int64_t first = cpu::first_span(position, options_.window);
            cpu::attend_join(part_of(row, t, h, first - row.first), cpu::end_span(position) - first,
                             width_, sinks_ ? sinks_ + h : nullptr, sum);
            cpu::add_bias(sum, nullptr, width_, out + i * width_);
        }
    }

    float* queries;  // [B * T, H, padded]
    T* out;          // [B * T, H * D], set before join

  private:
    struct Row {
        int64_t first, spans, parts, task;
    };

    void read_angles(const Angles& angles) {
        const at::Tensor& cos = angles.cos;
        turn_.cos = cos.const_data_ptr();
        turn_.sin = angles.sin.const_data_ptr();
        turn_.dim = cos.size(-1);
        turn_.angles_are_bf16 = cos.scalar_type() == at::kBFloat16;
        angle_row_ = cos.size(0) == 1 ? 0 : cos.size(2) * cos.size(3);
    }

    void head(T* x, const Norm<T>* norm, int64_t b, int64_t t, float* norm_room, float* to) const {
        if (norm && *norm) (*norm)(x, width_, norm_room);
        widened(x, width_, to);
        if (!turn_.cos) return;
        cpu::Turn turn = turn_;
        const int64_t offset = (b * angle_row_ + t * turn.dim) * (turn.angles_are_bf16 ? 2 : 4);
        turn.cos = static_cast<const char*>(turn.cos) + offset;
        turn.sin = static_cast<const char*>(turn.sin) + offset;
        cpu::turn(to, turn, sizeof(T) == 2);
    }

    float* part_of(const Row& row, int64_t t, int64_t h, int64_t span) const {
        return parts_ +
               (row.parts + (t * heads_ + h) * row.spans + span) * cpu::part_floats(width_);
    }

    const KvPages& pages_;
    cpu::AttendOptions options_;
    int64_t batch_, tokens_, heads_, width_, padded_, group_;
    const float* sinks_ = nullptr;
    cpu::Turn turn_;
    int64_t angle_row_ = 0;
    std::vector<Row> rows_;
    int64_t tasks_ = 0;
    float* parts_;
    float* room_;
    int64_t room_floats_;
};

template <class T>
at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                  const PagedCall& call) {
    const int64_t batch = q.size(0), tokens = q.size(1), heads = q.size(2), width = q.size(3);
    Scratch& scratch = Scratch::of_this_thread();
    scratch.clear();
    Paged<T> paged(call, batch, tokens, heads, scratch);
    at::Tensor result = at::empty({batch, tokens, heads * width}, q.options());
    paged.out = static_cast<T*>(result.data_ptr());
    auto heads_of = [](const at::Tensor& x) {  // without a norm nothing is written there
        return Heads<T>{static_cast<T*>(const_cast<void*>(x.const_data_ptr())), x.stride(0),
                        x.stride(1), x.stride(2)};
    };
    const Heads<T> from_q = heads_of(q), from_k = heads_of(k), from_v = heads_of(v);
    cpu::together(
        [&](cpu::Team& team) {
            paged.place(team, from_q, from_k, from_v, nullptr, nullptr);
            team.barrier();
            paged.attend(team);
            team.barrier();
            paged.join(team);
        },
        paged.worth_threads());
    return result;
}

template <class T>
at::Tensor in_line(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                   const AttentionOptions& options, int64_t window) {
    const int64_t batch = q.size(0), heads = q.size(1), tokens = q.size(2), width = q.size(3);
    KvPages pages;
    pages.type = sizeof(T) == 2 ? KvPages::bf16 : KvPages::f32;
    pages.page_size = k.size(1) == 1 ? std::max(k.size(2), v.size(2)) : k.stride(1) / width;
    pages.heads = k.size(1);
    pages.head_dim = width;
    std::vector<void*> lists(size_t(2 * batch));  // a page of keys and one of values for each row
    for (int64_t b = 0; b < batch; ++b) {
        void **key = &lists[size_t(2 * b)], **value = key + 1;
        *key = const_cast<T*>(static_cast<const T*>(k.const_data_ptr()) + b * k.stride(0));
        *value = const_cast<T*>(static_cast<const T*>(v.const_data_ptr()) + b * v.stride(0));
        KvPages::Row row;
        row.keys = key, row.values = value;
        row.length = k.size(2) - tokens;
        pages.rows.push_back(row);
    }
    const Angles turned;
    const PagedCall call{&pages, &options, &turned, window};
    Scratch& scratch = Scratch::of_this_thread();
    scratch.clear();
    Paged<T> paged(call, batch, tokens, heads, scratch);
    at::Tensor result = at::empty({batch, tokens, heads, width}, q.options());
    paged.out = static_cast<T*>(result.data_ptr());
    const Heads<T> from{static_cast<T*>(const_cast<void*>(q.const_data_ptr())), q.stride(0),
                        q.stride(2), q.stride(1)};
    cpu::together(
        [&](cpu::Team& team) {
            paged.place(team, from, {}, {}, nullptr, nullptr);
            team.barrier();
            paged.attend(team);
            team.barrier();
            paged.join(team);
        },
        paged.worth_threads());
    return result.transpose(1, 2);
}

template <class T>
at::Tensor step(const at::Tensor& given, const AttentionStep& s, const PagedCall& call) {
    const at::Tensor x = given.contiguous();
    const int64_t batch = x.size(0), tokens = x.size(1), rows = batch * tokens;
    const int64_t width = call.pages->head_dim, all = (s.heads + 2 * s.kv_heads) * width;
    const int64_t k_at = s.heads * width, v_at = k_at + s.kv_heads * width;
    Scratch& scratch = Scratch::of_this_thread();
    scratch.clear();
    const Norm<T> q_norm(s.q_norm, scratch), k_norm(s.k_norm, scratch);
    Paged<T> paged(call, batch, tokens, s.heads, scratch);
    float* sums = scratch.take<float>(rows * std::max(all, s.out->out_features()));
    T* projected = scratch.take<T>(rows * all);
    paged.out = scratch.take<T>(rows * k_at);
    float* norm_room = scratch.take<float>(all);
    at::Tensor result = at::empty({batch, tokens, s.out->out_features()}, x.options());
    T* y = static_cast<T*>(result.data_ptr());

    InputRows &input = InputRows::of_this_thread(0), &seen = InputRows::of_this_thread(1);
    constexpr bool kBf16 = sizeof(T) == 2;
    input.begin({s.q, s.k, s.v}, x.const_data_ptr(), kBf16, rows, x.size(2));
    seen.begin({s.out}, paged.out, kBf16, rows, k_at);
    const Product products[] = {{s.q, sums, all}, {s.k, sums + k_at, all}, {s.v, sums + v_at, all}};
    const Product last{s.out, sums, s.out->out_features()};
    const Heads<T> q{projected, tokens * all, all, width}, k{projected + k_at, q.row, all, width},
        v{projected + v_at, q.row, all, width};
    auto finish = [&](const Product& p, int64_t begin, int64_t end, T* to) {
        const float* bias = p.weights->bias();
        for (int64_t row = 0; row < rows; ++row)
            cpu::add_bias(p.y + row * p.stride + begin, bias ? bias + begin : nullptr, end - begin,
                          to + row * p.stride + begin);
    };

    Turns firsts, lasts;
    cpu::together(
        [&](cpu::Team& team) {
            if (input.converts()) {
                input.fill(team);
                team.barrier();
            }
            multiply(team, firsts, input, products, 3, [&](size_t i, int64_t begin, int64_t end) {
                finish(products[i], begin, end, projected + (products[i].y - sums));
            });
            team.barrier();
            if (s.norm_of_all) {
                if (team.index == 0)
                    for (int64_t row = 0; row < rows; ++row) {
                        if (q_norm) q_norm(projected + row * all, k_at, norm_room);
                        if (k_norm) k_norm(projected + row * all + k_at, v_at - k_at, norm_room);
                    }
                team.barrier();
            }
            paged.place(team, q, k, v, s.norm_of_all ? nullptr : &q_norm,
                        s.norm_of_all ? nullptr : &k_norm);
            team.barrier();
            paged.attend(team);
            team.barrier();
            paged.join(team);
            team.barrier();
            if (seen.converts()) {
                seen.fill(team);
                team.barrier();
            }
            multiply(team, lasts, seen, &last, 1,
                     [&](size_t, int64_t begin, int64_t end) { finish(last, begin, end, y); });
        },
        std::max(paged.worth_threads(), worth(rows * all * x.size(2))));
    return result;
}

}  // namespace

bool takes_pages(const PagedCall& call, int64_t batch, int64_t tokens, int64_t kv_heads,
                 int64_t head_dim) {
    if (!call.pages || int64_t(call.pages->rows.size()) != batch || call.pages->heads != kv_heads ||
        call.pages->head_dim != head_dim)
        return false;
    const at::Tensor &cos = call.angles->cos, &sin = call.angles->sin;
    if (!cos.defined()) return true;
    auto readable = [&](const at::Tensor& t) {
        return t.is_cpu() && t.is_contiguous() && t.dim() == 4 && t.size(2) == tokens &&
               (t.size(0) == 1 || t.size(0) == batch) && t.size(3) <= head_dim &&
               (t.scalar_type() == at::kFloat || t.scalar_type() == at::kBFloat16);
    };
    return readable(cos) && readable(sin) && cos.scalar_type() == sin.scalar_type();
}

at::Tensor attend_pages(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                        const PagedCall& call) {
    return q.scalar_type() == at::kFloat ? attend<float>(q, k, v, call)
                                         : attend<uint16_t>(q, k, v, call);
}

bool lies_in_pages(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
    auto pages = [&](const at::Tensor& x) {  // positions one behind the other, heads in equal steps
        return x.scalar_type() == q.scalar_type() && x.stride(3) == 1 && x.stride(2) == x.size(3) &&
               (x.size(1) == 1 || x.stride(1) % x.size(3) == 0);
    };
    return q.stride(3) == 1 && pages(k) && pages(v) && k.size(3) == v.size(3) &&
           (k.size(1) == 1 || k.stride(1) == v.stride(1)) && k.size(2) == v.size(2) &&
           k.size(2) >= q.size(2);
}

at::Tensor attend_in_line(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const AttentionOptions& options, int64_t window) {
    return q.scalar_type() == at::kFloat ? in_line<float>(q, k, v, options, window)
                                         : in_line<uint16_t>(q, k, v, options, window);
}

at::Tensor attention_step(const at::Tensor& x, const AttentionStep& s, const PagedCall& call) {
    return x.scalar_type() == at::kFloat ? step<float>(x, s, call) : step<uint16_t>(x, s, call);
}

}  // namespace moonlet::ops
