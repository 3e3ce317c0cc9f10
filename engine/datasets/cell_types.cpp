// SPDX-License-Identifier: Apache-2.0
#include "datasets/cell_types.h"

#include <charconv>
#include <cmath>

namespace moonlet {

namespace {

constexpr int64_t kExact = int64_t(1) << 53;

bool digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool is_integer(std::string_view text) {
    std::string_view digits = text.substr(!text.empty() && text[0] == '-');
    if (digits.empty() || (digits[0] == '0' && (digits.size() > 1 || text.size() > 1)))
        return false;
    for (char c : digits)
        if (!digit(c)) return false;
    int64_t value = 0;
    auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failed == std::errc() && value <= kExact && value >= -kExact;
}

bool is_number(std::string_view text) {
    std::string_view rest = text.substr(!text.empty() && text[0] == '-');
    if (rest.size() > 1 && rest[0] == '0' && digit(rest[1])) return false;  // 007
    if (rest.empty() || !(digit(rest[0]) || (rest[0] == '.' && rest.size() > 1 && digit(rest[1]))))
        return false;  // inf, nan, 0x… begin otherwise or end early
    double value = 0;
    auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size()) return false;
    // a long row of digits is a name, not a quantity: as a number it would lose its last ones
    return text.find_first_of(".eE") != std::string_view::npos || is_integer(text) || text == "-0";
}

bool is_boolean(std::string_view text) {
    return text == "true" || text == "false" || text == "True" || text == "False" ||
           text == "TRUE" || text == "FALSE";
}

bool is_missing_number(std::string_view text) {
    for (const char* word : {"NA", "N/A", "NaN", "nan", "null", "NULL", "None"})
        if (text == word) return true;
    return false;
}

void CellTypes::add(std::string_view text) {
    if (is_missing_number(text)) {
        boolean_ = false;
        return;
    }
    any_ = true;
    integer_ = integer_ && is_integer(text);
    number_ = number_ && (integer_ || is_number(text));
    boolean_ = boolean_ && is_boolean(text);
}

std::string CellTypes::type() const {
    if (!any_) return "string";
    return integer_ ? "integer" : number_ ? "number" : boolean_ ? "boolean" : "string";
}

bool read_cell(const std::string& text, const std::string& type, Json& value) {
    if (type == "string") {
        value = text;
    } else if (type != "boolean" && is_missing_number(text)) {
        value = nullptr;
    } else if (type == "integer") {
        if (!is_integer(text)) return false;
        int64_t number = 0;
        std::from_chars(text.data(), text.data() + text.size(), number);
        value = number;
    } else if (type == "number") {
        if (!is_number(text)) return false;
        double number = 0;
        std::from_chars(text.data(), text.data() + text.size(), number);
        value = number;
    } else {
        if (!is_boolean(text)) return false;
        value = text[0] == 't' || text[0] == 'T';
    }
    return true;
}

}  // namespace moonlet
