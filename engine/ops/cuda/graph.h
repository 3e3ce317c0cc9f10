// SPDX-License-Identifier: Apache-2.0
// A row of launches, such as the step that decodes one token, as one CUDA graph: launching hundreds
// of small kernels costs more than they run.
#pragma once

#include "ops/cuda_plugin.h"

namespace moonlet::ops::cuda {

CudaGraph* new_graph();

}  // namespace moonlet::ops::cuda
