// SPDX-License-Identifier: Apache-2.0
// SHA-1 (FIPS 180-4), because git names a file by it: the 40 hexadecimal digits of a blob are the
// SHA-1 of "blob <bytes>\0" and the file's content. It tells a damaged file from a whole one; it is
// no protection against a forger.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace moonlet {

class Sha1 {
  public:
    void add(const void* data, size_t size);
    std::string hex();  // of all that was added; add nothing afterwards

  private:
    std::array<uint32_t, 5> state_ = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    std::array<unsigned char, 64> block_{};
    size_t filled_ = 0;
    uint64_t bytes_ = 0;
};

std::string sha1(std::string_view bytes);

}  // namespace moonlet
