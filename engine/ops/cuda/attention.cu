// SPDX-License-Identifier: Apache-2.0
// First kernel: a block per piece of kPiece positions, key head and row. It walks its piece by
// tiles of kTile positions: a warp reads a key once and multiplies it with every query head that
// shares it; then a thread per component adds up the values, weighted for each of those heads. What
// a piece leaves is its largest score, its sum of weights and its unnormalised output (Milakov and
// Gimelshein 2018; "flash decoding", Dao et al. 2023). Second kernel: a block per head joins them
// in the order of the positions. Pieces lie at fixed positions, so the order of additions depends
// on the row's length alone.
#include "ops/cuda/attention.h"
#include "ops/cuda/device.h"

namespace moonlet::ops::cuda {

namespace {

constexpr int kPiece = 256, kTile = 64;
constexpr int kThreads = 128, kWarps = kThreads / 32;
constexpr int kMostGroup = 16, kMostDim = 256;
constexpr int kColumns = kMostDim / kThreads;  // components of a thread

// Where a piece leaves its largest score and sum of weights, and behind all of those its output.
__device__ float* piece_sums(const DecodeAttention& c, int64_t row_head, int64_t piece,
                             int64_t pieces) {
    return c.workspace + (row_head * pieces + piece) * 2;
}
__device__ float* piece_output(const DecodeAttention& c, int64_t row_head, int64_t piece,
                               int64_t pieces) {
    return c.workspace + (c.batch * c.heads * 2 + row_head * c.dim) * pieces + piece * c.dim;
}

template <class T, int kGroup>
__global__ void __launch_bounds__(kThreads) attend_piece(const DecodeAttention c) {
    __shared__ float queries[kGroup][kMostDim];
    __shared__ float weights[kGroup][kTile];
    __shared__ float largest[kGroup], sums[kGroup], shrink[kGroup];
    const int64_t piece = blockIdx.x, pieces = gridDim.x, kv_head = blockIdx.y, b = blockIdx.z;
    const int group = int(c.heads / c.kv_heads), dim = int(c.dim);
    const int64_t first_head = b * c.heads + kv_head * group;
    const int64_t length = min(int64_t(c.lengths[b]), c.capacity);
    const int64_t seen_from = c.window > 0 ? max(int64_t(0), length - c.window) : 0;
    const int64_t begin = max(piece * kPiece, seen_from), end = min((piece + 1) * kPiece, length);
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    if (begin >= end) {  // nothing of it is seen
        if (threadIdx.x < group) {
            float* left = piece_sums(c, first_head + threadIdx.x, piece, pieces);
            left[0] = -INFINITY;
            left[1] = 0.0f;
        }
        return;
    }
    for (int i = threadIdx.x; i < group * dim; i += kThreads)
        queries[i / dim][i % dim] =
            widen(static_cast<const T*>(c.q)[first_head * dim + i]) * c.scale;
    if (threadIdx.x < group) {
        largest[threadIdx.x] = -INFINITY;
        sums[threadIdx.x] = 0.0f;
    }
    float out[kGroup][kColumns] = {};
    const int64_t stored = (b * c.kv_heads + kv_head) * c.capacity;
    const T* keys = static_cast<const T*>(c.keys) + stored * dim;
    const T* values = static_cast<const T*>(c.values) + stored * dim;
    __syncthreads();
    for (int64_t tile = begin; tile < end; tile += kTile) {
        const int count = int(min(int64_t(kTile), end - tile));
        for (int p = warp; p < count; p += kWarps) {
            const T* key = keys + (tile + p) * dim;
            float scores[kGroup] = {};
            for (int i = lane; i < dim; i += 32) {
                const float x = widen(key[i]);
#pragma unroll
                for (int g = 0; g < kGroup; ++g)
                    if (g < group) scores[g] = fmaf(x, queries[g][i], scores[g]);
            }
#pragma unroll
            for (int g = 0; g < kGroup; ++g) {
                if (g >= group) break;
                const float score = warp_sum(scores[g]);
                if (lane == 0) weights[g][p] = score;
            }
        }
        __syncthreads();
        for (int g = warp; g < group; g += kWarps) {
            float most = largest[g];
            for (int p = lane; p < count; p += 32) most = fmaxf(most, weights[g][p]);
            most = warp_max(most);
            float sum = 0.0f;
            for (int p = lane; p < count; p += 32) {
                const float weight = __expf(weights[g][p] - most);
                weights[g][p] = weight;
                sum += weight;
            }
            sum = warp_sum(sum);
            if (lane == 0) {
                shrink[g] = __expf(largest[g] - most);  // 0 before the first tile
                sums[g] = sums[g] * shrink[g] + sum;
                largest[g] = most;
            }
        }
        __syncthreads();
#pragma unroll
        for (int column = 0; column < kColumns; ++column) {
            const int i = threadIdx.x + column * kThreads;
            if (i >= dim) break;
#pragma unroll
            for (int g = 0; g < kGroup; ++g)
                if (g < group) out[g][column] *= shrink[g];
            for (int p = 0; p < count; ++p) {
                const float x = widen(values[(tile + p) * dim + i]);
#pragma unroll
                for (int g = 0; g < kGroup; ++g)
                    if (g < group) out[g][column] = fmaf(x, weights[g][p], out[g][column]);
            }
        }
        __syncthreads();
    }
    if (threadIdx.x < group) {
        float* left = piece_sums(c, first_head + threadIdx.x, piece, pieces);
        left[0] = largest[threadIdx.x];
        left[1] = sums[threadIdx.x];
    }
#pragma unroll
    for (int column = 0; column < kColumns; ++column) {
        const int i = threadIdx.x + column * kThreads;
        if (i >= dim) break;
#pragma unroll
        for (int g = 0; g < kGroup; ++g)
            if (g < group) piece_output(c, first_head + g, piece, pieces)[i] = out[g][column];
    }
}

template <class T>
__global__ void join_pieces(const DecodeAttention c, int64_t pieces) {
    const int64_t head = int64_t(blockIdx.y) * c.heads + blockIdx.x;
    float most = -INFINITY;
    for (int64_t p = 0; p < pieces; ++p) most = fmaxf(most, piece_sums(c, head, p, pieces)[0]);
    for (int i = threadIdx.x; i < c.dim; i += blockDim.x) {
        float sum = 0.0f, out = 0.0f;
        for (int64_t p = 0; p < pieces; ++p) {
            const float* left = piece_sums(c, head, p, pieces);
            if (left[1] == 0.0f) continue;  // nothing of it was seen, nothing was written
            const float weight = __expf(left[0] - most);
            sum += weight * left[1];
            out += weight * piece_output(c, head, p, pieces)[i];
        }
        narrow(sum > 0.0f ? out / sum : 0.0f, static_cast<T*>(c.out)[head * c.dim + i]);
    }
}

template <class T, int kGroup>
cudaError_t launch(const DecodeAttention& c, cudaStream_t stream) {
    const int64_t pieces = decode_splits(c.capacity);
    const dim3 grid(unsigned(pieces), unsigned(c.kv_heads), unsigned(c.batch));
    attend_piece<T, kGroup><<<grid, kThreads, 0, stream>>>(c);
    if (cudaError_t error = cudaGetLastError()) return error;
    join_pieces<T><<<dim3(unsigned(c.heads), unsigned(c.batch)), kThreads, 0, stream>>>(c, pieces);
    return cudaGetLastError();
}

}  // namespace

int64_t decode_splits(int64_t capacity) { return (capacity + kPiece - 1) / kPiece; }

int64_t decode_workspace(int64_t batch, int64_t heads, int64_t dim, int64_t capacity) {
    return batch * heads * decode_splits(capacity) * (dim + 2);
}

cudaError_t decode_attention(const DecodeAttention& c, Element element, cudaStream_t stream) {
    if (c.batch <= 0 || c.heads <= 0 || c.dim <= 0) return cudaSuccess;
    if (c.dim > kMostDim || c.kv_heads <= 0 || c.heads % c.kv_heads || c.batch > 65535 ||
        c.kv_heads > 65535 || c.heads / c.kv_heads > kMostGroup)
        return cudaErrorInvalidValue;
    return with_type(element, [&](auto type) {
        using T = decltype(type);
        const int64_t group = c.heads / c.kv_heads;
        if (group == 1) return launch<T, 1>(c, stream);
        if (group <= 2) return launch<T, 2>(c, stream);
        if (group <= 4) return launch<T, 4>(c, stream);
        if (group <= 8) return launch<T, 8>(c, stream);
        return launch<T, 16>(c, stream);
    });
}

}  // namespace moonlet::ops::cuda
