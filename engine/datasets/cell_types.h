// SPDX-License-Identifier: Apache-2.0
// What the text of a cell can be read as. An integer is one that a Lua number holds exactly and
// that is written back as it stood: no leading zeros, no plus sign (007 and +82 are names of
// things); a number is a decimal, with an exponent or without; a boolean is true or false in lower,
// upper or title case. Everything else is a string. NA, NaN, null and None among numbers are nulls,
// since there they can mean nothing else; among strings they are strings.
#pragma once

#include <string>
#include <string_view>

#include "core/json.h"

namespace moonlet {

bool is_integer(std::string_view text);
bool is_number(std::string_view text);
bool is_boolean(std::string_view text);
bool is_missing_number(std::string_view text);

// The narrowest type that all cells added fit: integer, number, boolean, string.
class CellTypes {
  public:
    void add(std::string_view text);
    std::string type() const;

  private:
    bool any_ = false, integer_ = true, number_ = true, boolean_ = true;
};

// Reads a cell as a type into `value`; false when it is none.
bool read_cell(const std::string& text, const std::string& type, Json& value);

}  // namespace moonlet
