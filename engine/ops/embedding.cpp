// SPDX-License-Identifier: Apache-2.0
#include "ops/embedding.h"

#include "core/error.h"

namespace moonlet::ops {

at::Tensor embedding(const at::Tensor& table, const at::Tensor& ids, const char* what,
                     int64_t padding_id) {
    if (ids.is_cpu() && ids.numel() > 0) {
        auto [low, high] = at::aminmax(ids);
        int64_t smallest = low.item<int64_t>(), largest = high.item<int64_t>();
        if (smallest < 0 || largest >= table.size(0))
            throw Error(std::string(what) + " " + std::to_string(smallest < 0 ? smallest : largest),
                        "0 to " + std::to_string(table.size(0) - 1));
    }
    return at::embedding(table, ids, padding_id);
}

}  // namespace moonlet::ops
