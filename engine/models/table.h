// SPDX-License-Identifier: Apache-2.0
// The table of tokens as a family's decoder reads it: a tensor, or rows that a quantised file keeps
// packed and that are unpacked as they are asked for. Only inference reads packed ones.
#pragma once

#include <ATen/ATen.h>

#include <memory>

namespace moonlet {

// Rows that are made when they are asked for.
class PackedRows {
  public:
    virtual ~PackedRows() = default;
    virtual void row(int64_t index, float* values) const = 0;
    virtual size_t bytes() const = 0;
};

class Table {
  public:
    Table() = default;
    // `tensor` [rows, width]; on the meta device where `packed` holds its numbers.
    Table(at::Tensor tensor, std::shared_ptr<const PackedRows> packed, at::Device device)
        : tensor_(std::move(tensor)), packed_(std::move(packed)), device_(device) {}

    // ids int64 [..] -> [.., width] in the tensor's dtype; `what` and `padding_id` as
    // ops::embedding. Error: an id outside the table.
    at::Tensor operator()(const at::Tensor& ids, const char* what = "token id",
                          int64_t padding_id = -1) const;
    const at::Tensor& tensor() const { return tensor_; }
    const std::shared_ptr<const PackedRows>& packed() const { return packed_; }
    at::Tensor dense() const;  // all rows, in the tensor's dtype

  private:
    at::Tensor tensor_;
    std::shared_ptr<const PackedRows> packed_;
    at::Device device_ = at::kCPU;
};

}  // namespace moonlet
