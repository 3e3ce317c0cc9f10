// SPDX-License-Identifier: Apache-2.0
// Options as data: one row per option stands beside the struct it fills; from it come the check,
// the default, `?name`, completion and the stubs. A table is flat; types are "boolean", "integer",
// "number", "string", "table", "function", "any", "T[]", `"a"|"b"` (one of) and unions with `|`.
// Knows no Lua: bindings turn a Lua table into Json first (functions and objects are left out).
#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace moonlet {

struct OptionRow {
    const char* name;
    const char* type;
    const char* default_value;  // as one would write it in Lua; "" = no default (absent)
    const char* doc;
};

using OptionTable = std::vector<OptionRow>;

// Throws Error for a name in `given` that no row has (with the nearest legal name, its type and its
// default) and for a value whose type does not fit. `where` names the function ("m:generate").
void check_options(const Json& given, const OptionTable& rows, const std::string& where);

// Reads one option into `out` if it is present and not null.
template <class T>
void read_option(const Json& options, const char* name, T& out) {
    auto it = options.find(name);
    if (it != options.end() && !it->is_null()) out = it->template get<T>();
}

}  // namespace moonlet
