// SPDX-License-Identifier: Apache-2.0
// Files of the shell's commands: names as people type them, read and written whole.
#pragma once

#include <string>
#include <vector>

namespace moonlet {

// "~/x" with the home in place of ~.
std::string expand_home(const std::string& path);

// Words of a command's argument; "a b" and 'a b' are one.
std::vector<std::string> argument_words(const std::string& argument);

// The file appears whole or not at all. "" when it was written, else what went wrong.
std::string write_whole(const std::string& path, const std::string& text, unsigned mode = 0666);

// false: *text is what went wrong.
bool read_whole(const std::string& path, std::string* text);

}  // namespace moonlet
