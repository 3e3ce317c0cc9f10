// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu/probe.h"

#include "ops/cpu/pool.h"

namespace moonlet::cpu {

int probed_threads() { return processors(); }

}  // namespace moonlet::cpu
