// SPDX-License-Identifier: Apache-2.0
#include "ops/embedding.h"

#include <algorithm>

#include "core/error.h"

namespace moonlet::ops {

at::Tensor embedding(const at::Tensor& table, const at::Tensor& ids, const char* what,
                     int64_t padding_id) {
    if (ids.is_cpu() && ids.numel() > 0) {
        const at::Tensor line = ids.contiguous();
        const int64_t* first = line.const_data_ptr<int64_t>();
        const auto [low, high] = std::minmax_element(first, first + line.numel());
        const int64_t smallest = *low, largest = *high;
        if (smallest < 0 || largest >= table.size(0))
            throw Error(std::string(what) + " " + std::to_string(smallest < 0 ? smallest : largest),
                        "0 to " + std::to_string(table.size(0) - 1));
    }
    return at::embedding(table, ids, padding_id);
}

}  // namespace moonlet::ops
