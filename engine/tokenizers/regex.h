// SPDX-License-Identifier: Apache-2.0
// Regular expressions of tokenizer.json, which are written for Oniguruma (Ruby syntax): translated
// once to PCRE2 and compiled there. Same matches, character for character, on the patterns that
// tokenizers use. Thread-safe. Knows nothing of pieces.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moonlet {

using Ranges = std::vector<std::pair<size_t, size_t>>;  // byte ranges, ascending, apart

class Regex {
  public:
    // Error: not a valid pattern, or one that uses what is not supported (nested classes, &&).
    explicit Regex(const std::string& pattern);
    ~Regex();
    // All matches from left to right, appended to `out`. `text` is valid UTF-8.
    // Error: the pattern backtracks beyond PCRE2's limit.
    void find_all(std::string_view text, Ranges& out) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// The PCRE2 pattern (for UTF, UCP and MULTILINE) of an Oniguruma one; see regex_syntax.cpp.
std::string to_pcre2(const std::string& pattern);

}  // namespace moonlet
