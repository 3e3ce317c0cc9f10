// SPDX-License-Identifier: Apache-2.0
// One pack of 16 bytes a thread; what is left over, or not aligned, goes value by value.
#include "ops/cuda/device.h"
#include "ops/cuda/swiglu.h"

namespace moonlet::ops::cuda {

namespace {

constexpr int kThreads = 256;

template <class T, int kWidth>
__global__ void __launch_bounds__(kThreads)
    swiglu_kernel(const Pack<T, kWidth>* gate, const Pack<T, kWidth>* up, Pack<T, kWidth>* y,
                  int64_t packs) {
    const int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x;
    if (i >= packs) return;
    const Pack<T, kWidth> g = gate[i], u = up[i];
    Pack<T, kWidth> out;
    for (int j = 0; j < kWidth; ++j) {
        const float x = widen(g.v[j]);
        narrow(rounded<T>(x / (1.0f + __expf(-x))) * widen(u.v[j]), out.v[j]);
    }
    y[i] = out;
}

template <class T, int kWidth>
cudaError_t launch(const void* gate, const void* up, void* y, int64_t packs, cudaStream_t stream) {
    if (packs == 0) return cudaSuccess;
    using P = Pack<T, kWidth>;
    swiglu_kernel<T, kWidth><<<unsigned((packs + kThreads - 1) / kThreads), kThreads, 0, stream>>>(
        static_cast<const P*>(gate), static_cast<const P*>(up), static_cast<P*>(y), packs);
    return cudaGetLastError();
}

}  // namespace

cudaError_t swiglu(const void* gate, const void* up, void* y, int64_t count, Element element,
                   cudaStream_t stream) {
    if (count <= 0) return cudaSuccess;
    if (count > int64_t(INT32_MAX) * kThreads) return cudaErrorInvalidValue;
    return with_type(element, [&](auto type) {
        using T = decltype(type);
        constexpr int kWide = 16 / sizeof(T);
        const auto bits = reinterpret_cast<uintptr_t>(gate) | reinterpret_cast<uintptr_t>(up) |
                          reinterpret_cast<uintptr_t>(y);
        const int64_t wide = bits % 16 == 0 ? count / kWide : 0, done = wide * kWide;
        if (cudaError_t error = launch<T, kWide>(gate, up, y, wide, stream)) return error;
        return launch<T, 1>(static_cast<const T*>(gate) + done, static_cast<const T*>(up) + done,
                            static_cast<T*>(y) + done, count - done, stream);
    });
}

}  // namespace moonlet::ops::cuda
