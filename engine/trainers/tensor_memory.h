// SPDX-License-Identifier: Apache-2.0
// Memory of large tensors while a model trains. Every step asks for the same sizes again and again:
// what one tensor leaves is given to the next of about its size, so that the system need not clear
// pages for it (an eighth to a fifth of a step else). Kept is never more than brings the sum to the
// most that was ever in use at once, so that a peak is no higher for it. Tensors of less than 1 MB
// and other devices are LibTorch's own business.
#pragma once

#include <cstddef>

namespace moonlet {

// While one lives, freed blocks of large tensors are kept for the next one; with the last one they
// go back to the system. The first one puts the allocator in LibTorch's place, for the rest of the
// process; without a ReusingMemory it keeps nothing.
class ReusingMemory {
  public:
    ReusingMemory();
    ~ReusingMemory();
    ReusingMemory(const ReusingMemory&) = delete;

    // For a pause of unknown length: the system may take what is kept if it needs it, else it is
    // there at the next step.
    void rest();

    // Bytes mapped for tensors now, in use or kept, and the most that were in use since the first
    // one came to life.
    struct Bytes {
        size_t mapped, most;
    };
    static Bytes bytes();
};

}  // namespace moonlet
