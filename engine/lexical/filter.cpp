// SPDX-License-Identifier: Apache-2.0
// Checked once, as a whole, when it is compiled; rows are then tested without a way to fail.
#include "lexical/filter.h"

#include <vector>

#include "core/error.h"

namespace moonlet {

namespace {

using Test = std::function<bool(const Json& value)>;  // null: the column is not there
using RowTest = std::function<bool(const Json& row)>;

const Json& column_of(const Json& row, const std::string& name) {
    static const Json none;
    if (!row.is_object()) return none;
    if (auto it = row.find(name); it != row.end()) return *it;
    size_t dot = name.find('.');
    if (dot == std::string::npos) return none;
    auto it = row.find(name.substr(0, dot));
    return it == row.end() ? none : column_of(*it, name.substr(dot + 1));
}

bool equal(const Json& value, const Json& wanted) {
    if (value.is_number() && wanted.is_number()) return value.get<double>() == wanted.get<double>();
    if (value.is_array() && !wanted.is_array()) {
        for (const Json& entry : value)
            if (equal(entry, wanted)) return true;
        return false;
    }
    return value == wanted;
}

// -1, 0, 1; 2 where the two have no order.
int compare(const Json& a, const Json& b) {
    if (a.is_number() && b.is_number()) {
        double x = a.get<double>(), y = b.get<double>();
        return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
    }
    if (!a.is_string() || !b.is_string()) return 2;
    int order = a.get_ref<const std::string&>().compare(b.get_ref<const std::string&>());
    return order < 0 ? -1 : order > 0;
}

bool contains(const Json& value, const Json& wanted) {
    if (!value.is_string() || !wanted.is_string()) return value.is_array() && equal(value, wanted);
    return value.get_ref<const std::string&>().find(wanted.get_ref<const std::string&>()) !=
           std::string::npos;
}

Test one_of(const Json& list) {
    return [list](const Json& value) {
        for (const Json& wanted : list)
            if (!value.is_null() && equal(value, wanted)) return true;
        return false;
    };
}

Test operation(const std::string& column, const std::string& name, const Json& wanted) {
    const std::string given =
        "filter: " + quote(column) + ": " + name + " = " + quote(wanted.dump());
    if (name == "exists") {
        if (!wanted.is_boolean()) throw Error(given, "true or false");
        return [there = wanted.get<bool>()](const Json& v) { return v.is_null() != there; };
    }
    if (name == "eq") return [wanted](const Json& v) { return !v.is_null() && equal(v, wanted); };
    if (name == "ne") return [wanted](const Json& v) { return v.is_null() || !equal(v, wanted); };
    if (name == "contains") return [wanted](const Json& v) { return contains(v, wanted); };
    if (name == "among" || name == "in") {
        if (!wanted.is_array()) throw Error(given, "a list of values");
        return one_of(wanted);
    }
    static const std::vector<std::string> legal = {"eq", "ne",       "lt",     "le",   "gt",
                                                   "ge", "contains", "exists", "among"};
    bool ordered = name == "lt" || name == "le" || name == "gt" || name == "ge";
    if (!ordered) {
        std::string near = nearest_name(name, legal);
        throw Error("filter: unknown operator " + quote(name) + " on " + quote(column),
                    "eq ne lt le gt ge contains exists among",
                    near.empty() ? "" : "did you mean " + near + "?");
    }
    if (!wanted.is_number() && !wanted.is_string()) throw Error(given, "a number or a text");
    bool less = name[0] == 'l', same = name[1] == 'e';
    return [wanted, less, same](const Json& v) {
        int order = compare(v, wanted);
        return order == (less ? -1 : 1) || (same && order == 0);
    };
}

Test column_test(const std::string& column, const Json& wanted) {
    if (wanted.is_array()) return one_of(wanted);
    if (!wanted.is_object()) return operation(column, "eq", wanted);
    std::vector<Test> tests;
    for (auto& [name, value] : wanted.items()) tests.push_back(operation(column, name, value));
    return [tests](const Json& value) {
        for (const Test& test : tests)
            if (!test(value)) return false;
        return true;
    };
}

RowTest combined(const std::string& name, const Json& filters) {
    std::vector<RowTest> tests;
    for (const Json& filter : filters) tests.push_back(compile_filter(filter));
    bool all = name == "all", none = name == "none";
    return [tests, all, none](const Json& row) {
        for (const RowTest& test : tests)
            if (test(row) != all) return !all && !none;
        return all || none;
    };
}

bool is_combination(const std::string& name, const Json& value) {
    if ((name != "any" && name != "all" && name != "none") || !value.is_array()) return false;
    for (const Json& entry : value)
        if (!entry.is_object()) return false;
    return true;
}

}  // namespace

RowTest compile_filter(const Json& filter) {
    if (!filter.is_object())
        throw Error("filter: " + quote(filter.dump()), "{column = value, …}",
                    "for example {lang = \"ko\", year = {ge = 2000}}");
    std::vector<RowTest> tests;
    for (auto& [name, value] : filter.items()) {
        if (is_combination(name, value)) {
            tests.push_back(combined(name, value));
            continue;
        }
        tests.push_back([column = name, test = column_test(name, value)](const Json& row) {
            return test(column_of(row, column));
        });
    }
    return [tests](const Json& row) {
        for (const RowTest& test : tests)
            if (!test(row)) return false;
        return true;
    };
}

}  // namespace moonlet
