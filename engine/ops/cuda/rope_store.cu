// SPDX-License-Identifier: Apache-2.0
// One block a head of a position: queries, then keys, then values stand in a row of blocks, and a
// thread takes a pair of components. A token has a few hundred kilobytes at most here: one launch
// instead of five is what counts.
#include "ops/cuda/device.h"
#include "ops/cuda/rope_store.h"

namespace moonlet::ops::cuda {

namespace {

// from -> to, one head; the first `turning` components by `position`.
template <class T>
__device__ void turn(const T* from, T* to, const RopeStore& c, int64_t position) {
    const int half = int(c.turning / 2);
    for (int i = threadIdx.x; i < half; i += blockDim.x) {
        // The plain twin's angles are products in f32, whose cos and sin are rounded to T.
        const float angle = __fmul_rn(float(position), c.inv_freq[i]);
        const float cosine = rounded<T>(cosf(angle) * c.magnitude);
        const float sine = rounded<T>(sinf(angle) * c.magnitude);
        const float a = widen(from[i]), b = widen(from[i + half]);
        narrow(a * cosine - b * sine, to[i]);
        narrow(b * cosine + a * sine, to[i + half]);
    }
    for (int i = int(c.turning) + threadIdx.x; i < c.dim; i += blockDim.x) to[i] = from[i];
}

template <class T>
__global__ void rope_store_kernel(const RopeStore c) {
    const int64_t b = blockIdx.z, t = blockIdx.y;
    int64_t head = blockIdx.x;
    const int64_t position = c.lengths[b] + t;
    if (head < c.heads) {
        T* q = static_cast<T*>(c.q) + ((b * c.count + t) * c.heads + head) * c.dim;
        return turn(q, q, c, position);
    }
    if (position >= c.capacity) return;
    head -= c.heads;
    const bool value = head >= c.kv_heads;
    if (value) head -= c.kv_heads;
    const T* from =
        static_cast<const T*>(value ? c.v : c.k) + ((b * c.count + t) * c.kv_heads + head) * c.dim;
    T* to = static_cast<T*>(value ? c.values : c.keys) +
            ((b * c.kv_heads + head) * c.capacity + position) * c.dim;
    if (!value) return turn(from, to, c, position);
    for (int i = threadIdx.x; i < c.dim; i += blockDim.x) to[i] = from[i];
}

}  // namespace

cudaError_t rope_store(const RopeStore& c, Element element, cudaStream_t stream) {
    if (c.batch <= 0 || c.count <= 0) return cudaSuccess;
    if (c.turning % 2 || c.turning > c.dim || c.batch > 65535 || c.count > 65535)
        return cudaErrorInvalidValue;
    const dim3 grid(unsigned(c.heads + 2 * c.kv_heads), unsigned(c.count), unsigned(c.batch));
    const int threads = c.dim > 64 ? 128 : 64;
    return with_type(element, [&](auto type) {
        rope_store_kernel<decltype(type)><<<grid, threads, 0, stream>>>(c);
        return cudaGetLastError();
    });
}

}  // namespace moonlet::ops::cuda
