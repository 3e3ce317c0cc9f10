// SPDX-License-Identifier: Apache-2.0
// One block a row. The borders of top_k and top_p are found by search, not by sorting: logits as
// integers that sort alike are looked at 8 bits at a time from the top, and a histogram of 256 bins
// says in which bin the border lies: four walks over the row each. Counts are whole numbers, and so
// are masses (probabilities in units of 2^-40 of the likeliest), so that adding them in any order
// gives the same border.
#include "ops/cuda/device.h"
#include "ops/cuda/sampling.h"

namespace moonlet::ops::cuda {

namespace {

constexpr int kThreads = 1024;
constexpr float kUnit = 1099511627776.0f;  // 2^40

// Larger floats have larger bits.
__device__ uint32_t ordered(float v) {
    const uint32_t bits = __float_as_uint(v);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

struct Best {
    float value;
    int64_t id;
};
__device__ bool better(float value, int64_t id, const Best& than) {
    return value > than.value || (value == than.value && id < than.id);
}

// The best of all threads' candidates, in every thread; id < 0 stands for none.
__device__ Best block_best(Best mine) {
    __shared__ Best parts[32];
    auto join = [](Best& a, float value, int64_t id) {
        if (id >= 0 && (a.id < 0 || better(value, id, a))) a = {value, id};
    };
    for (int step = 16; step > 0; step >>= 1) {
        const float value = __shfl_xor_sync(0xFFFFFFFFu, mine.value, step);
        const int64_t id = __shfl_xor_sync(0xFFFFFFFFu, mine.id, step);
        join(mine, value, id);
    }
    __syncthreads();
    if ((threadIdx.x & 31) == 0) parts[threadIdx.x >> 5] = mine;
    __syncthreads();
    Best best = parts[0];
    for (int i = 1; i < kThreads / 32; ++i) join(best, parts[i].value, parts[i].id);
    return best;
}

// The ordered bits of the largest border such that what lies at or above it amounts to `wanted`
// (or the least there is); amount(i) says how much entry i counts, 0 for what is out already.
template <class Amount>
__device__ uint32_t border(int64_t vocab, uint64_t wanted, const Amount& amount) {
    __shared__ unsigned long long bins[256];
    __shared__ uint32_t prefix;
    __shared__ unsigned long long above;
    if (threadIdx.x == 0) prefix = 0, above = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        if (threadIdx.x < 256) bins[threadIdx.x] = 0;
        __syncthreads();
        const uint32_t fixed = prefix;
        for (int64_t i = threadIdx.x; i < vocab; i += kThreads) {
            uint32_t bits;
            const unsigned long long much = amount(i, bits);
            if (much == 0) continue;
            if (shift < 24 && (bits >> (shift + 8)) != fixed) continue;
            atomicAdd(&bins[(bits >> shift) & 255u], much);
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            int bin = 255, last = -1;
            for (; bin >= 0; --bin) {
                if (bins[bin] == 0) continue;
                last = bin;
                if (above + bins[bin] >= wanted) break;
                above += bins[bin];
            }
            if (bin < 0) {  // all of it is less than wanted: down to the lowest
                bin = last < 0 ? 0 : last;
                if (last >= 0) above -= bins[last];
            }
            prefix = fixed << 8 | uint32_t(bin);
        }
        __syncthreads();
    }
    return prefix;
}

template <class T>
__global__ void __launch_bounds__(kThreads) sample_kernel(const Sampling c) {
    const int64_t b = blockIdx.x;
    const T* logits = static_cast<const T*>(c.logits) + b * c.vocab;
    Best best{0.0f, -1};
    bool broken = false;
    for (int64_t i = threadIdx.x; i < c.vocab; i += kThreads) {
        const float x = widen(logits[i]);
        broken |= isnan(x);
        if (best.id < 0 || better(x, i, best)) best = {x, i};
    }
    best = block_best(best);
    broken = __syncthreads_or(broken) || best.id < 0 || !isfinite(best.value);
    const uint64_t seed = c.state[2 * b], step = c.state[2 * b + 1];
    __syncthreads();
    if (threadIdx.x == 0) c.state[2 * b + 1] = step + 1;
    const float inverse = 1.0f / c.temperature;
    if (broken || c.temperature <= 0 || !isfinite(inverse)) {
        if (threadIdx.x == 0) c.ids[b] = broken ? -1 : best.id;
        return;
    }
    const float largest = best.value * inverse;
    // Of an entry that top_k leaves: its bits and its mass beside the likeliest.
    uint32_t least = 0;
    if (c.top_k > 0 && c.top_k < c.vocab) {
        least = border(c.vocab, uint64_t(c.top_k), [&](int64_t i, uint32_t& bits) {
            bits = ordered(widen(logits[i]));
            return 1ull;
        });
        __syncthreads();
    }
    auto mass = [&](int64_t i, uint32_t& bits) -> unsigned long long {
        const float x = widen(logits[i]);
        bits = ordered(x);
        if (bits < least) return 0;
        return static_cast<unsigned long long>(expf(x * inverse - largest) * kUnit);
    };
    if (c.top_p < 1.0f) {
        __shared__ unsigned long long total;
        if (threadIdx.x == 0) total = 0;
        __syncthreads();
        unsigned long long sum = 0;
        uint32_t bits;
        for (int64_t i = threadIdx.x; i < c.vocab; i += kThreads) sum += mass(i, bits);
        atomicAdd(&total, sum);
        __syncthreads();
        const auto wanted = static_cast<uint64_t>(ceil(double(total) * double(c.top_p)));
        const uint32_t found = border(c.vocab, wanted > 0 ? wanted : 1, mass);
        __syncthreads();
        least = max(least, found);
    }
    const float lowest = c.min_p > 0 ? logf(c.min_p) : -INFINITY;
    Best drawn{0.0f, -1};
    for (int64_t i = threadIdx.x; i < c.vocab; i += kThreads) {
        const float x = widen(logits[i]), score = x * inverse - largest;
        if (ordered(x) < least || score < lowest || x == -INFINITY) continue;
        // log(p / e) = score - log(-log(u))
        const float key = score - logf(-logf(uniform_of(seed, step, uint64_t(i))));
        if (drawn.id < 0 || better(key, i, drawn)) drawn = {key, i};
    }
    drawn = block_best(drawn);
    if (threadIdx.x == 0) c.ids[b] = drawn.id < 0 ? best.id : drawn.id;
}

}  // namespace

cudaError_t sample(const Sampling& c, Element element, cudaStream_t stream) {
    if (c.batch <= 0 || c.vocab <= 0) return cudaSuccess;
    if (c.batch > INT32_MAX || c.vocab > INT32_MAX) return cudaErrorInvalidValue;
    return with_type(element, [&](auto type) {
        sample_kernel<decltype(type)><<<unsigned(c.batch), kThreads, 0, stream>>>(c);
        return cudaGetLastError();
    });
}

}  // namespace moonlet::ops::cuda
