// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding (Su et al. 2021) in the half-split pairing of Llama, Qwen and NeoX:
// component i turns with component i + dim/2 by position * inv_freq[i]. Angles are computed in f32
// as transformers does, then rounded to the dtype of what they turn. Scalings are those of
// transformers' modeling_rope_utils, to the order of their operations.
#pragma once

#include <ATen/ATen.h>

#include <vector>

namespace moonlet::ops {

struct RopeOptions {
    int64_t dim = 0;         // components of a head that turn, its first ones; even
    int64_t divisor = 0;     // inv_freq[i] = theta^(-2i / divisor); 0: dim
    double theta = 10000.0;  // the longest wave is about 2 pi theta positions
    enum Scaling { none, linear, dynamic, yarn, longrope, llama3 } scaling = none;
    double factor = 1.0;                   // how many times longer the context became
    double original_max_positions = 8192;  // the context before
    double attention_factor = 1.0;         // cos and sin are multiplied by it (yarn, longrope)
    double low_freq_factor = 1.0;  // llama3: waves longer than original / low are slowed by factor,
    double high_freq_factor = 4.0;  // those shorter than original / high are kept, between: blended
    double beta_fast = 32, beta_slow = 1;  // yarn: components that turn more than beta_fast times
                                           // in the original context are kept, below beta_slow
                                           // slowed, between: blended
    bool truncate = true;                  // yarn: the blend begins and ends at whole components
    std::vector<double> short_factor = {},
                        long_factor = {};  // longrope: [dim / 2], for texts up to the
                                           // original context and for longer ones
};

// What turns the heads of a forward call: cos and sin, [B or 1, 1, T, dim]; undefined: nothing
// turns.
struct Angles {
    at::Tensor cos, sin;
};

class Rope {
  public:
    // Error: an odd dim, factors of another number than dim / 2.
    explicit Rope(const RopeOptions& options);
    // Angles in `dtype` for positions int64 [B, T] on their device. Once a forward call; all layers
    // share them. On the CPU they are read from a table that is kept, where no length matters.
    // lengths, int64 and broadcastable to [B, T]: how long the text is that a position belongs to;
    // only asked for when by_length().
    Angles angles(const at::Tensor& positions, at::ScalarType dtype,
                  const at::Tensor& lengths = {}) const;
    // Whether the angles of a text depend on its length, from the first position on.
    bool by_length() const;
    // Texts of one regime have the same angles.
    int64_t regime(int64_t length) const;
    const at::Tensor& inv_freq() const { return inv_freq_; }  // f32 [dim / 2], CPU; of short texts

  private:
    at::Tensor scaled_by_length(const at::Tensor& lengths) const;
    Angles computed(const at::Tensor& positions, at::ScalarType dtype,
                    const at::Tensor& lengths) const;
    // Of the positions from 0 on, [n, dim], at least `count` of them.
    const Angles& table(int64_t count, at::ScalarType dtype) const;

    RopeOptions options_;
    at::Tensor inv_freq_, long_inv_freq_;
    mutable std::vector<Angles> tables_;  // one per dtype asked for; they grow
};

// x [B, H, T, D >= dim] with its first dim components turned by angles of its positions; in f32
// where the angles are, then rounded. Differentiable.
at::Tensor rotate(const at::Tensor& x, const Angles& angles);

}  // namespace moonlet::ops
