// SPDX-License-Identifier: Apache-2.0
// Listening to a forward call from outside: what attention looks at, what each block is given,
// where a router sends its tokens. The ops notify whoever listens on this thread; no family knows
// of it. Nothing is computed for a listener that it does not ask for, and without one nothing is
// done.
#pragma once

#include <ATen/ATen.h>

#include <functional>

namespace moonlet::ops {

class Observer {
  public:
    virtual ~Observer() = default;
    // Once per layer, in order: its attention. probabilities() is [B, H, T, S], each row's sum 1
    // (less, where a sink takes its share), in the compute dtype; made when asked for.
    virtual void attention(const std::function<at::Tensor()>&) {}
    // Once per block, in order: what it is given, [B, T, hidden_size].
    virtual void block(const at::Tensor&) {}
    // Once per routed layer, in order: the experts of each token, int64 [tokens, k], the most
    // wanted first, and their weights [tokens, k]; tokens row by row of the batch.
    virtual void route(const at::Tensor&, const at::Tensor&) {}

    // Who listens on this thread, nullptr: nobody.
    static Observer* current();
};

// Lets `observer` listen on this thread while it lives.
class Observing {
  public:
    explicit Observing(Observer& observer);
    ~Observing();
    Observing(const Observing&) = delete;
    Observing& operator=(const Observing&) = delete;

  private:
    Observer* before_;
};

}  // namespace moonlet::ops
