// SPDX-License-Identifier: Apache-2.0
// Where the motions and text objects of vi lead in a text. Pure: a text, a place, a count.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace moonlet {

struct ViRange {
    std::size_t begin, end;  // bytes, end behind the last
    bool lines = false;      // whole lines
};

// f F t T with their character, for ; and ,
struct ViFind {
    char kind = 0;
    std::string target{};
};

struct ViMotion {
    std::size_t to;          // where the cursor goes
    bool inclusive = false;  // an operator takes the character at the farther end along
    bool lines = false;      // an operator takes whole lines
};

// One of h l 0 ^ $ w b e W B E G g(g) % space, j k within the text; nothing where it leads nowhere.
// `count` 0 = none was given.
std::optional<ViMotion> vi_motion(std::string_view text, std::size_t at, char key,
                                  std::size_t count);
std::optional<ViMotion> vi_find(std::string_view text, std::size_t at, const ViFind& find,
                                std::size_t count, bool again);

// "iw", "a(" …: `around` with the delimiters, or the blanks behind a word.
std::optional<ViRange> vi_object(std::string_view text, std::size_t at, bool around, char key);

std::size_t vi_line_start(std::string_view text, std::size_t at);
std::size_t vi_line_end(std::string_view text, std::size_t at);    // its \n or the text's end
std::size_t vi_first_word(std::string_view text, std::size_t at);  // of the line of `at`
// The place in command mode: on a character, not behind the last of its line.
std::size_t vi_on_character(std::string_view text, std::size_t at);

}  // namespace moonlet
