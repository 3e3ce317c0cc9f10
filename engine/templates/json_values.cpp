// SPDX-License-Identifier: Apache-2.0
#include "templates/json_values.h"

#include <algorithm>
#include <cmath>

namespace moonlet {

bool json_integral(const Json& v) {
    return v.is_number_integer() ||
           (v.is_number_float() && std::floor(v.get<double>()) == v.get<double>());
}

std::string json_shown(const Json& v) {
    std::string text = dump_json(v, -1);
    if (text.size() <= 60) return text;
    size_t end = 60;
    while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end) + "…";
}

std::string listed(const std::vector<std::string>& words) {
    std::string out;
    for (size_t i = 0; i < words.size(); ++i)
        out += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
    return out;
}

int json_compare(const Json& a, const Json& b) {
    if (a.is_number_integer() && b.is_number_integer()) {
        if (a.is_number_unsigned() && b.is_number_unsigned()) {
            auto x = a.get<uint64_t>(), y = b.get<uint64_t>();
            return x < y ? -1 : x > y;
        }
        if (a.is_number_unsigned() && a.get<uint64_t>() > uint64_t(INT64_MAX)) return 1;
        if (b.is_number_unsigned() && b.get<uint64_t>() > uint64_t(INT64_MAX)) return -1;
        auto x = a.get<int64_t>(), y = b.get<int64_t>();
        return x < y ? -1 : x > y;
    }
    double x = a.get<double>(), y = b.get<double>();
    return x < y ? -1 : x > y;
}

const Json* json_member(const Json& object, const char* name) {
    auto it = object.find(name);
    return it == object.end() ? nullptr : &*it;
}

bool json_equal(const Json& a, const Json& b) {
    if (a.is_number() && b.is_number()) return json_compare(a, b) == 0;
    if (a.type() != b.type()) return false;
    if (a.is_array()) {
        return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), json_equal);
    }
    if (!a.is_object()) return a == b;
    if (a.size() != b.size()) return false;
    for (auto& [name, value] : a.items()) {
        auto it = b.find(name);
        if (it == b.end() || !json_equal(value, *it)) return false;
    }
    return true;
}

}  // namespace moonlet
