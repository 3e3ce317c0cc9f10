// SPDX-License-Identifier: Apache-2.0
// Where a model runs, and why, in words a person can act on.
#pragma once

#include <ATen/ATen.h>

#include <string>

namespace moonlet {

struct DeviceChoice {
    at::Device device = at::kCPU;
    std::string reason;  // "asked for", "CUDA is there", "no CUDA driver (libcuda.so.1)"
};

// "auto": the first CUDA device when it can be used, else the CPU. "cpu", "cuda", "cuda:N" are
// taken at their word. Error: CUDA asked for where it cannot be used (says why), no such device or
// name.
DeviceChoice choose_device(const std::string& wanted);

}  // namespace moonlet
