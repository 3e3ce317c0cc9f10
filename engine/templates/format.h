// SPDX-License-Identifier: Apache-2.0
// Python's ways to turn values into text: repr of floats and strings, "%" formatting, str.format
// with its format specifications, and json.dumps. Formats follow the Python 3 language reference
// (string module, "Format Specification Mini-Language"; "printf-style String Formatting").
#pragma once

#include <string>
#include <string_view>

#include "templates/value.h"

namespace moonlet::jinja {

std::string repr_double(double d);            // shortest that reads back: 1.0, 1e+16, nan
std::string repr_string(std::string_view s);  // quoted, escaped

// format % args; args is a tuple of values, a dict for %(name)s, or one value.
std::string percent_format(const std::string& format, const Value& args);
// pprint.pformat(value): dicts sorted by key, lines of at most 80 characters where that goes.
std::string pretty_repr(const Value& value);
// format.format(*args, **kwargs)
std::string brace_format(const std::string& format, const Arguments& args,
                         const NamedArguments& kwargs);
// format(value, spec), such as ">8" or ",.2f"
std::string format_value(const Value& value, const std::string& spec);

struct JsonStyle {
    bool ascii = false;
    bool sort_keys = false;
    bool indented = false;
    std::string indent;  // one level's
    std::string item_separator = ", ";
    std::string key_separator = ": ";
};
// json.dumps(value): Error for what JSON has not.
std::string json_dumps(const Value& value, const JsonStyle& style);

// value.name as Jinja2 reads it: the attribute, else the item. Unsafe and absent give undefined.
Value get_attribute(const Value& value, const std::string& name);
// value[key]: the item, else the attribute.
Value get_item(const Value& value, const Value& key);

}  // namespace moonlet::jinja
