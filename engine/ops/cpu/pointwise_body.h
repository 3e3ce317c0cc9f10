// SPDX-License-Identifier: Apache-2.0
// The body of what pointwise.h declares, in whatever step_lanes.h stands for where it is included.
// `T` is what a row is rounded to: float, or uint16_t for bf16.

namespace {

using moonlet::cpu::Gate;
using moonlet::cpu::Turn;

template <class T>
MOONLET_INLINE Lanes rounded(Lanes x) {
    if constexpr (sizeof(T) == 2) return rounded_bf16(x);
    else return x;
}

// Reads and writes of whole vectors, or of what is left at a row's end.
template <class T>
MOONLET_INLINE Lanes take(const T* p, int64_t count) {
    return count >= kLanes ? load(p) : load_some(p, count);
}
template <class T>
MOONLET_INLINE void put(T* p, Lanes x, int64_t count) {
    if (count >= kLanes) store(p, x);
    else store_some(p, x, count);
}

template <class T>
void add_bias_body(const float* x, const float* bias, int64_t n, T* y) {
    for (int64_t i = 0; i < n; i += kLanes) {
        Lanes v = take(x + i, n - i);
        if (bias) v = v + take(bias + i, n - i);
        put(y + i, v, n - i);
    }
}

void widen_body(const uint16_t* x, int64_t n, float* y) {
    for (int64_t i = 0; i < n; i += kLanes) put(y + i, take(x + i, n - i), n - i);
}

// A: float or uint16_t, the angles; kRounds: the head stands for bf16.
template <class A, bool kRounds>
void turn_as(float* x, const A* cos, const A* sin, int64_t dim) {
    constexpr bool kEach = kRounds && sizeof(A) == 2;
    auto once = [](Lanes v) __attribute__((always_inline)) {
        return kRounds ? rounded_bf16(v) : v;
    };
    auto each = [](Lanes v) __attribute__((always_inline)) { return kEach ? rounded_bf16(v) : v; };
    const int64_t half = dim / 2;
    for (int64_t i = 0; i < half; i += kLanes) {
        const int64_t n = half - i;
        const Lanes a = take(x + i, n), b = take(x + half + i, n), minus = spread(0.0f) - b;
        const Lanes first = each(a * take(cos + i, n)) + each(minus * take(sin + i, n));
        const Lanes second = each(b * take(cos + half + i, n)) + each(a * take(sin + half + i, n));
        put(x + i, once(first), n);
        put(x + half + i, once(second), n);
    }
}

void turn_body(float* x, const Turn& t, bool rounds) {
    const float *cos = (const float*)t.cos, *sin = (const float*)t.sin;
    const uint16_t *half_cos = (const uint16_t*)t.cos, *half_sin = (const uint16_t*)t.sin;
    if (t.angles_are_bf16 && rounds) turn_as<uint16_t, true>(x, half_cos, half_sin, t.dim);
    else if (t.angles_are_bf16) turn_as<uint16_t, false>(x, half_cos, half_sin, t.dim);
    else if (rounds) turn_as<float, true>(x, cos, sin, t.dim);
    else turn_as<float, false>(x, cos, sin, t.dim);
}

MOONLET_INLINE Lanes sigmoid(Lanes x) {
    return spread(1.0f) / (spread(1.0f) + exponential(spread(0.0f) - x));
}

template <class T>
MOONLET_INLINE Lanes activated(Gate gate, Lanes x) {
    const Lanes one = spread(1.0f), half = spread(0.5f);
    if (gate == Gate::silu) return rounded<T>(x / (one + exponential(spread(0.0f) - x)));
    if (gate == Gate::gelu_tanh) {
        const Lanes inner = spread(0.7978845608f) * (x + spread(0.044715f) * x * x * x);
        return rounded<T>(half * x * (one + hyperbolic_tangent(inner)));
    }
    if (gate == Gate::gelu) {
        float all[kLanes];
        store(all, x * spread(0.7071067812f));
        for (float& v : all) v = __builtin_erff(v);
        return rounded<T>(half * x * (one + load(all)));
    }
    if (gate == Gate::gelu_quick)
        return rounded<T>(x * rounded<T>(sigmoid(rounded<T>(x * spread(1.702f)))));
    if (gate == Gate::tanh) return rounded<T>(hyperbolic_tangent(x));
    const Lanes positive = where_less(x, spread(0.0f), spread(0.0f), x);
    return gate == Gate::relu ? positive : rounded<T>(positive * positive);
}

template <class T>
void gated_body(Gate gate, const float* a, const float* a_bias, const float* b, const float* b_bias,
                int64_t n, T* y) {
    for (int64_t i = 0; i < n; i += kLanes) {
        Lanes x = take(a + i, n - i), z = take(b + i, n - i);
        if (a_bias) x = x + take(a_bias + i, n - i);
        if (b_bias) z = z + take(b_bias + i, n - i);
        put(y + i, activated<T>(gate, rounded<T>(x)) * rounded<T>(z), n - i);
    }
}

}  // namespace
