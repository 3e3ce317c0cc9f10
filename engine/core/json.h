// SPDX-License-Identifier: Apache-2.0
// JSON as the generic value between layers: key order is kept, because chat templates and saved
// files show it. Reading never throws the library's own exceptions: they become Error with the
// file's name. Knows nothing of what the values mean.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace moonlet {

using Json = nlohmann::ordered_json;

// Parses `text`; `what` names it in the error ("tokenizer.json"). Error: where and why it is none.
Json parse_json(std::string_view text, const std::string& what);
// Reads and parses a file. Error when it is missing or not JSON.
Json read_json(const std::string& path);
// Serialises for a file: two-space indent, invalid UTF-8 replaced by U+FFFD, never throws.
std::string dump_json(const Json& value, int indent = 2);

}  // namespace moonlet
