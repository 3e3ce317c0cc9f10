// SPDX-License-Identifier: Apache-2.0
// The chunked loss is a node of its own in the graph: forward keeps only the hidden states,
// backward runs each chunk again with recording on and lets LibTorch carry its gradient through
// whatever the head is (plain, quantised, with an adapter). One chunk's logits exist at a time in
// either direction.
#include "ops/cross_entropy.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "core/error.h"
#include "ops/grad.h"

namespace moonlet::ops {

namespace {

using Head = std::function<at::Tensor(const at::Tensor&)>;

constexpr int64_t kChunkElements = 1 << 24;  // 64 MB of f32 logits

at::Tensor loss_sum(const at::Tensor& rows, const Head& head, const at::Tensor& targets) {
    return at::cross_entropy_loss(head(rows).to(at::kFloat), targets, {}, at::Reduction::Sum,
                                  kIgnore);
}

// The rows that count, and their targets.
struct Counted {
    at::Tensor rows, targets, keep;  // keep: indices among all rows; undefined: all of them
};

Counted counted(const at::Tensor& hidden, const at::Tensor& targets) {
    at::Tensor rows = hidden.reshape({-1, hidden.size(-1)}), flat = targets.reshape({-1});
    if (rows.size(0) != flat.size(0))
        throw Error(std::to_string(flat.size(0)) + " targets for " + std::to_string(rows.size(0)) +
                        " rows of hidden states",
                    "as many");
    at::Tensor keep = at::nonzero(flat != kIgnore).squeeze(1);
    if (keep.size(0) == flat.size(0)) return {rows, flat, {}};
    return {rows.index_select(0, keep), flat.index_select(0, keep), keep};
}

// The vocabulary, asked with no rows at all, so that it costs nothing whatever the head is.
int64_t vocabulary(const at::Tensor& rows, const Head& head) {
    at::NoGradGuard no_grad;
    return head(rows.narrow(0, 0, 0)).size(-1);
}

int64_t chunk_size(int64_t chunk_rows, int64_t rows, int64_t vocab) {
    if (chunk_rows <= 0)
        chunk_rows = std::max<int64_t>(1, kChunkElements / std::max<int64_t>(1, vocab));
    return std::min(chunk_rows, std::max<int64_t>(1, rows));
}

void check_targets(const at::Tensor& targets, int64_t vocab) {
    if (targets.numel() == 0 || !targets.is_cpu()) return;
    auto [low, high] = at::aminmax(targets);
    if (low.item<int64_t>() < 0 || high.item<int64_t>() >= vocab)
        throw Error(
            "target " + std::to_string(low.item<int64_t>() < 0 ? low.item<int64_t>()
                                                               : high.item<int64_t>()),
            "0 to " + std::to_string(vocab - 1) + ", or -100 for a row that does not count");
}

struct HeldHead : torch::CustomClassHolder {
    explicit HeldHead(Head h) : head(std::move(h)) {}
    Head head;
};

struct ChunkedLoss : torch::autograd::Function<ChunkedLoss> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& rows,
                              const at::Tensor& targets, const Head& head, int64_t chunk) {
        context->save_for_backward({rows, targets});
        context->saved_data["chunk"] = chunk;
        context->saved_data["head"] = c10::IValue::make_capsule(
            c10::intrusive_ptr<torch::CustomClassHolder>(c10::make_intrusive<HeldHead>(head)));
        at::NoGradGuard no_grad;
        at::Tensor sum = at::zeros({}, rows.options().dtype(at::kFloat));
        for (int64_t at = 0; at < rows.size(0); at += chunk) {
            int64_t n = std::min(chunk, rows.size(0) - at);
            sum += loss_sum(rows.narrow(0, at, n), head, targets.narrow(0, at, n));
        }
        return sum;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        auto saved = context->get_saved_variables();
        const at::Tensor &rows = saved[0], &targets = saved[1];
        int64_t chunk = context->saved_data["chunk"].toInt();
        auto held =
            c10::static_intrusive_pointer_cast<HeldHead>(context->saved_data["head"].toCapsule());
        at::Tensor grad = at::empty_like(rows, at::MemoryFormat::Contiguous);
        at::AutoGradMode recording(true);
        for (int64_t at = 0; at < rows.size(0); at += chunk) {
            int64_t n = std::min(chunk, rows.size(0) - at);
            at::Tensor part = rows.detach().narrow(0, at, n);
            part.requires_grad_(true);
            loss_sum(part, held->head, targets.narrow(0, at, n)).backward(gradients[0]);
            at::NoGradGuard no_grad;
            grad.narrow(0, at, n).copy_(part.grad());
        }
        return {grad, {}, {}, {}};
    }
};

}  // namespace

CrossEntropy cross_entropy(const at::Tensor& hidden, const Head& head, const at::Tensor& targets,
                           int64_t chunk_rows) {
    Counted c = counted(hidden, targets);
    int64_t vocab = vocabulary(c.rows, head), rows = c.rows.size(0);
    check_targets(c.targets, vocab);
    int64_t chunk = chunk_size(chunk_rows, rows, vocab);
    if (rows <= chunk) return {loss_sum(c.rows, head, c.targets), rows};
    // Frozen states under a trainable head leave the node nothing to hang on: a view that asks for
    // a gradient (then thrown away) makes the backward pass come here all the same.
    if (at::GradMode::is_enabled() && !c.rows.requires_grad()) {
        c.rows = c.rows.detach();
        c.rows.requires_grad_(true);
    }
    return {ChunkedLoss::apply(c.rows, c.targets, head, chunk), rows};
}

CrossEntropy cross_entropy_plain(const at::Tensor& hidden, const Head& head,
                                 const at::Tensor& targets) {
    at::Tensor rows = hidden.reshape({-1, hidden.size(-1)}), flat = targets.reshape({-1});
    return {loss_sum(rows, head, flat), (flat != kIgnore).sum().item<int64_t>()};
}

at::Tensor token_logprobs(const at::Tensor& hidden, const Head& head, const at::Tensor& targets,
                          int64_t chunk_rows) {
    at::NoGradGuard no_grad;
    Counted c = counted(hidden, targets);
    int64_t vocab = vocabulary(c.rows, head), rows = c.rows.size(0);
    check_targets(c.targets, vocab);
    int64_t chunk = chunk_size(chunk_rows, rows, vocab);
    at::Tensor found = at::empty({rows}, hidden.options().dtype(at::kFloat));
    for (int64_t at = 0; at < rows; at += chunk) {
        int64_t n = std::min(chunk, rows - at);
        at::Tensor logits = head(c.rows.narrow(0, at, n)).to(at::kFloat);
        at::Tensor picked = logits.gather(1, c.targets.narrow(0, at, n).unsqueeze(1)).squeeze(1);
        found.narrow(0, at, n).copy_(picked - at::logsumexp(logits, {1}));
    }
    if (!c.keep.defined()) return found.reshape(targets.sizes());
    return at::zeros({targets.numel()}, found.options())
        .index_copy_(0, c.keep, found)
        .reshape(targets.sizes());
}

}  // namespace moonlet::ops
