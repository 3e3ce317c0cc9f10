// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu/attend.h"

#include <stddef.h>

#include "ops/cpu/step_isa.h"

namespace moonlet::cpu {

namespace {

constexpr int64_t kBlock = 16;  // positions that are read at a time

}  // namespace

int64_t attend_scratch(int64_t queries, int64_t width) {
    return kBlock * padded_head(width) + queries * kSpan;
}

void attend_span(const AttendSpan& span, const AttendOptions& options, float* scratch) {
    step_kernels().span(span, options, scratch);
}

void attend_join(float* parts, int64_t count, int64_t width, const float* sink, float* out) {
    step_kernels().join(parts, count, width, sink, out);
}

float store_int8(const float* x, int64_t width, int8_t* codes) {
    return step_kernels().int8(x, width, codes);
}

void store_position(const KvPages& pages, int64_t row, int64_t head, int64_t position,
                    const float* key, const float* value) {
    const KvPages::Row& r = pages.rows[size_t(row)];
    const int64_t page = position / pages.page_size, width = pages.head_dim;
    const int64_t index = head * pages.page_size + position % pages.page_size;
    const int64_t size = pages.type == KvPages::f32 ? 4 : pages.type == KvPages::int8 ? 1 : 2;
    float unused = 0;
    auto put = [&](const float* x, void* base, float* scales) {
        step_kernels().pack(x, width, pages.type, static_cast<char*>(base) + index * width * size,
                            pages.type == KvPages::int8 ? scales + index : &unused);
    };
    const bool scaled = pages.type == KvPages::int8;
    put(key, r.keys[page], scaled ? r.key_scales[page] : nullptr);
    put(value, r.values[page], scaled ? r.value_scales[page] : nullptr);
}

}  // namespace moonlet::cpu
