// SPDX-License-Identifier: Apache-2.0
// sort and group read every row once and keep its key.
#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "core/error.h"
#include "datasets/at_row.h"
#include "datasets/ticker.h"

namespace moonlet {

namespace {

// Numbers before strings before booleans before nulls.
int rank(const Json& key) {
    return key.is_number() ? 0 : key.is_string() ? 1 : key.is_boolean() ? 2 : 3;
}

bool less(const Json& a, const Json& b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    switch (rank(a)) {
        case 0: return a.get<double>() < b.get<double>();
        case 1: return a.get_ref<const std::string&>() < b.get_ref<const std::string&>();
        case 2: return a.get<bool>() < b.get<bool>();
        default: return false;
    }
}

std::vector<Json> all_keys(Dataset& base, const Key& key, const char* what) {
    std::vector<Json> keys;
    Ticker ticker(what, "rows");
    for (size_t i = 0; base.has(i); ++i) {
        ticker.turn(double(i), [&] { return base.estimated_size(); });
        Json row = base.row(i);
        keys.push_back(at_row(base, i, [&] { return key(row, i); }));
        if (keys.back().is_structured())
            throw Error(base.where(i) + ": the key is " + quote(dump_json(keys.back(), -1), 40),
                        "a number, a string, a boolean or nil");
    }
    if (keys.size() > UINT32_MAX)
        throw Error(std::to_string(keys.size()) + " rows", "fewer than 4,294,967,296");
    return keys;
}

}  // namespace

DatasetPtr sort(DatasetPtr base, Key key, bool descending) {
    std::vector<Json> keys = all_keys(*base, key, "sort");
    std::vector<uint32_t> order(keys.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
        if (keys[a].is_null() || keys[b].is_null()) return !keys[a].is_null() && keys[b].is_null();
        return descending ? less(keys[b], keys[a]) : less(keys[a], keys[b]);
    });
    return select_rows(std::move(base), std::move(order));
}

std::vector<std::pair<Json, DatasetPtr>> group(DatasetPtr base, Key key) {
    std::vector<Json> keys = all_keys(*base, key, "group");
    std::unordered_map<std::string, size_t> places;
    std::vector<std::pair<Json, std::vector<uint32_t>>> groups;
    for (size_t i = 0; i < keys.size(); ++i) {
        Json& value = keys[i];
        // 1 and 1.0 are one value, as they are in Lua
        std::string name =
            value.is_number() ? Json(value.get<double>()).dump() : dump_json(value, -1);
        auto [at, fresh] = places.emplace(name, groups.size());
        if (fresh) groups.push_back({value, {}});
        groups[at->second].second.push_back(uint32_t(i));
    }
    std::vector<std::pair<Json, DatasetPtr>> result;
    for (auto& [value, order] : groups)
        result.push_back({value, select_rows(base, std::move(order))});
    return result;
}

}  // namespace moonlet
