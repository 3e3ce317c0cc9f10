// SPDX-License-Identifier: Apache-2.0
#include "models/table.h"

#include <vector>

#include "core/error.h"
#include "ops/embedding.h"

namespace moonlet {

at::Tensor Table::operator()(const at::Tensor& ids, const char* what, int64_t padding_id) const {
    if (!packed_) return ops::embedding(tensor_, ids, what, padding_id);
    const at::Tensor flat = ids.to(at::kCPU).reshape({-1}).contiguous();
    const int64_t width = tensor_.size(1), *id = flat.const_data_ptr<int64_t>();
    at::Tensor rows = at::empty({flat.numel(), width}, at::kFloat);
    for (int64_t i = 0; i < flat.numel(); ++i) {
        if (id[i] < 0 || id[i] >= tensor_.size(0))
            throw Error(std::string(what) + " " + std::to_string(id[i]),
                        "0 to " + std::to_string(tensor_.size(0) - 1));
        packed_->row(id[i], rows.data_ptr<float>() + i * width);
    }
    std::vector<int64_t> shape = ids.sizes().vec();
    shape.push_back(width);
    return rows.to(device_, tensor_.scalar_type()).view(shape);
}

at::Tensor Table::dense() const {
    return packed_ ? (*this)(at::arange(tensor_.size(0), at::kLong)) : tensor_;
}

}  // namespace moonlet
