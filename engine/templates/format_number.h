// SPDX-License-Identifier: Apache-2.0
// One number or text laid out to Python's format specification. Shared by "%" and str.format.
#pragma once

#include <string>
#include <string_view>

#include "templates/value.h"

namespace moonlet::jinja {

struct FormatSpec {
    std::string fill = " ";
    char align = 0;                 // '<' '>' '=' '^', 0 = the type's own
    char sign = '-';                // '+', '-', ' '
    bool signed_ = false;           // the sign was given
    bool no_negative_zero = false;  // "z"
    bool alternate = false;
    char group = 0;     // ',' or '_'
    int64_t width = 0;  // characters
    int precision = -1;
    char type = 0;  // 's' 'd' 'f' …, 0 = the value's own
};

// Error: not a specification.
FormatSpec parse_format_spec(const std::string& spec);
std::string format_integer(int64_t value, const FormatSpec& spec);
std::string format_real(double value, const FormatSpec& spec);
std::string format_text(std::string_view value, const FormatSpec& spec);

}  // namespace moonlet::jinja
