// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu/memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace moonlet::cpu {

void FreeMemory::operator()(void* p) const { std::free(p); }

Memory large_memory(size_t bytes) {
    constexpr size_t kLarge = size_t(2) << 20;
    const size_t step = bytes >= 2 * kLarge ? kLarge : 64;
    const size_t whole = (bytes + step - 1) / step * step;
    Memory memory(static_cast<uint8_t*>(std::aligned_alloc(step, whole ? whole : step)));
    if (!memory) throw std::bad_alloc();
    if (step == kLarge) madvise(memory.get(), whole, MADV_HUGEPAGE);  // refused: 4 KB do
    return memory;
}

}  // namespace moonlet::cpu
