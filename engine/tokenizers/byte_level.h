// SPDX-License-Identifier: Apache-2.0
// The byte-level alphabet of GPT-2: every byte is written as one printable character (the byte
// itself where it is printable Latin-1, else U+0100 and up in byte order). Source: Radford et al.,
// "Language Models are Unsupervised Multitask Learners", bytes_to_unicode.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizers/unicode.h"

namespace moonlet::byte_level {

// GPT-2's cutting into words (its encoder.py).
inline constexpr const char* kWords =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

char32_t character(unsigned char byte);
// The byte a character stands for, or -1.
int byte(char32_t c);
// The bytes `token` spells; nothing when a character is not of the alphabet.
std::optional<std::string> bytes(std::string_view token);
std::string written(std::string_view bytes);
// The rewriting of a text into the alphabet.
std::vector<unicode::Change> changes(std::string_view text);

}  // namespace moonlet::byte_level
