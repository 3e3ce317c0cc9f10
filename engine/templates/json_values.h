// SPDX-License-Identifier: Apache-2.0
// JSON values as JSON Schema compares and names them. Knows no schema.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace moonlet {

// Equal as JSON values: 1 is 1.0, false is not 0, the order of an object's members does not matter.
bool json_equal(const Json& a, const Json& b);
// Of two numbers: below 0, 0 or above 0, without losing a 64-bit integer's last digits.
int json_compare(const Json& a, const Json& b);
// A whole number; 1.0 is one.
bool json_integral(const Json& value);
// As text on one line, cut to 60 bytes at a character's border.
std::string json_shown(const Json& value);
// "a", "a or b", "a, b or c".
std::string listed(const std::vector<std::string>& words);
// The member of an object, nullptr when it has none of this name.
const Json* json_member(const Json& object, const char* name);

}  // namespace moonlet
