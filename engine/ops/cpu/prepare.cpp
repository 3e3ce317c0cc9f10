// SPDX-License-Identifier: Apache-2.0
// One body for plain loops that the compiler turns into vectors, compiled for AVX2 and for AVX-512;
// no product and sum in one rounding, so that both give the same bits.
#include "ops/cpu/prepare.h"

#include <bit>
#include <cstring>
#include <limits>

#include "ops/cpu/isa.h"
#include "ops/cpu/pool.h"

namespace moonlet::cpu {

namespace {

#define ALWAYS_INLINE inline __attribute__((always_inline))

ALWAYS_INLINE void widen(const float* x, int64_t n, float* out) {
    std::memcpy(out, x, size_t(n) * sizeof(float));
}
ALWAYS_INLINE void widen(const uint16_t* x, int64_t n, float* out) {
    for (int64_t i = 0; i < n; ++i) out[i] = std::bit_cast<float>(uint32_t(x[i]) << 16);
}

ALWAYS_INLINE void narrow(const uint16_t* x, int64_t n, uint16_t* out) {
    std::memcpy(out, x, size_t(n) * sizeof(uint16_t));
}
ALWAYS_INLINE void narrow(const float* x, int64_t n, uint16_t* out) {
    for (int64_t i = 0; i < n; ++i) {
        const uint32_t bits = std::bit_cast<uint32_t>(x[i]);
        const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
        out[i] = uint16_t((bits & 0x7fffffff) > 0x7f800000u ? bits >> 16 | 64 : rounded);
    }
}

ALWAYS_INLINE void round_group(const float* v, int8_t* codes, Q8Group& group) {
    uint32_t most_bits = 0;
    for (int i = 0; i < 32; ++i) {
        const uint32_t bits = std::bit_cast<uint32_t>(v[i]) & 0x7fffffff;
        most_bits = bits > most_bits ? bits : most_bits;
    }
    const float most = std::bit_cast<float>(most_bits);
    if (!(most >= 1e-30f && most_bits < 0x7f800000u)) {
        const bool finite = most_bits < 0x7f800000u;
        std::memset(codes, 0, 32);
        group = {finite ? 0 : std::numeric_limits<float>::quiet_NaN(), 0, 0, 0};
        return;
    }
    const float inverse = 127 / most;
    constexpr float shift = 12582912;  // 1.5 * 2^23: to the nearest whole number, ties to even
    int32_t q[32], first = 0, second = 0;
    for (int i = 0; i < 32; ++i) q[i] = int32_t((v[i] * inverse + shift) - shift);
    for (int i = 0; i < 32; ++i) codes[i] = int8_t(q[i]);
    for (int i = 0; i < 16; ++i) first += q[i];
    for (int i = 16; i < 32; ++i) second += q[i];
    const float scale = most / 127;
    group = {scale, scale * float(first + second), -128 * first, -128 * (first + second)};
}

template <class T>
ALWAYS_INLINE void round_columns(const T* x, int64_t n, int8_t* codes, Q8Group* groups) {
    for (; n > 0; n -= 32, x += 32, codes += 32, ++groups) {
        float v[32];
        if (n >= 32) {
            widen(x, 32, v);
        } else {
            std::memset(v, 0, sizeof v);
            widen(x, n, v);
        }
        round_group(v, codes, *groups);
    }
}

// The three things done to a part of a row, per ISA and type of x.
template <class T>
struct Steps {
    void (*to_f32)(const T*, int64_t, float*);
    void (*to_bf16)(const T*, int64_t, uint16_t*);
    void (*to_q8)(const T*, int64_t, int8_t*, Q8Group*);
};

#define STEPS(name, attribute)                                                        \
    template <class T>                                                                \
    attribute void name##_f32(const T* x, int64_t n, float* out) {                    \
        widen(x, n, out);                                                             \
    }                                                                                 \
    template <class T>                                                                \
    attribute void name##_bf16(const T* x, int64_t n, uint16_t* out) {                \
        narrow(x, n, out);                                                            \
    }                                                                                 \
    template <class T>                                                                \
    attribute void name##_q8(const T* x, int64_t n, int8_t* codes, Q8Group* groups) { \
        round_columns(x, n, codes, groups);                                           \
    }                                                                                 \
    template <class T>                                                                \
    constexpr Steps<T> name{name##_f32<T>, name##_bf16<T>, name##_q8<T>};

STEPS(plain, )
#ifdef __x86_64__
STEPS(avx2, __attribute__((target("avx2"))))
STEPS(avx512, __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))))
#endif

template <class T>
const Steps<T>& steps() {
#ifdef __x86_64__
    if (isa() >= Isa::avx512) return avx512<T>;
    if (isa() >= Isa::avx2) return avx2<T>;
#endif
    return plain<T>;
}

template <class T>
void set_part(RowWeights::Form form, const Rows& rows, int64_t row, int64_t begin, int64_t end,
              const T* x) {
    const int64_t at = row * rows.width + begin, n = end - begin;
    switch (form) {
        case RowWeights::Form::f32:
            steps<T>().to_f32(x, n, const_cast<float*>(rows.f32) + at);
            break;
        case RowWeights::Form::bf16:
            steps<T>().to_bf16(x, n, const_cast<uint16_t*>(rows.bf16) + at);
            break;
        case RowWeights::Form::q8: {
            const int64_t group = row * q8_groups_of(rows.width) + begin / kQ8Group;
            steps<T>().to_q8(x, n, const_cast<int8_t*>(rows.q8) + group * kQ8Group,
                             const_cast<Q8Group*>(rows.q8_groups) + group);
        }
    }
}

// Values that one thread has done by the time another would begin.
constexpr int64_t kPart = 1 << 14;

template <class T>
void set_all(PreparedRows& to, const T* x, int64_t count, int64_t width) {
    const int64_t rows = kPart / (width + 1) + 1;
    run((count + rows - 1) / rows, [&](int64_t part) {
        for (int64_t row = part * rows; row < count && row < (part + 1) * rows; ++row)
            to.set(row, 0, width, x + row * width);
    });
}

}  // namespace

void PreparedRows::resize(RowWeights::Form form, int64_t count, int64_t width) {
    auto room = [](Memory& buffer, size_t& have, size_t bytes) {
        if (bytes > have) {
            buffer.reset();
            have = 0;
            buffer = large_memory(bytes);
            have = bytes;
        }
        return static_cast<void*>(buffer.get());
    };
    form_ = form;
    rows_ = {};
    rows_.count = count;
    rows_.width = width;
    const size_t values = size_t(count * width), groups = size_t(count * q8_groups_of(width));
    if (form == RowWeights::Form::f32)
        rows_.f32 = static_cast<float*>(room(values_, value_bytes_, values * 4));
    if (form == RowWeights::Form::bf16)
        rows_.bf16 = static_cast<uint16_t*>(room(values_, value_bytes_, values * 2));
    if (form == RowWeights::Form::q8) {
        rows_.q8 = static_cast<int8_t*>(room(values_, value_bytes_, groups * size_t(kQ8Group)));
        rows_.q8_groups =
            static_cast<Q8Group*>(room(groups_, group_bytes_, groups * sizeof(Q8Group)));
    }
}

void PreparedRows::set(int64_t row, int64_t begin, int64_t end, const float* x) {
    set_part(form_, rows_, row, begin, end, x);
}
void PreparedRows::set(int64_t row, int64_t begin, int64_t end, const uint16_t* x) {
    set_part(form_, rows_, row, begin, end, x);
}

const Rows& PreparedRows::prepare(RowWeights::Form form, const float* x, int64_t count,
                                  int64_t width) {
    if (form == RowWeights::Form::f32) {
        rows_ = {};
        rows_.count = count;
        rows_.width = width;
        rows_.f32 = x;
        return rows_;
    }
    resize(form, count, width);
    set_all(*this, x, count, width);
    return rows_;
}

const Rows& PreparedRows::prepare(RowWeights::Form form, const uint16_t* x, int64_t count,
                                  int64_t width) {
    if (form == RowWeights::Form::bf16) {
        rows_ = {};
        rows_.count = count;
        rows_.width = width;
        rows_.bf16 = x;
        return rows_;
    }
    resize(form, count, width);
    set_all(*this, x, count, width);
    return rows_;
}

}  // namespace moonlet::cpu
