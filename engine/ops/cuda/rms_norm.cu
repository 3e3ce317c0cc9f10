// SPDX-License-Identifier: Apache-2.0
// One block a row. The kernel is bound by memory: every value is read in 16-byte loads, and a row
// of up to 8 such loads a thread stays in registers, so that it is read from memory once. Longer
// rows are read a second time, mostly from the L2 cache. Rows whose pointers or length are not
// multiples of 16 bytes take the same code with one value a load.
#include "ops/cuda/device.h"
#include "ops/cuda/rms_norm.h"

namespace moonlet::ops::cuda {

namespace {

constexpr int kKept = 8;       // loads a thread keeps in registers
constexpr int kThreads = 512;  // at most: with those registers a block of 1024 would not fit

// x / rms is rounded to T before it meets the weight: the plain twin's order.
template <class T, int kWidth>
__device__ void scale_pack(const Pack<T, kWidth>& x, const Pack<T, kWidth>& w, float scale,
                           Pack<T, kWidth>& y) {
    for (int j = 0; j < kWidth; ++j) {
        T normed;
        narrow(widen(x.v[j]) * scale, normed);
        narrow(widen(normed) * widen(w.v[j]), y.v[j]);
    }
}

// The row's next values: x, or x + residual, which is then written to `sum`.
template <class T, int kWidth, bool kAdds>
__device__ Pack<T, kWidth> take(const Pack<T, kWidth>* x, const Pack<T, kWidth>* residual,
                                Pack<T, kWidth>* sum, int i) {
    Pack<T, kWidth> v = x[i];
    if (kAdds) {
        const Pack<T, kWidth> r = residual[i];
        for (int j = 0; j < kWidth; ++j) narrow(widen(v.v[j]) + widen(r.v[j]), v.v[j]);
        sum[i] = v;
    }
    return v;
}

template <class T, int kWidth, bool kAdds>
__global__ void __launch_bounds__(kThreads)
    rms_norm_kernel(const Pack<T, kWidth>* x, const Pack<T, kWidth>* residual,
                    const Pack<T, kWidth>* __restrict__ weight, Pack<T, kWidth>* sum,
                    Pack<T, kWidth>* y, int packs, float inverse_n, float eps) {
    const int64_t row = int64_t(blockIdx.x) * packs;
    x += row;
    y += row;
    if (kAdds) residual += row, sum += row;
    Pack<T, kWidth> kept[kKept];
    float squares = 0.0f;
#pragma unroll
    for (int k = 0; k < kKept; ++k) {
        const int i = threadIdx.x + k * blockDim.x;
        if (i < packs) {
            kept[k] = take<T, kWidth, kAdds>(x, residual, sum, i);
            for (int j = 0; j < kWidth; ++j) squares += widen(kept[k].v[j]) * widen(kept[k].v[j]);
        }
    }
    for (int i = threadIdx.x + kKept * blockDim.x; i < packs; i += blockDim.x) {
        const Pack<T, kWidth> v = take<T, kWidth, kAdds>(x, residual, sum, i);
        for (int j = 0; j < kWidth; ++j) squares += widen(v.v[j]) * widen(v.v[j]);
    }
    const float scale = 1.0f / sqrtf(block_sum(squares) * inverse_n + eps);
    Pack<T, kWidth> out;
#pragma unroll
    for (int k = 0; k < kKept; ++k) {
        const int i = threadIdx.x + k * blockDim.x;
        if (i < packs) {
            scale_pack(kept[k], weight[i], scale, out);
            y[i] = out;
        }
    }
    const Pack<T, kWidth>* again = kAdds ? sum : x;
    for (int i = threadIdx.x + kKept * blockDim.x; i < packs; i += blockDim.x) {
        scale_pack(again[i], weight[i], scale, out);
        y[i] = out;
    }
}

struct Rows {
    const void *x, *residual, *weight;  // residual: null, or added first
    void *sum, *y;
    int64_t rows, n;
    float eps;
};

template <class T, int kWidth>
cudaError_t launch(const Rows& r, cudaStream_t stream) {
    const int packs = int(r.n / kWidth);
    int threads = 32;
    while (threads < kThreads && threads < packs) threads *= 2;
    using P = Pack<T, kWidth>;
    auto kernel = r.residual ? rms_norm_kernel<T, kWidth, true> : rms_norm_kernel<T, kWidth, false>;
    kernel<<<unsigned(r.rows), threads, 0, stream>>>(
        static_cast<const P*>(r.x), static_cast<const P*>(r.residual),
        static_cast<const P*>(r.weight), static_cast<P*>(r.sum), static_cast<P*>(r.y), packs,
        1.0f / float(r.n), r.eps);
    return cudaGetLastError();
}

cudaError_t choose(const Rows& r, Element element, cudaStream_t stream) {
    if (r.rows <= 0 || r.n <= 0) return cudaSuccess;
    if (r.rows > INT32_MAX || r.n > INT32_MAX) return cudaErrorInvalidValue;
    return with_type(element, [&](auto type) {
        using T = decltype(type);
        constexpr int kWide = 16 / sizeof(T);
        uintptr_t bits = 0;
        for (const void* p : {r.x, r.residual, r.weight, (const void*)r.sum, (const void*)r.y})
            bits |= reinterpret_cast<uintptr_t>(p);
        if (bits % 16 == 0 && r.n % kWide == 0) return launch<T, kWide>(r, stream);
        return launch<T, 1>(r, stream);
    });
}

}  // namespace

cudaError_t rms_norm(const void* x, const void* weight, void* y, int64_t rows, int64_t n, float eps,
                     Element element, cudaStream_t stream) {
    return choose({x, nullptr, weight, nullptr, y, rows, n, eps}, element, stream);
}

cudaError_t add_rms_norm(const void* x, const void* residual, const void* weight, void* sum,
                         void* y, int64_t rows, int64_t n, float eps, Element element,
                         cudaStream_t stream) {
    return choose({x, residual, weight, sum, y, rows, n, eps}, element, stream);
}

}  // namespace moonlet::ops::cuda
