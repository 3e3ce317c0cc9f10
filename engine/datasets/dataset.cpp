// SPDX-License-Identifier: Apache-2.0
// What every dataset has in common: its columns and its format, found once by looking at rows.
#include "datasets/dataset.h"

#include <algorithm>

#include "core/error.h"
#include "core/interrupt.h"
#include "datasets/columns.h"
#include "datasets/training_format.h"

namespace moonlet {

std::string value_type(const Json& value) {
    switch (value.type()) {
        case Json::value_t::null: return "null";
        case Json::value_t::boolean: return "boolean";
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned: return "integer";
        case Json::value_t::number_float: return "number";
        case Json::value_t::string: return "string";
        case Json::value_t::array: return "list";
        default: return "object";
    }
}

std::string joined_type(const std::string& a, const std::string& b) {
    if (a == b || b == "null") return a;
    if (a == "null") return b;
    auto number = [](const std::string& t) { return t == "integer" || t == "number"; };
    return number(a) && number(b) ? "number" : "mixed";
}

void ColumnCollector::add(const Json& row) {
    for (auto& [name, value] : row.items()) {
        auto [at, fresh] = places_.emplace(name, columns_.size());
        if (fresh) columns_.push_back({name, value_type(value)});
        else columns_[at->second].type = joined_type(columns_[at->second].type, value_type(value));
    }
}

Json as_row(Json value, const std::string& what) {
    if (value.is_object()) return value;
    if (value.is_string()) return Json{{"text", std::move(value)}};
    throw Error(what + " is " + quote(dump_json(value, -1), 40) + " (" + value_type(value) + ")",
                "an object, as {\"text\": …}, or a string");
}

std::vector<Column> Dataset::find_columns() {
    ColumnCollector collector;
    const bool all = small();
    for (size_t i = 0; (all || i < kHead) && has(i); ++i) {
        if (i % 256 == 0) interrupt::check();
        collector.add(row(i));
    }
    return collector.columns();
}

const std::vector<Column>& Dataset::columns() {
    if (!columns_) columns_ = find_columns();
    return *columns_;
}

const std::string& Dataset::format() {
    if (!format_) format_ = find_format();
    return *format_;
}

std::string Dataset::find_format() { return has(0) ? detect_format(row(0)) : ""; }

Key column_key(DatasetPtr base, const std::string& column) {
    check_column(*base, column);
    return [column](const Json& row, size_t) {
        auto it = row.find(column);
        return it == row.end() ? Json() : *it;
    };
}

void check_column(Dataset& data, const std::string& column) {
    std::vector<std::string> names;
    for (const Column& c : data.columns()) names.push_back(c.name);
    if (std::find(names.begin(), names.end(), column) != names.end()) return;
    std::string all, near = nearest_name(column, names);
    for (const std::string& n : names) all += (all.empty() ? "" : ", ") + n;
    throw Error("no column " + quote(column), "one of: " + all,
                near.empty() ? "" : "did you mean " + quote(near) + "?");
}

}  // namespace moonlet
