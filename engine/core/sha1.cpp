// SPDX-License-Identifier: Apache-2.0
#include "core/sha1.h"

#include <algorithm>
#include <cstring>

namespace moonlet {

namespace {

uint32_t rotl(uint32_t x, int n) { return (x << n) | (x >> (32 - n)); }

// FIPS 180-4, 6.1.2.
void compress(std::array<uint32_t, 5>& state, const unsigned char* block) {
    uint32_t w[80];
    for (int i = 0; i < 16; ++i)
        w[i] = uint32_t(block[4 * i]) << 24 | uint32_t(block[4 * i + 1]) << 16 |
               uint32_t(block[4 * i + 2]) << 8 | block[4 * i + 3];
    for (int i = 16; i < 80; ++i) w[i] = rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    auto [a, b, c, d, e] = state;
    for (int i = 0; i < 80; ++i) {
        uint32_t f, k;
        if (i < 20) f = (b & c) | (~b & d), k = 0x5a827999;
        else if (i < 40) f = b ^ c ^ d, k = 0x6ed9eba1;
        else if (i < 60) f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
        else f = b ^ c ^ d, k = 0xca62c1d6;
        uint32_t next = rotl(a, 5) + f + e + k + w[i];
        e = d;
        d = c;
        c = rotl(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

}  // namespace

void Sha1::add(const void* data, size_t size) {
    auto* at = static_cast<const unsigned char*>(data);
    bytes_ += size;
    while (size > 0) {
        if (filled_ == 0 && size >= 64) {
            compress(state_, at);
            at += 64;
            size -= 64;
            continue;
        }
        size_t part = std::min(size, 64 - filled_);
        std::memcpy(block_.data() + filled_, at, part);
        filled_ += part;
        at += part;
        size -= part;
        if (filled_ == 64) {
            compress(state_, block_.data());
            filled_ = 0;
        }
    }
}

std::string Sha1::hex() {
    const uint64_t bits = bytes_ * 8;
    const unsigned char one = 0x80, zero = 0;
    add(&one, 1);
    while (filled_ != 56) add(&zero, 1);
    unsigned char length[8];
    for (int i = 0; i < 8; ++i) length[i] = static_cast<unsigned char>(bits >> (56 - 8 * i));
    add(length, 8);
    std::string text;
    for (uint32_t word : state_)
        for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[word >> shift & 15];
    return text;
}

std::string sha1(std::string_view bytes) {
    Sha1 hash;
    hash.add(bytes.data(), bytes.size());
    return hash.hex();
}

}  // namespace moonlet
