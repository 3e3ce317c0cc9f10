// SPDX-License-Identifier: Apache-2.0
// Memory for what kernels read from end to end: on large pages where the system gives them, which
// spare the walk through the page tables that every 4 KB cost otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace moonlet::cpu {

struct FreeMemory {
    void operator()(void* p) const;
};
using Memory = std::unique_ptr<uint8_t, FreeMemory>;

// `bytes` bytes, not set to anything, aligned to 64. Error: std::bad_alloc.
Memory large_memory(size_t bytes);

}  // namespace moonlet::cpu
