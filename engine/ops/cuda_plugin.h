// SPDX-License-Identifier: Apache-2.0
// The door between the engine, which links no CUDA, and libmoonlet_cuda.so, which holds the CUDA
// kernels and pulls LibTorch's CUDA half in. The plug-in fills a table of function pointers; an op
// asks the table and falls back to LibTorch's own kernels where it is empty. Tensors stand on one
// device; each function launches on its current stream, leaves its result in its last arguments,
// and answers false for a dtype or a shape that its kernel does not serve.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <string>

namespace moonlet::ops {

struct SampleFilters {
    double temperature = 0;  // 0: the likeliest
    int64_t top_k = 0;       // 0: all
    double top_p = 1, min_p = 0;
};

// Runs the same launches again and again. They read and write the same tensors every time: what
// changes between runs (ids, lengths, seeds) stands in device memory.
class CudaGraph {
  public:
    virtual ~CudaGraph() = default;
    // The first run calls `step`, the second captures it, and from then on the graph alone runs:
    // what `step` assigned at the second run is what holds the results.
    virtual void run(const std::function<void()>& step) = 0;
    virtual bool captured() const = 0;
};

// What each computes, to the rounding, is written down in its twin (cuda_twins.h) and the layouts
// in ops/cuda/<name>.h.
struct CudaKernels {
    // As ops::rms_norm, into y.
    bool (*rms_norm)(const at::Tensor& x, const at::Tensor& weight, double eps,
                     at::Tensor& y) = nullptr;
    bool (*add_rms_norm)(const at::Tensor& x, const at::Tensor& residual, const at::Tensor& weight,
                         double eps, at::Tensor& sum, at::Tensor& y) = nullptr;
    bool (*swiglu)(const at::Tensor& gate, const at::Tensor& up, at::Tensor& y) = nullptr;
    // In place: q turned, keys and values written.
    bool (*rope_store)(at::Tensor& q, const at::Tensor& k, const at::Tensor& v, at::Tensor& keys,
                       at::Tensor& values, const at::Tensor& inv_freq, const at::Tensor& lengths,
                       double magnitude) = nullptr;
    // codes int8 or, two in a byte, uint8; bias may be undefined.
    bool (*gemv)(const at::Tensor& x, const at::Tensor& codes, const at::Tensor& scales,
                 const at::Tensor& bias, at::Tensor& y) = nullptr;
    bool (*decode_attention)(const at::Tensor& q, const at::Tensor& keys, const at::Tensor& values,
                             const at::Tensor& lengths, double scale, int64_t window,
                             at::Tensor& out) = nullptr;
    bool (*sample)(const at::Tensor& logits, at::Tensor& state, const SampleFilters& filters,
                   at::Tensor& ids) = nullptr;
    CudaGraph* (*new_graph)() = nullptr;  // the caller's to delete
};

// Empty until the plug-in is open.
const CudaKernels& cuda_kernels();

// Opens libmoonlet_cuda.so, which stands beside this library, where there is a CUDA driver. Must
// run before the first ATen call of the process: LibTorch looks for its CUDA half only once. Safe
// to call again. True when CUDA can be used; cuda_status() says why or why not.
bool open_cuda_plugin();
const std::string& cuda_status();

}  // namespace moonlet::ops
