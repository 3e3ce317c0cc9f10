// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding (Su et al. 2021) in the half-split pairing of Llama, Qwen and NeoX:
// component i turns with component i + dim/2 by position * inv_freq[i]. Angles are computed in f32
// as transformers does, then rounded to the dtype of what they turn.
#pragma once

#include <ATen/ATen.h>

#include <utility>

namespace moonlet::ops {

struct RopeOptions {
    int64_t dim = 0;         // of a head, even
    double theta = 10000.0;  // the longest wave is about 2 pi theta positions
    enum Scaling { none, linear, llama3 } scaling = none;
    double factor = 1.0;           // linear and llama3: how many times longer the context became
    double low_freq_factor = 1.0;  // llama3: waves longer than original / low are slowed by factor,
    double high_freq_factor = 4.0;  // those shorter than original / high are kept, between: blended
    double original_max_positions = 8192;
};

class Rope {
  public:
    explicit Rope(const RopeOptions& options);
    // cos and sin, [B, 1, T, dim] in `dtype`, for positions int64 [B, T] on their device. Once a
    // forward call; all layers share them.
    std::pair<at::Tensor, at::Tensor> angles(const at::Tensor& positions,
                                             at::ScalarType dtype) const;
    const at::Tensor& inv_freq() const { return inv_freq_; }  // f32 [dim / 2], CPU

  private:
    at::Tensor inv_freq_;
};

// x [B, H, T, dim] turned by angles() of its positions. Differentiable.
at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin);

}  // namespace moonlet::ops
