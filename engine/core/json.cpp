// SPDX-License-Identifier: Apache-2.0
// Reading and writing JSON through nlohmann/json, whose exceptions become our Error here and nowhere
// else. Its recursive parser is guarded by a depth check, so that "[[[[…" is an error, not a crash.
#include "core/json.h"

#include "core/error.h"
#include "core/files.h"

namespace moonlet {

namespace {

constexpr int kMaxDepth = 500;

// Deepest nesting outside strings; the parser itself checks everything else.
int nesting(std::string_view text) {
    int depth = 0, deepest = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            else if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            deepest = std::max(deepest, ++depth);
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    return deepest;
}

// "[json.exception.parse_error.101] parse error at line 1, column 5: …" -> the part people need.
std::string reason(const std::string& what) {
    size_t at = what.find("] ");
    return at == std::string::npos ? what : what.substr(at + 2);
}

}  // namespace

Json parse_json(std::string_view text, const std::string& what) {
    if (nesting(text) > kMaxDepth)
        throw Error(what + " is nested deeper than " + std::to_string(kMaxDepth) + " levels",
                    "ordinary JSON");
    try {
        return Json::parse(text.begin(), text.end());
    } catch (const nlohmann::json::exception& e) {
        throw Error(what + " is not JSON: " + reason(e.what()) +
                    " (it begins with " + quote(text, 40) + ")");
    }
}

Json read_json(const std::string& path) { return parse_json(read_file(path), path); }

std::string dump_json(const Json& value, int indent) {
    return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace moonlet
