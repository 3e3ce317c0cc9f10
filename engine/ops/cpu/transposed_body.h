// SPDX-License-Identifier: Apache-2.0
// The body of what transposed.h declares, in whatever step_lanes.h stands for where it is included.

namespace {

using moonlet::cpu::Rows;
using moonlet::cpu::Transposed;

struct ReadF32 {
    using Type = float;
    static MOONLET_INLINE Lanes at(const float* p) { return load(p); }
};
struct ReadBf16 {
    using Type = uint16_t;
    static MOONLET_INLINE Lanes at(const uint16_t* p) { return load_bf16(p); }
};
struct ReadF16 {
    using Type = uint16_t;
    static MOONLET_INLINE Lanes at(const uint16_t* p) { return load_f16(p); }
};

template <class R>
MOONLET_INLINE Lanes read(const typename R::Type* p, int64_t count) {
    if (count >= kLanes) return R::at(p);
    typename R::Type all[kLanes] = {};
    for (int64_t i = 0; i < count; ++i) all[i] = p[i];
    return R::at(all);
}

// kDeep rows of the stored matrix, added to columns [begin, end) of every result.
template <class R, int kDeep>
MOONLET_INLINE void add_rows(const typename R::Type* w, int64_t w_stride, const Rows& x, int64_t k,
                             int64_t begin, int64_t end, float* y, int64_t stride) {
    for (int64_t n = begin; n < end; n += kLanes) {
        const int64_t count = end - n;
        Lanes wide[kDeep];
        for (int i = 0; i < kDeep; ++i) wide[i] = read<R>(w + i * w_stride + n, count);
        for (int64_t row = 0; row < x.count; ++row) {
            float* to = y + row * stride + n;
            const float* factors = x.f32 + row * x.width + k;
            Lanes sum = k == 0 ? spread(0) : count >= kLanes ? load(to) : load_some(to, count);
            for (int i = 0; i < kDeep; ++i) sum = fused(spread(factors[i]), wide[i], sum);
            if (count >= kLanes) store(to, sum);
            else store_some(to, sum, count);
        }
    }
}

template <class R>
void transposed_body(const Transposed& t, const Rows& x, float* y, int64_t stride) {
    constexpr int64_t kPiece = 512;  // columns whose sums stay in the first cache
    const auto* w = (const typename R::Type*)t.stored + t.begin;
    for (int64_t n = 0; n < t.end - t.begin; n += kPiece) {
        const int64_t end = n + kPiece < t.end - t.begin ? n + kPiece : t.end - t.begin;
        int64_t k = 0;
        for (; k + 4 <= x.width; k += 4)
            add_rows<R, 4>(w + k * t.stride, t.stride, x, k, n, end, y, stride);
        for (; k < x.width; ++k)
            add_rows<R, 1>(w + k * t.stride, t.stride, x, k, n, end, y, stride);
    }
}

}  // namespace
