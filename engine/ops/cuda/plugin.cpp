// SPDX-License-Identifier: Apache-2.0
// libmoonlet_cuda.so: tensors in, kernels launched on the current stream. Linking it brings
// LibTorch's CUDA half in; the engine opens it only where a driver is (ops/cuda_plugin.h). It links
// nothing of moonlet, so it can be opened before or after the engine. Every function answers false
// for what its kernel does not serve, and the caller takes another way.
#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <initializer_list>

#include "ops/cuda/attention.h"
#include "ops/cuda/gemv.h"
#include "ops/cuda/graph.h"
#include "ops/cuda/rms_norm.h"
#include "ops/cuda/rope_store.h"
#include "ops/cuda/sampling.h"
#include "ops/cuda/swiglu.h"
#include "ops/cuda_plugin.h"

namespace {

using at::Tensor;
using moonlet::ops::cuda::Element;
namespace cuda = moonlet::ops::cuda;

bool element_of(at::ScalarType type, Element& element) {
    switch (type) {
        case at::kFloat: element = Element::f32; return true;
        case at::kBFloat16: element = Element::bf16; return true;
        case at::kHalf: element = Element::f16; return true;
        default: return false;
    }
}

// All of one element type, on one device; the kernel's type is left in `element`.
bool alike(std::initializer_list<const Tensor*> tensors, Element& element) {
    const Tensor& first = **tensors.begin();
    for (const Tensor* t : tensors)
        if (!t->is_cuda() || t->device() != first.device() ||
            t->scalar_type() != first.scalar_type())
            return false;
    return element_of(first.scalar_type(), element);
}

// What a kernel writes to must be laid out as it believes.
bool contiguous(std::initializer_list<const Tensor*> tensors) {
    for (const Tensor* t : tensors)
        if (!t->is_contiguous()) return false;
    return true;
}

bool on_device(const Tensor& t, at::ScalarType type, const Tensor& like) {
    return t.is_cuda() && t.device() == like.device() && t.scalar_type() == type &&
           t.is_contiguous();
}

cudaStream_t stream() { return c10::cuda::getCurrentCUDAStream(); }

bool rms_norm(const Tensor& x, const Tensor& weight, double eps, Tensor& y) {
    Element element;
    if (!alike({&x, &weight}, element) || x.size(-1) == 0) return false;
    const c10::cuda::CUDAGuard device(x.device());
    Tensor from = x.contiguous(), scale = weight.contiguous();
    y = at::empty_like(from, at::MemoryFormat::Contiguous);
    return cuda::rms_norm(from.const_data_ptr(), scale.const_data_ptr(), y.data_ptr(),
                          from.numel() / from.size(-1), from.size(-1), float(eps), element,
                          stream()) == cudaSuccess;
}

bool add_rms_norm(const Tensor& x, const Tensor& residual, const Tensor& weight, double eps,
                  Tensor& sum, Tensor& y) {
    Element element;
    if (!alike({&x, &residual, &weight}, element) || x.size(-1) == 0 ||
        x.sizes() != residual.sizes())
        return false;
    const c10::cuda::CUDAGuard device(x.device());
    Tensor from = x.contiguous(), other = residual.contiguous(), scale = weight.contiguous();
    sum = at::empty_like(from, at::MemoryFormat::Contiguous);
    y = at::empty_like(sum);
    return cuda::add_rms_norm(from.const_data_ptr(), other.const_data_ptr(), scale.const_data_ptr(),
                              sum.data_ptr(), y.data_ptr(), from.numel() / from.size(-1),
                              from.size(-1), float(eps), element, stream()) == cudaSuccess;
}

bool swiglu(const Tensor& gate, const Tensor& up, Tensor& y) {
    Element element;
    if (!alike({&gate, &up}, element) || gate.sizes() != up.sizes()) return false;
    const c10::cuda::CUDAGuard device(gate.device());
    Tensor a = gate.contiguous(), b = up.contiguous();
    y = at::empty_like(a, at::MemoryFormat::Contiguous);
    return cuda::swiglu(a.const_data_ptr(), b.const_data_ptr(), y.data_ptr(), a.numel(), element,
                        stream()) == cudaSuccess;
}

bool rope_store(Tensor& q, const Tensor& k, const Tensor& v, Tensor& keys, Tensor& values,
                const Tensor& inv_freq, const Tensor& lengths, double magnitude) {
    Element element;
    if (!alike({&q, &k, &v, &keys, &values}, element) || !contiguous({&q, &keys, &values}) ||
        q.dim() != 4 || k.dim() != 4 || keys.dim() != 4 || k.sizes() != v.sizes() ||
        keys.sizes() != values.sizes() || q.size(0) != keys.size(0) || k.size(2) != keys.size(1) ||
        q.size(3) != keys.size(3) || k.size(1) != q.size(1) ||
        !on_device(inv_freq, at::kFloat, q) || !on_device(lengths, at::kInt, q) ||
        lengths.numel() != q.size(0))
        return false;
    const c10::cuda::CUDAGuard device(q.device());
    Tensor new_keys = k.contiguous(), new_values = v.contiguous();
    return cuda::rope_store(
               {q.data_ptr(), new_keys.const_data_ptr(), new_values.const_data_ptr(),
                keys.data_ptr(), values.data_ptr(), inv_freq.const_data_ptr<float>(),
                lengths.const_data_ptr<int32_t>(), q.size(0), q.size(1), q.size(2), k.size(2),
                q.size(3), 2 * inv_freq.numel(), keys.size(2), float(magnitude)},
               element, stream()) == cudaSuccess;
}

bool gemv(const Tensor& x, const Tensor& codes, const Tensor& scales, const Tensor& bias,
          Tensor& y) {
    Element element;
    const bool bytes = codes.scalar_type() == at::kChar;
    if (!alike({&x}, element) || (bias.defined() && !alike({&x, &bias}, element)) ||
        !on_device(codes, bytes ? at::kChar : at::kByte, x) || !on_device(scales, at::kHalf, x) ||
        codes.dim() != 2 || scales.dim() != 2 || scales.size(0) != codes.size(0) ||
        scales.size(1) == 0 || x.size(-1) != codes.size(1) * (bytes ? 1 : 2))
        return false;
    const c10::cuda::CUDAGuard device(x.device());
    Tensor from = x.contiguous(), offset = bias.defined() ? bias.contiguous() : Tensor();
    const int64_t k = x.size(-1), n = codes.size(0), m = from.numel() / k;
    const int bits = bytes ? 8 : 4;
    auto shape = from.sizes().vec();
    shape.back() = n;
    y = at::empty(shape, from.options());
    Tensor workspace =
        at::empty({cuda::gemv_workspace(m, n, k, bits)}, from.options().dtype(at::kFloat));
    return cuda::gemv({from.const_data_ptr(), codes.const_data_ptr(), scales.const_data_ptr(),
                       offset.defined() ? offset.const_data_ptr() : nullptr, y.data_ptr(),
                       workspace.data_ptr<float>(), m, n, k, k / scales.size(1), bits},
                      element, stream()) == cudaSuccess;
}

bool decode_attention(const Tensor& q, const Tensor& keys, const Tensor& values,
                      const Tensor& lengths, double scale, int64_t window, Tensor& out) {
    Element element;
    if (!alike({&q, &keys, &values}, element) || !contiguous({&keys, &values}) || q.dim() != 3 ||
        keys.dim() != 4 || keys.sizes() != values.sizes() || q.size(0) != keys.size(0) ||
        q.size(2) != keys.size(3) || !on_device(lengths, at::kInt, q) ||
        lengths.numel() != q.size(0))
        return false;
    const c10::cuda::CUDAGuard device(q.device());
    Tensor queries = q.contiguous();
    out = at::empty_like(queries, at::MemoryFormat::Contiguous);
    const int64_t capacity = keys.size(2);
    Tensor workspace =
        at::empty({cuda::decode_workspace(q.size(0), q.size(1), q.size(2), capacity)},
                  q.options().dtype(at::kFloat));
    return cuda::decode_attention(
               {queries.const_data_ptr(), keys.const_data_ptr(), values.const_data_ptr(),
                out.data_ptr(), lengths.const_data_ptr<int32_t>(), workspace.data_ptr<float>(),
                q.size(0), q.size(1), keys.size(1), q.size(2), capacity, window, float(scale)},
               element, stream()) == cudaSuccess;
}

bool sample(const Tensor& logits, Tensor& state, const moonlet::ops::SampleFilters& filters,
            Tensor& ids) {
    Element element;
    if (!alike({&logits}, element) || logits.dim() != 2 || logits.size(1) == 0 ||
        !on_device(state, at::kLong, logits) || state.numel() != 2 * logits.size(0))
        return false;
    const c10::cuda::CUDAGuard device(logits.device());
    Tensor rows = logits.contiguous();
    ids = at::empty({logits.size(0)}, state.options());
    return cuda::sample(
               {rows.const_data_ptr(), reinterpret_cast<uint64_t*>(state.data_ptr<int64_t>()),
                ids.data_ptr<int64_t>(), logits.size(0), logits.size(1), float(filters.temperature),
                filters.top_k, float(filters.top_p), float(filters.min_p)},
               element, stream()) == cudaSuccess;
}

}  // namespace

// Fills the table, or returns why CUDA cannot be used.
extern "C" const char* moonlet_cuda_fill(moonlet::ops::CudaKernels* kernels) {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) return "no CUDA device";
    *kernels = {rms_norm, add_rms_norm,     swiglu, rope_store,
                gemv,     decode_attention, sample, cuda::new_graph};
    return nullptr;
}
