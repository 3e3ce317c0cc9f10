// SPDX-License-Identifier: Apache-2.0
// Joins the three parts of an error and finds near names. Edit distance is Damerau's restricted
// one: a swapped pair counts once, because that is how people mistype.
#include "core/error.h"

#include <algorithm>

namespace moonlet {

namespace {

std::string join(const std::string& given, const std::string& wanted, const std::string& todo) {
    std::string text = given;
    if (!wanted.empty()) text += (text.empty() ? "" : "; wanted ") + wanted;
    if (!todo.empty()) text += (text.empty() ? "" : "; ") + todo;
    return text;
}

size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> two(b.size() + 1), one(b.size() + 1), now(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) one[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        now[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            size_t same = a[i - 1] == b[j - 1] ? 0 : 1;
            now[j] = std::min({one[j] + 1, now[j - 1] + 1, one[j - 1] + same});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = std::min(now[j], two[j - 2] + 1);
        }
        std::swap(two, one);
        std::swap(one, now);
    }
    return one[b.size()];
}

}  // namespace

Error::Error(const std::string& given, const std::string& wanted, const std::string& todo)
    : std::runtime_error(join(given, wanted, todo)) {}

std::string nearest_name(std::string_view name, const std::vector<std::string>& legal) {
    std::string best;
    size_t best_distance = std::max<size_t>(2, name.size() / 3) + 1;
    for (const std::string& candidate : legal) {
        size_t distance = edit_distance(name, candidate);
        // "max_new_tokens" means "max_tokens", "temp" means "temperature".
        bool contains = name.size() > 2 && (candidate.find(name) == 0 || name.find(candidate) == 0);
        if (contains) distance = std::min<size_t>(distance, 2);
        if (distance < best_distance && distance < std::max(name.size(), candidate.size())) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

std::string quote(std::string_view bytes, size_t limit) {
    size_t end = std::min(bytes.size(), limit);
    while (end > 0 && end < bytes.size() && (static_cast<unsigned char>(bytes[end]) & 0xC0) == 0x80)
        --end;
    std::string text = "\"";
    for (unsigned char c : bytes.substr(0, end)) {
        static const char* hex = "0123456789abcdef";
        if (c == '\n') text += "\\n";
        else if (c == '\t') text += "\\t";
        else if (c == '"' || c == '\\') (text += '\\') += static_cast<char>(c);
        else if (c < 0x20 || c == 0x7F) ((text += "\\x") += hex[c >> 4]) += hex[c & 15];
        else text += static_cast<char>(c);
    }
    return text + (end < bytes.size() ? "…\"" : "\"");
}

}  // namespace moonlet
