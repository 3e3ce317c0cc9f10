// SPDX-License-Identifier: Apache-2.0
// A warp takes one output row and one piece of K; a lane reads 16 bytes of codes at a time, all of
// one group, so that a group's scale is applied once to a sum of products. Up to 8 rows of x are
// held against the same codes. Partial sums of the pieces are added by a second kernel in a fixed
// order: no atomics.
#include <algorithm>

#include "ops/cuda/device.h"
#include "ops/cuda/gemv.h"

namespace moonlet::ops::cuda {

namespace {

constexpr int kWarps = 4;     // of a block
constexpr int kMostRows = 8;  // of x for one pass over the weights
constexpr int kLoad = 16;     // bytes of codes a lane reads at a time

// The 16 or 32 codes of a load as floats.
template <int kBits>
struct Codes {
    static constexpr int kCount = kLoad * 8 / kBits;
    float v[kCount];
    __device__ explicit Codes(const uint4 raw) {
        const uint32_t words[4] = {raw.x, raw.y, raw.z, raw.w};
#pragma unroll
        for (int i = 0; i < kCount; ++i) {
            const uint32_t word = words[i * kBits / 32] >> (i * kBits % 32);
            v[i] = kBits == 8 ? float(int8_t(word & 255u)) : float(int(word & 15u) - 8);
        }
    }
};

// sum of the codes' products with x[0, kCount), 16 bytes a load; x is 16-byte aligned there.
template <class T, int kBits>
__device__ float dot(const Codes<kBits>& codes, const T* x) {
    constexpr int kWide = 16 / sizeof(T);
    const auto* packs = reinterpret_cast<const Pack<T, kWide>*>(x);
    float sum = 0.0f;
#pragma unroll
    for (int p = 0; p < Codes<kBits>::kCount / kWide; ++p) {
        const Pack<T, kWide> pack = packs[p];
#pragma unroll
        for (int j = 0; j < kWide; ++j) sum = fmaf(codes.v[p * kWide + j], widen(pack.v[j]), sum);
    }
    return sum;
}

template <class T, int kBits, int kRows>
__global__ void __launch_bounds__(kWarps * 32) gemv_kernel(const Gemv c, int64_t piece) {
    const int lane = threadIdx.x & 31;
    const int64_t n = int64_t(blockIdx.x) * kWarps + (threadIdx.x >> 5);
    if (n >= c.n) return;  // a whole warp
    constexpr int kCount = Codes<kBits>::kCount;
    const int64_t begin = int64_t(blockIdx.y) * piece, end = min(begin + piece, c.k);
    const auto* row = static_cast<const uint8_t*>(c.codes) + n * c.k * kBits / 8;
    const auto* scales = static_cast<const __half*>(c.scales) + n * (c.k / c.group);
    const T* x = static_cast<const T*>(c.x);
    float sums[kRows] = {};
    for (int64_t k = begin + int64_t(lane) * kCount; k < end; k += 32 * kCount) {
        const Codes<kBits> codes(*reinterpret_cast<const uint4*>(row + k * kBits / 8));
        const float scale = widen(scales[k / c.group]);
#pragma unroll
        for (int m = 0; m < kRows; ++m)
            sums[m] = fmaf(scale, dot<T, kBits>(codes, x + m * c.k + k), sums[m]);
    }
#pragma unroll
    for (int m = 0; m < kRows; ++m) {
        const float sum = warp_sum(sums[m]);
        if (lane != 0) continue;
        if (gridDim.y > 1) {
            c.workspace[(int64_t(blockIdx.y) * kRows + m) * c.n + n] = sum;
        } else {
            const float bias = c.bias ? widen(static_cast<const T*>(c.bias)[n]) : 0.0f;
            narrow(sum + bias, static_cast<T*>(c.y)[m * c.n + n]);
        }
    }
}

template <class T>
__global__ void add_pieces(const Gemv c, int rows, int splits) {
    const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x, all = rows * c.n;
    if (i >= all) return;
    float sum = 0.0f;
    for (int s = 0; s < splits; ++s) sum += c.workspace[s * all + i];
    if (c.bias) sum += widen(static_cast<const T*>(c.bias)[i % c.n]);
    narrow(sum, static_cast<T*>(c.y)[i]);
}

template <class T, int kBits, int kRows>
cudaError_t launch(const Gemv& c, cudaStream_t stream) {
    const int splits = gemv_splits(c.n, c.k, kBits);
    constexpr int64_t kStep = 128;  // a piece is whole groups
    const int64_t piece = ((c.k + splits - 1) / splits + kStep - 1) / kStep * kStep;
    const dim3 grid(unsigned((c.n + kWarps - 1) / kWarps), unsigned(splits));
    gemv_kernel<T, kBits, kRows><<<grid, kWarps * 32, 0, stream>>>(c, piece);
    if (cudaError_t error = cudaGetLastError()) return error;
    if (splits == 1) return cudaSuccess;
    const int64_t all = kRows * c.n;
    add_pieces<T><<<unsigned((all + 255) / 256), 256, 0, stream>>>(c, kRows, splits);
    return cudaGetLastError();
}

template <class T, int kBits>
cudaError_t by_rows(Gemv c, cudaStream_t stream) {
    for (int64_t left = c.m; left > 0;) {
        int64_t rows = 0;
        cudaError_t error = cudaSuccess;
        if (left >= kMostRows) rows = 8, error = launch<T, kBits, 8>(c, stream);
        else if (left >= 4) rows = 4, error = launch<T, kBits, 4>(c, stream);
        else if (left >= 2) rows = 2, error = launch<T, kBits, 2>(c, stream);
        else rows = 1, error = launch<T, kBits, 1>(c, stream);
        if (error) return error;
        left -= rows;
        c.x = static_cast<const T*>(c.x) + rows * c.k;
        c.y = static_cast<T*>(c.y) + rows * c.n;
    }
    return cudaSuccess;
}

}  // namespace

int gemv_splits(int64_t n, int64_t k, int bits) {
    static const int processors = [] {
        int device = 0, count = 0;
        if (cudaGetDevice(&device) != cudaSuccess ||
            cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device) != cudaSuccess)
            return 128;
        return count;
    }();
    // Enough warps to hide the latency of reading: 16 a processor; a lane has two loads at least.
    const int64_t wanted = int64_t(processors) * 16 / std::max<int64_t>(1, n);
    const int64_t possible = k / (2 * 32 * kLoad * 8 / bits);
    return int(std::clamp<int64_t>(std::min(wanted, possible), 1, 32));
}

int64_t gemv_workspace(int64_t m, int64_t n, int64_t k, int bits) {
    const int splits = gemv_splits(n, k, bits);
    return splits == 1 ? 0 : splits * std::min<int64_t>(m, kMostRows) * n;
}

cudaError_t gemv(const Gemv& c, Element element, cudaStream_t stream) {
    if (c.m <= 0 || c.n <= 0) return cudaSuccess;
    const bool groups = c.group == 32 || c.group == 64 || c.group == 128;
    if (!groups || c.k % c.group || (c.bits != 8 && c.bits != 4)) return cudaErrorInvalidValue;
    // Rows of x and of codes begin at multiples of 16 bytes, since K is one of 32.
    const auto bits = reinterpret_cast<uintptr_t>(c.x) | reinterpret_cast<uintptr_t>(c.codes);
    if (bits % 16) return cudaErrorInvalidValue;
    return with_type(element, [&](auto type) {
        using T = decltype(type);
        return c.bits == 8 ? by_rows<T, 8>(c, stream) : by_rows<T, 4>(c, stream);
    });
}

}  // namespace moonlet::ops::cuda
