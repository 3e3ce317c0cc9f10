// SPDX-License-Identifier: Apache-2.0
#include "ops/observer.h"

namespace moonlet::ops {

namespace {

thread_local Observer* listening = nullptr;

}  // namespace

Observer* Observer::current() { return listening; }

Observing::Observing(Observer& observer) : before_(listening) { listening = &observer; }
Observing::~Observing() { listening = before_; }

}  // namespace moonlet::ops
