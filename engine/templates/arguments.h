// SPDX-License-Identifier: Apache-2.0
// Matches the arguments of a call to the parameters of a built-in function, as Python does, and
// checks their types. Error: too many, unknown, doubled or missing ones.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "templates/value.h"

namespace moonlet::jinja {

class Bound {
  public:
    // The first `required` parameters must be given.
    Bound(const char* function, std::initializer_list<const char*> parameters,
          const Arguments& args, const NamedArguments& kwargs, size_t required = 0);

    bool has(size_t i) const { return values_[i] != nullptr; }
    // Undefined where it was not given.
    const Value& operator[](size_t i) const;
    Value get(size_t i, Value fallback) const { return has(i) ? *values_[i] : fallback; }
    bool flag(size_t i, bool fallback) const { return has(i) ? values_[i]->truthy() : fallback; }
    int64_t integer(size_t i, int64_t fallback) const;            // Error: not an integer
    std::string text(size_t i, std::string fallback = "") const;  // Error: not a string
    const std::string* text_or_none(size_t i) const;              // null: absent or none
    const char* function() const { return function_; }

  private:
    const char* function_;
    std::vector<const char*> names_;
    std::vector<const Value*> values_;
};

}  // namespace moonlet::jinja
