// SPDX-License-Identifier: Apache-2.0
// Where keys and values lie for native code that attends to them in place. Owns nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moonlet {

// One layer's stored keys and values in pages, row by row, for native code that attends to them
// where they lie. A page holds [heads, page_size, head_dim] of keys and as much of values.
struct KvPages {
    enum Type { f32, bf16, f16, int8 } type = f32;
    int64_t page_size = 0, heads = 0, head_dim = 0;
    struct Row {
        void* const* keys = nullptr;  // a pointer per page, in order
        void* const* values = nullptr;
        // int8: what the stored numbers are multiplied by, [heads, page_size] per page.
        float* const* key_scales = nullptr;
        float* const* value_scales = nullptr;
        int64_t length = 0;  // positions before this call; behind them there is room for its own
    };
    std::vector<Row> rows;  // one per row of the batch
};

}  // namespace moonlet
