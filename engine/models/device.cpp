// SPDX-License-Identifier: Apache-2.0
#include "models/device.h"

#include <ATen/Context.h>

#include "core/error.h"
#include "ops/cpu/isa.h"
#include "ops/cuda_plugin.h"

namespace moonlet {

DeviceChoice choose_device(const std::string& wanted) {
    cpu::limit_onednn();  // every model comes by here, before oneDNN's first product
    if (wanted == "cpu") return {at::kCPU, "asked for"};
    const bool named = wanted == "cuda" || wanted.rfind("cuda:", 0) == 0;
    if (!named && wanted != "auto")
        throw Error("device " + quote(wanted), R"("auto", "cpu", "cuda" or "cuda:N")");
    bool usable = ops::open_cuda_plugin() && at::hasCUDA();
    if (!usable) {
        if (!named) return {at::kCPU, ops::cuda_status()};
        throw Error("device " + quote(wanted) + " cannot be used: " + ops::cuda_status(), "",
                    "take device = \"cpu\"");
    }
    if (!named) return {at::Device(at::kCUDA, 0), "CUDA is there"};
    int index = 0;
    if (wanted.size() > 4) {
        std::string digits = wanted.substr(5);
        if (digits.empty() || digits.size() > 3 ||
            digits.find_first_not_of("0123456789") != std::string::npos)
            throw Error("device " + quote(wanted), R"("cuda:N" with a number)");
        index = std::stoi(digits);
    }
    int count = int(at::getNumGPUs());
    if (index >= count)
        throw Error("device " + quote(wanted), "cuda:0 to cuda:" + std::to_string(count - 1));
    return {at::Device(at::kCUDA, c10::DeviceIndex(index)), "asked for"};
}

}  // namespace moonlet
