// SPDX-License-Identifier: Apache-2.0
// Watches a stream of text for stop strings. It never gives out text that may still turn out to be
// the beginning of one, and its answer does not depend on how the stream was cut into pieces: the
// stop string that ends first wins, of two that end together the longer one. Knows bytes only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace moonlet {

class StopMatcher {
  public:
    // Error: an empty stop string (it would match everywhere).
    explicit StopMatcher(std::vector<std::string> stops);

    // Takes the next piece and returns what is certain now. Once stopped(), returns "".
    std::string push(std::string_view piece);
    // The stream has ended without a stop string: the text held back.
    std::string finish();

    bool stopped() const { return !matched_.empty(); }
    // The stop string found; its text and what follows it are never given out.
    const std::string& matched() const { return matched_; }

  private:
    std::vector<std::string> stops_;
    std::string held_;  // the longest end of the stream that a stop string may begin with
    std::string matched_;
};

}  // namespace moonlet
