// SPDX-License-Identifier: Apache-2.0
// The chunked loss is a node of its own in the graph. Its forward pass takes each chunk forth and
// back at once: logits, their gradient by a kernel of ours, and LibTorch carries that through
// whatever the head is (plain, quantised, with an adapter). What is left for the backward pass is a
// product with the number that comes in. So logits are computed once, and one chunk's exist at a
// time.
#include "ops/cross_entropy.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/functions/accumulate_grad.h>

#include <algorithm>
#include <unordered_set>

#include "core/error.h"
#include "ops/cross_entropy_kernel.h"
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

// What a chunk says: its summed loss, f32, and, asked for, the gradient of its logits in their
// type.
struct ChunkLoss {
    at::Tensor sum, gradient;
};

template <class T>
void by_kernel(const at::Tensor& logits, const at::Tensor& targets, const at::Tensor& losses,
               const at::Tensor& gradient) {
    const int64_t vocab = logits.size(1);
    const T* from = static_cast<const T*>(logits.const_data_ptr());
    const int64_t* wanted = targets.const_data_ptr<int64_t>();
    float* loss = losses.data_ptr<float>();
    T* to = gradient.defined() ? static_cast<T*>(gradient.data_ptr()) : nullptr;
    at::parallel_for(0, logits.size(0), 1, [&](int64_t begin, int64_t end) {
        loss_rows(from + begin * vocab, wanted + begin, loss + begin,
                  to ? to + begin * vocab : nullptr, end - begin, vocab);
    });
}

ChunkLoss chunk_loss(const at::Tensor& given, const at::Tensor& targets, bool with_gradient) {
    at::NoGradGuard no_grad;
    const at::ScalarType type = given.scalar_type();
    if (given.is_cpu() && (type == at::kFloat || type == at::kBFloat16)) {
        at::Tensor logits = given.contiguous(), gradient;
        at::Tensor losses = at::empty({logits.size(0)}, logits.options().dtype(at::kFloat));
        if (with_gradient) gradient = at::empty_like(logits);
        const at::Tensor wanted = targets.contiguous();
        if (type == at::kFloat) by_kernel<float>(logits, wanted, losses, gradient);
        else by_kernel<uint16_t>(logits, wanted, losses, gradient);
        return {losses.sum(), gradient};
    }
    at::Tensor logp = at::log_softmax(given.to(at::kFloat), 1);
    at::Tensor sum = -logp.gather(1, targets.unsqueeze(1)).sum();
    if (!with_gradient) return {sum, {}};
    logp.exp_().scatter_add_(1, targets.unsqueeze(1),
                             at::full({targets.size(0), 1}, -1.0, logp.options()));
    return {sum, logp.to(type)};
}

// The parameters that a result was computed with and that ask for a gradient.
std::vector<at::Tensor> leaves_of(const at::Tensor& result) {
    std::vector<at::Tensor> leaves;
    std::vector<torch::autograd::Node*> open = {result.grad_fn().get()};
    std::unordered_set<torch::autograd::Node*> seen = {nullptr};
    while (!open.empty()) {
        torch::autograd::Node* node = open.back();
        open.pop_back();
        if (!seen.insert(node).second) continue;
        if (auto* leaf = dynamic_cast<torch::autograd::AccumulateGrad*>(node))
            leaves.push_back(leaf->variable);
        for (const torch::autograd::Edge& edge : node->next_edges())
            open.push_back(edge.function.get());
    }
    return leaves;
}

// What the forward pass found out for the backward pass: gradients of the summed loss.
struct Found : torch::CustomClassHolder {
    at::Tensor rows;                  // of the hidden states
    std::vector<at::Tensor> leaves;   // the head's parameters that train
    std::vector<at::Tensor> of_leaf;  // theirs
    bool used = false;
};

// The head's parameters that train, and room for their gradients' sums.
void add_gradients(Found& found, const std::vector<at::Tensor>& leaves,
                   const std::vector<at::Tensor>& gradients) {
    for (size_t i = 0; i < leaves.size(); ++i) {
        const at::Tensor& gradient = gradients[i + 1];
        if (!gradient.defined()) continue;
        size_t at = 0;
        while (at < found.leaves.size() && !found.leaves[at].is_same(leaves[i])) ++at;
        if (at == found.leaves.size()) {
            found.leaves.push_back(leaves[i]);
            found.of_leaf.push_back(gradient);
        } else {
            found.of_leaf[at].add_(gradient);
        }
    }
}

struct ChunkedLoss : torch::autograd::Function<ChunkedLoss> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& rows,
                              const at::Tensor& targets, const Head& head, int64_t chunk) {
        auto found = c10::make_intrusive<Found>();
        found->rows = at::empty_like(rows, at::MemoryFormat::Contiguous);
        at::Tensor sum = at::zeros({}, rows.options().dtype(at::kFloat));
        for (int64_t at = 0; at < rows.size(0); at += chunk) {
            const int64_t n = std::min(chunk, rows.size(0) - at);
            at::Tensor part = rows.detach().narrow(0, at, n);
            part.requires_grad_(true);
            at::Tensor logits;
            {
                at::AutoGradMode recording(true);
                logits = head(part);
            }
            const ChunkLoss loss = chunk_loss(logits.detach(), targets.narrow(0, at, n), true);
            sum += loss.sum;
            std::vector<at::Tensor> inputs = leaves_of(logits);
            std::erase_if(inputs, [&](const at::Tensor& leaf) { return leaf.is_same(part); });
            const std::vector<at::Tensor> leaves = inputs;
            inputs.insert(inputs.begin(), part);
            const auto gradients =
                torch::autograd::grad({logits}, inputs, {loss.gradient}, {}, false, true);
            found->rows.narrow(0, at, n).copy_(gradients[0]);
            add_gradients(*found, leaves, gradients);
        }
        context->saved_data["found"] = c10::IValue::make_capsule(
            c10::intrusive_ptr<torch::CustomClassHolder>(std::move(found)));
        return sum;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        auto found =
            c10::static_intrusive_pointer_cast<Found>(context->saved_data["found"].toCapsule());
        if (std::exchange(found->used, true))
            throw Error("a second backward pass through one loss", "one, or a loss of its own");
        const at::Tensor& by = gradients[0];
        at::NoGradGuard no_grad;
        for (size_t i = 0; i < found->leaves.size(); ++i) {
            at::Tensor gradient = found->of_leaf[i].mul_(by);
            at::Tensor& sum = found->leaves[i].mutable_grad();
            if (sum.defined()) sum.add_(gradient);
            else sum = gradient;
        }
        found->leaves.clear();
        found->of_leaf.clear();
        return {std::move(found->rows).mul_(by), {}, {}, {}};
    }
};

}  // namespace

CrossEntropy cross_entropy(const at::Tensor& hidden, const Head& head, const at::Tensor& targets,
                           int64_t chunk_rows) {
    Counted c = counted(hidden, targets);
    int64_t vocab = vocabulary(c.rows, head), rows = c.rows.size(0);
    check_targets(c.targets, vocab);
    int64_t chunk = chunk_size(chunk_rows, rows, vocab);
    if (!at::GradMode::is_enabled()) {
        at::Tensor sum = at::zeros({}, c.rows.options().dtype(at::kFloat));
        for (int64_t at = 0; at < rows; at += chunk) {
            const int64_t n = std::min(chunk, rows - at);
            sum += chunk_loss(head(c.rows.narrow(0, at, n)), c.targets.narrow(0, at, n), false).sum;
        }
        return {sum, rows};
    }
    // Frozen states under a trainable head leave the node nothing to hang on: a view that asks for
    // a gradient (then thrown away) makes the backward pass come here all the same.
    if (!c.rows.requires_grad()) {
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
