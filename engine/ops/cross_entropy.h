// SPDX-License-Identifier: Apache-2.0
// The loss of next-token prediction from hidden states, without ever holding logits for all tokens:
// rows that do not count are dropped first, the rest go through the head in chunks, whose gradients
// are taken at once instead of keeping the logits. Log-probabilities in f32.
#pragma once

#include <ATen/ATen.h>

#include <functional>

namespace moonlet::ops {

constexpr int64_t kIgnore = -100;  // a target that does not count, as everywhere in the field

struct CrossEntropy {
    at::Tensor sum;     // f32 scalar, natural logarithm, over the counted rows; differentiable
    int64_t count = 0;  // rows whose target is not kIgnore
};

// hidden [.., width], head: [rows, width] -> [rows, vocab], targets int64 [..] (row i speaks of the
// same row of hidden: the caller shifts). chunk_rows 0: as many rows as make 64 MB of f32 logits.
// With recording on, the gradients are computed with the loss: under NoGradGuard it costs a third.
// Gradients of the parameters inside `head` are accumulated into their .grad by the backward pass,
// so use backward(), not autograd::grad, and once. Error: another number of targets than rows, a
// target outside the vocabulary.
CrossEntropy cross_entropy(const at::Tensor& hidden,
                           const std::function<at::Tensor(const at::Tensor&)>& head,
                           const at::Tensor& targets, int64_t chunk_rows = 0);

// The plain twin: all logits at once.
CrossEntropy cross_entropy_plain(const at::Tensor& hidden,
                                 const std::function<at::Tensor(const at::Tensor&)>& head,
                                 const at::Tensor& targets);

// log p(target) of each row, f32 of targets' shape, 0 where it is kIgnore; chunked the same way and
// not differentiable: for evaluation and reference models.
at::Tensor token_logprobs(const at::Tensor& hidden,
                          const std::function<at::Tensor(const at::Tensor&)>& head,
                          const at::Tensor& targets, int64_t chunk_rows = 0);

}  // namespace moonlet::ops
