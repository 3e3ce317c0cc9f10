// SPDX-License-Identifier: Apache-2.0
// One block a row. The kernel is bound by memory: every value is read in 16-byte loads, and a row
// of up to 8 such loads a thread stays in registers, so that it is read from memory once. Longer
// rows are read a second time, mostly from the L2 cache. Rows whose pointers or length are not
// multiples of 16 bytes take the same code with one value a load.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "ops/cuda/rms_norm.h"

namespace moonlet::ops::cuda {

namespace {

constexpr int kKept = 8;       // loads a thread keeps in registers
constexpr int kThreads = 512;  // at most: with those registers a block of 1024 would not fit

__device__ float widen(float v) { return v; }
__device__ float widen(__nv_bfloat16 v) { return __bfloat162float(v); }
__device__ float widen(__half v) { return __half2float(v); }
__device__ void narrow(float v, float& to) { to = v; }
__device__ void narrow(float v, __nv_bfloat16& to) { to = __float2bfloat16_rn(v); }
__device__ void narrow(float v, __half& to) { to = __float2half_rn(v); }

template <class T, int kWidth>
struct alignas(sizeof(T) * kWidth) Pack {
    T v[kWidth];
};

__device__ float warp_sum(float v) {
    for (int step = 16; step > 0; step >>= 1) v += __shfl_xor_sync(0xFFFFFFFFu, v, step);
    return v;
}

__device__ float block_sum(float v) {
    __shared__ float parts[32];
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
    v = warp_sum(v);
    if (lane == 0) parts[warp] = v;
    __syncthreads();
    return warp_sum(lane < warps ? parts[lane] : 0.0f);
}

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

template <class T, int kWidth>
__global__ void __launch_bounds__(kThreads)
    rms_norm_kernel(const Pack<T, kWidth>* __restrict__ x,
                    const Pack<T, kWidth>* __restrict__ weight, Pack<T, kWidth>* __restrict__ y,
                    int packs, float inverse_n, float eps) {
    x += int64_t(blockIdx.x) * packs;
    y += int64_t(blockIdx.x) * packs;
    Pack<T, kWidth> kept[kKept];
    float sum = 0.0f;
#pragma unroll
    for (int k = 0; k < kKept; ++k) {
        int i = threadIdx.x + k * blockDim.x;
        if (i < packs) {
            kept[k] = x[i];
            for (int j = 0; j < kWidth; ++j) sum += widen(kept[k].v[j]) * widen(kept[k].v[j]);
        }
    }
    for (int i = threadIdx.x + kKept * blockDim.x; i < packs; i += blockDim.x) {
        Pack<T, kWidth> v = x[i];
        for (int j = 0; j < kWidth; ++j) sum += widen(v.v[j]) * widen(v.v[j]);
    }
    const float scale = 1.0f / sqrtf(block_sum(sum) * inverse_n + eps);
    Pack<T, kWidth> out;
#pragma unroll
    for (int k = 0; k < kKept; ++k) {
        int i = threadIdx.x + k * blockDim.x;
        if (i < packs) {
            scale_pack(kept[k], weight[i], scale, out);
            y[i] = out;
        }
    }
    for (int i = threadIdx.x + kKept * blockDim.x; i < packs; i += blockDim.x) {
        scale_pack(x[i], weight[i], scale, out);
        y[i] = out;
    }
}

template <class T, int kWidth>
cudaError_t launch(const void* x, const void* weight, void* y, int64_t rows, int64_t n, float eps,
                   cudaStream_t stream) {
    int packs = int(n / kWidth);
    int threads = 32;
    while (threads < kThreads && threads < packs) threads *= 2;
    using P = Pack<T, kWidth>;
    rms_norm_kernel<T, kWidth><<<unsigned(rows), threads, 0, stream>>>(
        static_cast<const P*>(x), static_cast<const P*>(weight), static_cast<P*>(y), packs,
        1.0f / float(n), eps);
    return cudaGetLastError();
}

template <class T>
cudaError_t choose(const void* x, const void* weight, void* y, int64_t rows, int64_t n, float eps,
                   cudaStream_t stream) {
    constexpr int kWide = 16 / sizeof(T);
    auto bits = reinterpret_cast<uintptr_t>(x) | reinterpret_cast<uintptr_t>(weight) |
                reinterpret_cast<uintptr_t>(y);
    if (bits % 16 == 0 && n % kWide == 0)
        return launch<T, kWide>(x, weight, y, rows, n, eps, stream);
    return launch<T, 1>(x, weight, y, rows, n, eps, stream);
}

}  // namespace

cudaError_t rms_norm(const void* x, const void* weight, void* y, int64_t rows, int64_t n, float eps,
                     Element element, cudaStream_t stream) {
    if (rows <= 0 || n <= 0) return cudaSuccess;
    if (rows > INT32_MAX || n > INT32_MAX) return cudaErrorInvalidValue;
    switch (element) {
        case Element::f32: return choose<float>(x, weight, y, rows, n, eps, stream);
        case Element::bf16: return choose<__nv_bfloat16>(x, weight, y, rows, n, eps, stream);
        case Element::f16: return choose<__half>(x, weight, y, rows, n, eps, stream);
    }
    return cudaErrorInvalidValue;
}

}  // namespace moonlet::ops::cuda
