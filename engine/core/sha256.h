// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4), for telling whether a file is still the one it was; `sha256sum` and model
// hubs give the same 64 hexadecimal digits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace moonlet {

class Sha256 {
  public:
    void add(const void* data, size_t size);
    std::string hex();  // of all that was added; add nothing afterwards

  private:
    std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<unsigned char, 64> block_{};
    size_t filled_ = 0;
    uint64_t bytes_ = 0;
};

std::string sha256(std::string_view bytes);
// Of a file, reporting progress and interruptible (throws Interrupted). Error: as read_file.
std::string sha256_file(const std::string& path);

}  // namespace moonlet
