// SPDX-License-Identifier: Apache-2.0
// Rows of a table by id. Differentiable in the table; its gradient is dense and skips `padding_id`,
// as torch's Embedding(padding_idx) does.
#pragma once

#include <ATen/ATen.h>

namespace moonlet::ops {

// table [rows, width], ids int64 [..] -> [.., width]. `what` names the ids in the error that an id
// outside [0, rows) raises ("token id", "position"). CUDA ids are not looked at (that would stall
// the stream); LibTorch's own device assert catches them.
at::Tensor embedding(const at::Tensor& table, const at::Tensor& ids, const char* what = "token id",
                     int64_t padding_id = -1);

}  // namespace moonlet::ops
