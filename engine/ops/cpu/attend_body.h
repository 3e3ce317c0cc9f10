// SPDX-License-Identifier: Apache-2.0
// The body of what attend.h declares, in whatever step_lanes.h stands for where it is included.

namespace {

using moonlet::KvPages;
using moonlet::cpu::AttendOptions;
using moonlet::cpu::AttendSpan;

constexpr int64_t kSpan = moonlet::cpu::kSpan;
constexpr int64_t kBlock = 16;  // positions that are read at a time

MOONLET_INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
MOONLET_INLINE int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

// One stored head of `width` numbers as f32, padded with zeros.
MOONLET_INLINE void unpack(const void* from, int type, float scale, int64_t width, int64_t padded,
                           float* to) {
    const int64_t whole = width / kLanes * kLanes;
    const float* f32 = (const float*)from;
    const uint16_t* half = (const uint16_t*)from;
    const int8_t* codes = (const int8_t*)from;
    const Lanes by = spread(scale);
    if (type == KvPages::f32)
        for (int64_t i = 0; i < whole; i += kLanes) store(to + i, load(f32 + i));
    else if (type == KvPages::bf16)
        for (int64_t i = 0; i < whole; i += kLanes) store(to + i, load_bf16(half + i));
    else if (type == KvPages::f16)
        for (int64_t i = 0; i < whole; i += kLanes) store(to + i, load_f16(half + i));
    else
        for (int64_t i = 0; i < whole; i += kLanes) store(to + i, load_int8(codes + i) * by);
    if (whole == padded) return;
    const int64_t rest = width - whole;
    float last[kLanes] = {};
    uint16_t last_half[kLanes] = {};
    int8_t last_codes[kLanes] = {};
    if (type == KvPages::f32) {
        for (int64_t i = 0; i < rest; ++i) last[i] = f32[whole + i];
        store(to + whole, load(last));
    } else if (type == KvPages::int8) {
        for (int64_t i = 0; i < rest; ++i) last_codes[i] = codes[whole + i];
        store(to + whole, load_int8(last_codes) * by);
    } else {
        for (int64_t i = 0; i < rest; ++i) last_half[i] = half[whole + i];
        store(to + whole, type == KvPages::bf16 ? load_bf16(last_half) : load_f16(last_half));
    }
}

// Positions [begin, end) of the span's head, one below the other.
MOONLET_INLINE void unpack_block(const AttendSpan& s, bool values, int64_t begin, int64_t end,
                                 int64_t padded, float* to) {
    const KvPages& pages = *s.pages;
    const KvPages::Row& row = pages.rows[size_t(s.row)];
    const int64_t bytes = pages.head_dim * (pages.type == KvPages::f32    ? 4
                                            : pages.type == KvPages::int8 ? 1
                                                                          : 2);
    int64_t page = begin / pages.page_size, place = begin % pages.page_size;
    for (int64_t at = begin; at < end; ++at, ++place, to += padded) {
        if (place == pages.page_size) ++page, place = 0;
        const int64_t index = s.head * pages.page_size + place;
        const char* base = (const char*)(values ? row.values : row.keys)[page];
        float scale = 1;
        if (pages.type == KvPages::int8)
            scale = (values ? row.value_scales : row.key_scales)[page][index];
        unpack(base + index * bytes, pages.type, scale, pages.head_dim, padded, to);
    }
}

// Scores of one query with the sixteen keys of a block.
MOONLET_INLINE Lanes scores_of(const float* q, const float* keys, int64_t padded) {
    __m256 partial[kBlock];
    for (int64_t k = 0; k < kBlock; k += 4) {
        const float* key = keys + k * padded;
        Lanes a = spread(0), b = a, c = a, d = a;
        for (int64_t i = 0; i < padded; i += kLanes) {
            const Lanes x = load(q + i);
            a = fused(x, load(key + i), a);
            b = fused(x, load(key + padded + i), b);
            c = fused(x, load(key + 2 * padded + i), c);
            d = fused(x, load(key + 3 * padded + i), d);
        }
        partial[k] = folded(a), partial[k + 1] = folded(b);
        partial[k + 2] = folded(c), partial[k + 3] = folded(d);
    }
    return join(sums_of(partial), sums_of(partial + 8));
}

// out += weights[k] * values[k] for k in [begin, end), in this order.
template <int kCount>
MOONLET_INLINE void weigh(const float* weights, const float* values, int64_t padded, int64_t begin,
                          int64_t end, float* out) {
    Lanes sums[kCount];
    for (int i = 0; i < kCount; ++i) sums[i] = load(out + i * kLanes);
    for (int64_t k = begin; k < end; ++k) {
        const Lanes w = spread(weights[k]);
        for (int i = 0; i < kCount; ++i)
            sums[i] = fused(w, load(values + k * padded + i * kLanes), sums[i]);
    }
    for (int i = 0; i < kCount; ++i) store(out + i * kLanes, sums[i]);
}

// Scores [0, count) become weights against the largest of them; those outside [from, to) nothing.
MOONLET_INLINE void soften(float* scores, int64_t count, int64_t from, int64_t to,
                           const AttendOptions& o, float& top, float& total) {
    const Lanes hidden = spread(-__builtin_inff());
    static const float counting[kLanes] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    Lanes peak = hidden;
    for (int64_t i = 0; i < count; i += kLanes) {
        Lanes x = load(scores + i) * spread(o.scale);
        if (o.softcap > 0) x = hyperbolic_tangent(x / spread(o.softcap)) * spread(o.softcap);
        const Lanes place = load(counting) + spread(float(i));
        x = where_less(place, spread(float(to)), x, hidden);
        x = where_less(place, spread(float(from)), hidden, x);
        store(scores + i, x);
        peak = larger(x, peak);
    }
    top = largest(peak);
    Lanes sums = spread(0);
    for (int64_t i = 0; i < count; i += kLanes) {
        const Lanes x = exponential(load(scores + i) - spread(top));
        store(scores + i, x);
        sums = sums + x;
    }
    total = sum(sums);
}

// Codes that times what is returned give x back.
float int8_body(const float* x, int64_t width, int8_t* codes) {
    Lanes peak = spread(0);
    for (int64_t i = 0; i < width; i += kLanes) {
        const int64_t count = least(kLanes, width - i);
        peak = larger(magnitude(count == kLanes ? load(x + i) : load_some(x + i, count)), peak);
    }
    const float scale = largest(peak) / 127, by = scale > 0 ? 1 / scale : 0;
    for (int64_t i = 0; i < width; i += kLanes) {
        const int64_t count = least(kLanes, width - i);
        Lanes a = count == kLanes ? load(x + i) : load_some(x + i, count);
        a = smaller(larger(nearest(a * spread(by)), spread(-127)), spread(127));
        float all[kLanes];
        store(all, a);
        for (int64_t k = 0; k < count; ++k) codes[i + k] = int8_t(all[k]);
    }
    return scale;
}

void span_body(const AttendSpan& s, const AttendOptions& o, float* scratch) {
    const KvPages& pages = *s.pages;
    const int64_t padded = moonlet::cpu::padded_head(pages.head_dim);
    const int64_t past = pages.rows[size_t(s.row)].length, queries = s.tokens * s.group;
    const int64_t start = s.span * kSpan;
    float* block = scratch;                     // [kBlock, padded]
    float* scores = scratch + kBlock * padded;  // [queries, kSpan]
    auto from = [&](int64_t t) {
        return o.window > 0 ? most(start, past + t + 1 - o.window) : start;
    };
    auto to = [&](int64_t t) { return least(start + kSpan, past + t + 1); };
    const int64_t begin = from(0) / kBlock * kBlock, end = to(s.tokens - 1);
    for (int64_t at = begin; at < end; at += kBlock) {
        unpack_block(s, false, at, least(at + kBlock, end), padded, block);
        for (int64_t t = 0; t < s.tokens; ++t) {
            if (to(t) <= at || from(t) >= at + kBlock) continue;
            for (int64_t g = 0; g < s.group; ++g)
                store(scores + (t * s.group + g) * kSpan + at - start,
                      scores_of(s.q + t * s.q_stride + g * padded, block, padded));
        }
    }
    for (int64_t i = 0; i < queries; ++i) {
        const int64_t t = i / s.group;
        float* part = s.parts + t * s.part_stride + i % s.group * s.part_step;
        for (int64_t d = 0; d < padded; d += kLanes) store(part + d, spread(0));
        part[padded] = -__builtin_inff();
        part[padded + 1] = 0;
        if (from(t) >= to(t)) continue;
        // Blocks that this query sees nothing of were not computed.
        const int64_t first = from(t) / kBlock * kBlock - start;
        const int64_t last = (to(t) - start + kBlock - 1) / kBlock * kBlock;
        soften(scores + i * kSpan + first, last - first, from(t) - start - first,
               to(t) - start - first, o, part[padded], part[padded + 1]);
    }
    for (int64_t at = begin; at < end; at += kBlock) {
        unpack_block(s, true, at, least(at + kBlock, end), padded, block);
        for (int64_t i = 0; i < queries; ++i) {
            const int64_t t = i / s.group;
            const int64_t low = most(at, from(t)) - at, high = least(at + kBlock, to(t)) - at;
            const float* weights = scores + i * kSpan + at - start;
            float* out = s.parts + t * s.part_stride + i % s.group * s.part_step;
            int64_t d = 0;
            for (; d + 4 * kLanes <= padded; d += 4 * kLanes)
                weigh<4>(weights, block + d, padded, low, high, out + d);
            for (; d < padded; d += kLanes)
                weigh<1>(weights, block + d, padded, low, high, out + d);
        }
    }
}

void join_body(float* parts, int64_t count, int64_t width, const float* sink, float* out) {
    const int64_t padded = moonlet::cpu::padded_head(width), step = padded + kLanes;
    float top = sink ? *sink : -__builtin_inff();
    for (int64_t i = 0; i < count; ++i)
        if (parts[i * step + padded] > top) top = parts[i * step + padded];
    auto weight = [&](float score) {
        float all[kLanes];
        store(all, exponential(spread(score - top)));
        return all[0];
    };
    float total = sink ? weight(*sink) : 0;
    for (int64_t i = 0; i < count; ++i) {
        float* part = parts + i * step + padded;  // the largest score, the sum of weights
        part[0] = weight(part[0]);
        total += part[0] * part[1];
    }
    const Lanes by = spread(1 / total);
    for (int64_t d = 0; d < padded; d += kLanes) {
        Lanes x = spread(0);
        for (int64_t i = 0; i < count; ++i)
            x = fused(spread(parts[i * step + padded]), load(parts + i * step + d), x);
        if (d + kLanes <= width) store(out + d, x * by);
        else store_some(out + d, x * by, width - d);
    }
}

// One head, into the type that it is stored in.
void pack_body(const float* x, int64_t width, int type, void* to, float* scale) {
    float* f32 = (float*)to;
    uint16_t* half = (uint16_t*)to;
    if (type == KvPages::int8) {
        *scale = int8_body(x, width, (int8_t*)to);
        return;
    }
    for (int64_t i = 0; i < width; i += kLanes) {
        const int64_t count = least(kLanes, width - i);
        const Lanes a = count == kLanes ? load(x + i) : load_some(x + i, count);
        if (type == KvPages::f32) {
            if (count == kLanes) store(f32 + i, a);
            else store_some(f32 + i, a, count);
        } else if (type == KvPages::bf16) {
            if (count == kLanes) store(half + i, a);
            else store_some(half + i, a, count);
        } else {
            uint16_t all[kLanes];
            _mm_storeu_si128((__m128i*)all, _mm256_cvtps_ph(low(a), _MM_FROUND_TO_NEAREST_INT));
            _mm_storeu_si128((__m128i*)(all + 8),
                             _mm256_cvtps_ph(high(a), _MM_FROUND_TO_NEAREST_INT));
            for (int64_t k = 0; k < count; ++k) half[i + k] = all[k];
        }
    }
}

}  // namespace
