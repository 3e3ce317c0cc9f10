// SPDX-License-Identifier: Apache-2.0
// @path engine/@room@/@name@.h
// What a @Name@ is, what it holds and what it refuses to know. Thread-safety, ownership, errors.
#pragma once

#include <cstddef>
#include <string>

namespace moonlet {

class @Name@ {
  public:
    // Error: an empty text.
    explicit @Name@(std::string text);
    const std::string& text() const { return text_; }
    // Native memory it keeps alive; Lua's collector is told.
    size_t bytes() const { return text_.size(); }

  private:
    std::string text_;
};

}  // namespace moonlet
