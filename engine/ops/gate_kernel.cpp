// SPDX-License-Identifier: Apache-2.0
#include "ops/gate_kernel.h"

#include "ops/lanes.h"

namespace moonlet::ops {

namespace {

using namespace lanes;

MOONLET_INLINE Floats sigmoid(const Floats& x) { return 1.0f / (1.0f + exponential(-x)); }

template <class T>
struct Forward {
    static MOONLET_INLINE void run(const T* gate, const T* up, T* y, int64_t n) {
        each(n, [&](Place p) MOONLET_INLINED {
            const Floats g = p.load(gate);
            p.store(y, rounded<T>(g * sigmoid(g)) * p.load(up));
        });
    }
};

template <class T>
struct Backward {
    static MOONLET_INLINE void run(const T* gate, const T* up, const T* dy, T* dgate, T* dup,
                                   int64_t n) {
        each(n, [&](Place p) MOONLET_INLINED {
            const Floats g = p.load(gate), u = p.load(up), given = p.load(dy);
            const Floats share = sigmoid(g), silu = g * share;
            p.store(dup, given * rounded<T>(silu));
            p.store(dgate, given * u * (share + silu * (1.0f - share)));
        });
    }
};

}  // namespace

void silu_gate(const float* gate, const float* up, float* y, int64_t n) {
    widest<Forward<float>>(gate, up, y, n);
}

void silu_gate(const uint16_t* gate, const uint16_t* up, uint16_t* y, int64_t n) {
    widest<Forward<uint16_t>>(gate, up, y, n);
}

void silu_gate_backward(const float* gate, const float* up, const float* dy, float* dgate,
                        float* dup, int64_t n) {
    widest<Backward<float>>(gate, up, dy, dgate, dup, n);
}

void silu_gate_backward(const uint16_t* gate, const uint16_t* up, const uint16_t* dy,
                        uint16_t* dgate, uint16_t* dup, int64_t n) {
    widest<Backward<uint16_t>>(gate, up, dy, dgate, dup, n);
}

}  // namespace moonlet::ops
