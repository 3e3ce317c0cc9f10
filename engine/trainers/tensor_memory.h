// SPDX-License-Identifier: Apache-2.0
// Memory of large tensors while a step runs. Every step asks for the same sizes again and again:
// what one tensor leaves is given to the next of about its size, so that the system need not clear
// pages for it; beyond a limit, and at the step's end, it goes back. Tensors of less than 1 MB and
// other devices are LibTorch's own business.
#pragma once

#include <cstddef>

namespace moonlet {

// While it lives, freed blocks of large tensors are kept for the next one, up to `bytes`. The first
// one puts the allocator in LibTorch's place, for the rest of the process; without a ReusingMemory
// it keeps nothing. Not nested.
class ReusingMemory {
  public:
    explicit ReusingMemory(size_t bytes);
    ~ReusingMemory();
    ReusingMemory(const ReusingMemory&) = delete;
};

}  // namespace moonlet
