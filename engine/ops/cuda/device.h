// SPDX-License-Identifier: Apache-2.0
// What the .cu files share: f32 and back, loads of 16 bytes, sums over a warp and a block, and the
// choice of a template by Element. Included by .cu files only.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "ops/cuda/element.h"

namespace moonlet::ops::cuda {

__device__ inline float widen(float v) { return v; }
__device__ inline float widen(__nv_bfloat16 v) { return __bfloat162float(v); }
__device__ inline float widen(__half v) { return __half2float(v); }
__device__ inline void narrow(float v, float& to) { to = v; }
__device__ inline void narrow(float v, __nv_bfloat16& to) { to = __float2bfloat16_rn(v); }
__device__ inline void narrow(float v, __half& to) { to = __float2half_rn(v); }
// v as it reads back from T.
template <class T>
__device__ float rounded(float v) {
    T t;
    narrow(v, t);
    return widen(t);
}

template <class T, int kWidth>
struct alignas(sizeof(T) * kWidth) Pack {
    T v[kWidth];
};

__device__ inline float warp_sum(float v) {
    for (int step = 16; step > 0; step >>= 1) v += __shfl_xor_sync(0xFFFFFFFFu, v, step);
    return v;
}
__device__ inline float warp_max(float v) {
    for (int step = 16; step > 0; step >>= 1) v = fmaxf(v, __shfl_xor_sync(0xFFFFFFFFu, v, step));
    return v;
}

// Every thread of the block gets the sum; blockDim.x is a multiple of 32. In one fixed order.
__device__ inline float block_sum(float v) {
    __shared__ float parts[32];
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
    v = warp_sum(v);
    __syncthreads();  // a second call must not overwrite what the first still reads
    if (lane == 0) parts[warp] = v;
    __syncthreads();
    return warp_sum(lane < warps ? parts[lane] : 0.0f);
}
__device__ inline float block_max(float v) {
    __shared__ float parts[32];
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
    v = warp_max(v);
    __syncthreads();
    if (lane == 0) parts[warp] = v;
    __syncthreads();
    return warp_max(lane < warps ? parts[lane] : -INFINITY);
}

// f(T{}) for the type that `element` names.
template <class F>
cudaError_t with_type(Element element, F f) {
    switch (element) {
        case Element::f32: return f(float{});
        case Element::bf16: return f(__nv_bfloat16{});
        case Element::f16: return f(__half{});
    }
    return cudaErrorInvalidValue;
}

}  // namespace moonlet::ops::cuda
