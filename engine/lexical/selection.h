// SPDX-License-Identifier: Apache-2.0
// Which of n things may be found: one bit each, made by a filter before a search, so that k hits
// come back whenever k of the allowed ones exist. Bit i is bit i % 8 of byte i / 8, as FAISS reads
// it. Knows not what the things are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moonlet {

class Selection {
  public:
    explicit Selection(size_t size) : bits_((size + 7) / 8), size_(size) {}
    void allow(size_t i) {
        uint8_t mask = uint8_t(1u << (i % 8));
        count_ += !(bits_[i / 8] & mask);
        bits_[i / 8] |= mask;
    }
    bool allows(size_t i) const { return i < size_ && (bits_[i / 8] >> (i % 8) & 1); }
    size_t size() const { return size_; }
    size_t count() const { return count_; }
    const uint8_t* bits() const { return bits_.data(); }

  private:
    std::vector<uint8_t> bits_;
    size_t size_, count_ = 0;
};

}  // namespace moonlet
