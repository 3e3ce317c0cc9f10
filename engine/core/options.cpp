// SPDX-License-Identifier: Apache-2.0
// The check that every options table goes through. A number with an integral value is an integer,
// because Lua has one number type.
#include "core/options.h"

#include <cmath>
#include <string_view>

#include "core/error.h"

namespace moonlet {

namespace {

bool integral(const Json& v) {
    return v.is_number_integer() ||
           (v.is_number_float() && std::floor(v.get<double>()) == v.get<double>());
}

bool fits(const Json& value, std::string_view type) {
    // A union fits if one side does; bars inside quotes do not occur in option values.
    if (size_t bar = type.find('|'); bar != std::string_view::npos)
        return fits(value, type.substr(0, bar)) || fits(value, type.substr(bar + 1));
    if (type.size() > 2 && type.substr(type.size() - 2) == "[]") {
        if (!value.is_array())
            return value.is_object() && value.empty();  // {} is an empty array too
        for (const Json& item : value)
            if (!fits(item, type.substr(0, type.size() - 2))) return false;
        return true;
    }
    if (type.size() > 1 && type.front() == '"') {
        return value.is_string() && value.get<std::string>() == type.substr(1, type.size() - 2);
    }
    if (type == "boolean") return value.is_boolean();
    if (type == "integer") return integral(value);
    if (type == "number") return value.is_number();
    if (type == "string") return value.is_string();
    if (type == "table") return value.is_structured();
    return true;  // "any", "function" and object types are checked where they are used
}

std::string shown(const OptionRow& row) {
    std::string text = std::string(row.name) + ": " + row.type;
    return *row.default_value ? text + " = " + row.default_value : text;
}

}  // namespace

void check_options(const Json& given, const OptionTable& rows, const std::string& where) {
    if (given.is_null()) return;
    if (given.is_array() && !given.empty())
        throw Error(where + ": options are a list", "names and values, as {max_tokens = 20}");
    for (auto& [name, value] : given.items()) {
        const OptionRow* found = nullptr;
        for (const OptionRow& row : rows)
            if (name == row.name) found = &row;
        if (!found) {
            std::vector<std::string> names;
            for (const OptionRow& row : rows) names.push_back(row.name);
            std::string near = nearest_name(name, names), all;
            for (const OptionRow& row : rows) {
                if (row.name == near)
                    throw Error(where + ": unknown option " + quote(name) + "; did you mean " +
                                shown(row) + "?");
                all += (all.empty() ? "" : ", ") + std::string(row.name);
            }
            throw Error(where + ": unknown option " + quote(name), "one of: " + all);
        }
        if (value.is_null() || fits(value, found->type)) continue;
        throw Error(where + ": option " + name + " is " + quote(dump_json(value, -1), 40) + " (" +
                        value.type_name() + ")",
                    shown(*found));
    }
}

}  // namespace moonlet
