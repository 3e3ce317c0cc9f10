// SPDX-License-Identifier: Apache-2.0
#include "tokenizers/byte_level.h"

#include <array>

namespace moonlet::byte_level {

namespace {

struct Alphabet {
    std::array<char32_t, 256> of_byte;
    std::array<int, 0x180> of_character;
    Alphabet() {
        of_character.fill(-1);
        char32_t extra = 0x100;
        for (int b = 0; b < 256; ++b) {
            bool itself = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
            char32_t c = itself ? static_cast<char32_t>(b) : extra++;
            of_byte[static_cast<size_t>(b)] = c;
            of_character[c] = b;
        }
    }
};

const Alphabet& alphabet() {
    static const Alphabet a;
    return a;
}

}  // namespace

char32_t character(unsigned char byte) { return alphabet().of_byte[byte]; }

int byte(char32_t c) {
    return c < alphabet().of_character.size() ? alphabet().of_character[c] : -1;
}

std::optional<std::string> bytes(std::string_view token) {
    std::string out;
    for (size_t i = 0; i < token.size();) {
        int b = byte(unicode::next(token, i));
        if (b < 0) return std::nullopt;
        out += static_cast<char>(b);
    }
    return out;
}

std::string written(std::string_view bytes) {
    std::string out;
    for (char b : bytes) unicode::append(out, character(static_cast<unsigned char>(b)));
    return out;
}

std::vector<unicode::Change> changes(std::string_view text) {
    std::vector<unicode::Change> out;
    out.reserve(text.size());
    for (char b : text) {
        auto u = static_cast<unsigned char>(b);
        out.push_back({character(u), (u & 0xC0) == 0x80 ? 1 : 0});
    }
    return out;
}

}  // namespace moonlet::byte_level
