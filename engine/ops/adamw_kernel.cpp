// SPDX-License-Identifier: Apache-2.0
// In the order of operations of LibTorch's fused kernel. Compiled without contraction
// (CMakeLists.txt): the same bits on every instruction set.
#include "ops/adamw_kernel.h"

#include "ops/lanes.h"

namespace moonlet::ops {

namespace {

using namespace lanes;

typedef int16_t Rests __attribute__((vector_size(32)));
typedef int32_t Integers __attribute__((vector_size(64)));

// A master as an f32 number, stored where it is one.
struct Wide {
    float* values;
    MOONLET_INLINE Floats load(Place p) const { return p.load(values); }
    MOONLET_INLINE void store(Place p, Floats v) const { p.store(values, v); }
};

// A master as a bf16 number and the rest.
struct Parts {
    uint16_t* values;
    int16_t* rests;

    MOONLET_INLINE Floats load(Place p) const {
        Rests rest = {};
        if (p.count == kLanes) std::memcpy(&rest, rests + p.at, sizeof rest);
        else std::memcpy(&rest, rests + p.at, size_t(p.count) * sizeof(int16_t));
        const Integers more = __builtin_convertvector(rest, Integers);
        return (Floats)((Integers)p.load(values) + more);
    }
    MOONLET_INLINE void store(Place p, Floats v) const {
        const Floats nearest = rounded<uint16_t>(v);
        Integers more = (Integers)v - (Integers)nearest;
        more = more > 32767 ? Integers{} + 32767 : more;
        const Rests rest = __builtin_convertvector(more, Rests);
        if (p.count == kLanes) std::memcpy(rests + p.at, &rest, sizeof rest);
        else std::memcpy(rests + p.at, &rest, size_t(p.count) * sizeof(int16_t));
        p.store(values, nearest);
    }
};

MOONLET_INLINE Floats square_root(Floats v) {
    for (int64_t i = 0; i < kLanes; ++i) v[i] = __builtin_sqrtf(v[i]);
    return v;
}

template <class Master, class G>
struct Update {
    static MOONLET_INLINE void run(Master master, float* exp_avg, float* exp_avg_sq,
                                   const G* gradient, int64_t n, const AdamWStep* s) {
        each(n, [&](Place p) MOONLET_INLINED {
            const Floats g = p.load(gradient) * s->scale;
            Floats mean = p.load(exp_avg), square = p.load(exp_avg_sq);
            mean = mean + s->first * (g - mean);
            square = square * s->beta2 + g * g * s->second;
            p.store(exp_avg, mean);
            p.store(exp_avg_sq, square);
            const Floats root = square_root(square) * s->root_scale + s->eps;
            master.store(p, master.load(p) * s->kept - s->step_size * mean / root);
        });
    }
};

struct Split {
    static MOONLET_INLINE void run(Parts parts, const float* master, int64_t n) {
        each(n, [&](Place p) MOONLET_INLINED { parts.store(p, p.load(master)); });
    }
};

struct Join {
    static MOONLET_INLINE void run(Parts parts, float* master, int64_t n) {
        each(n, [&](Place p) MOONLET_INLINED { p.store(master, parts.load(p)); });
    }
};

template <class T>
struct Squares {
    static MOONLET_INLINE void run(const T* values, int64_t n, float* result) {
        Floats sums = {};
        each(n, [&](Place p) MOONLET_INLINED {
            const Floats v = p.load(values);
            sums += v * v;
        });
        *result = sum(sums);
    }
};

}  // namespace

void adamw_rows(float* parameter, float* exp_avg, float* exp_avg_sq, const float* gradient,
                int64_t n, const AdamWStep& step) {
    widest<Update<Wide, float>>(Wide{parameter}, exp_avg, exp_avg_sq, gradient, n, &step);
}

void adamw_rows(uint16_t* parameter, int16_t* rest, float* exp_avg, float* exp_avg_sq,
                const uint16_t* gradient, int64_t n, const AdamWStep& step) {
    widest<Update<Parts, uint16_t>>(Parts{parameter, rest}, exp_avg, exp_avg_sq, gradient, n,
                                    &step);
}

void adamw_rows(uint16_t* parameter, int16_t* rest, float* exp_avg, float* exp_avg_sq,
                const float* gradient, int64_t n, const AdamWStep& step) {
    widest<Update<Parts, float>>(Parts{parameter, rest}, exp_avg, exp_avg_sq, gradient, n, &step);
}

void split_master(const float* master, uint16_t* parameter, int16_t* rest, int64_t n) {
    widest<Split>(Parts{parameter, rest}, master, n);
}

void join_master(const uint16_t* parameter, const int16_t* rest, float* master, int64_t n) {
    widest<Join>(Parts{const_cast<uint16_t*>(parameter), const_cast<int16_t*>(rest)}, master, n);
}

float squares(const float* values, int64_t n) {
    float result;
    widest<Squares<float>>(values, n, &result);
    return result;
}

float squares(const uint16_t* values, int64_t n) {
    float result;
    widest<Squares<uint16_t>>(values, n, &result);
    return result;
}

}  // namespace moonlet::ops
