// SPDX-License-Identifier: Apache-2.0
// The tests behind `is`.
#include <algorithm>

#include "core/error.h"
#include "templates/arguments.h"
#include "templates/builtins.h"
#include "templates/ops.h"
#include "templates/text.h"
#include "templates/value_hash.h"

namespace moonlet::jinja {

namespace {

using Op = bool (*)(const Value&);

// A test without arguments.
template <Op F>
bool plain(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("test", {}, a, k);
    return F(v);
}

bool is_defined(const Value& v) { return !v.is_undefined(); }
bool is_undefined(const Value& v) { return v.is_undefined(); }
bool is_none(const Value& v) { return v.is_none(); }
bool is_boolean(const Value& v) { return v.is_bool(); }
bool is_true(const Value& v) { return v.is_bool() && v.truthy(); }
bool is_false(const Value& v) { return v.is_bool() && !v.truthy(); }
bool is_integer(const Value& v) { return v.kind() == Kind::integer; }
bool is_float(const Value& v) { return v.kind() == Kind::real; }
bool is_number(const Value& v) { return v.is_number(); }
bool is_string(const Value& v) { return v.is_string(); }
bool is_iterable(const Value& v) { return v.iterable(); }
// Python's Undefined can be called (to raise), so it counts as callable.
bool is_callable(const Value& v) { return v.callable() || v.is_undefined(); }
bool is_escaped(const Value& v) { return v.is_markup(); }
bool is_mapping(const Value& v) {
    return v.is_dict() || (v.kind() == Kind::object && v.as_object()->is_mapping());
}
// Jinja2 asks for len() and item access; views have no items and generators have neither.
bool is_sequence(const Value& v) {
    if (v.kind() == Kind::undefined || v.is_string() || v.is_dict() || v.kind() == Kind::tuple)
        return true;
    if (v.kind() == Kind::object) return v.as_object()->length() >= 0;
    if (v.kind() != Kind::list) return false;
    auto flavor = v.as_sequence().flavor;
    return flavor == Sequence::Flavor::plain || flavor == Sequence::Flavor::range;
}

bool is_upper(const Value& v) { return bound_method(v.str(), "isupper").call({}).truthy(); }
bool is_lower(const Value& v) { return bound_method(v.str(), "islower").call({}).truthy(); }

bool remainder_is(const Value& v, const Value& divisor, int64_t rest) {
    return Value::equal(binary(BinaryOp::mod, v, divisor), rest);
}
bool is_odd(const Value& v) { return remainder_is(v, 2, 1); }
bool is_even(const Value& v) { return remainder_is(v, 2, 0); }

bool divisible(const Value& v, const Arguments& a, const NamedArguments& k) {
    return remainder_is(v, Bound("divisibleby", {"num"}, a, k, 1)[0], 0);
}
bool same_as(const Value& v, const Arguments& a, const NamedArguments& k) {
    return Value::same(v, Bound("sameas", {"other"}, a, k, 1)[0]);
}
bool is_in(const Value& v, const Arguments& a, const NamedArguments& k) {
    return Value::contains(Bound("in", {"seq"}, a, k, 1)[0], v);
}
bool is_filter(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("filter", {}, a, k);
    hash_of(v);  // an Error for lists and dicts, as Python's lookup
    return v.is_string() && find_filter(v.as_string());
}
bool is_test(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("test", {}, a, k);
    hash_of(v);
    return v.is_string() && find_test(v.as_string());
}

template <CompareOp kOp>
bool compares(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("comparison", {"other"}, a, k, 1);
    if (kOp == CompareOp::eq) return Value::equal(v, b[0]);
    if (kOp == CompareOp::ne) return !Value::equal(v, b[0]);
    int c = Value::compare(v, b[0]);
    switch (kOp) {
        case CompareOp::lt: return c == -1;
        case CompareOp::le: return c == -1 || c == 0;
        case CompareOp::gt: return c == 1;
        default: return c == 1 || c == 0;
    }
}

const TestTable& tests() {
    static const TestTable table = {{"defined", plain<is_defined>},
                                    {"undefined", plain<is_undefined>},
                                    {"none", plain<is_none>},
                                    {"boolean", plain<is_boolean>},
                                    {"true", plain<is_true>},
                                    {"false", plain<is_false>},
                                    {"integer", plain<is_integer>},
                                    {"float", plain<is_float>},
                                    {"number", plain<is_number>},
                                    {"string", plain<is_string>},
                                    {"iterable", plain<is_iterable>},
                                    {"callable", plain<is_callable>},
                                    {"escaped", plain<is_escaped>},
                                    {"mapping", plain<is_mapping>},
                                    {"sequence", plain<is_sequence>},
                                    {"upper", plain<is_upper>},
                                    {"lower", plain<is_lower>},
                                    {"odd", plain<is_odd>},
                                    {"even", plain<is_even>},
                                    {"divisibleby", divisible},
                                    {"sameas", same_as},
                                    {"in", is_in},
                                    {"filter", is_filter},
                                    {"test", is_test},
                                    {"eq", compares<CompareOp::eq>},
                                    {"equalto", compares<CompareOp::eq>},
                                    {"==", compares<CompareOp::eq>},
                                    {"ne", compares<CompareOp::ne>},
                                    {"!=", compares<CompareOp::ne>},
                                    {"lt", compares<CompareOp::lt>},
                                    {"lessthan", compares<CompareOp::lt>},
                                    {"<", compares<CompareOp::lt>},
                                    {"le", compares<CompareOp::le>},
                                    {"<=", compares<CompareOp::le>},
                                    {"gt", compares<CompareOp::gt>},
                                    {"greaterthan", compares<CompareOp::gt>},
                                    {">", compares<CompareOp::gt>},
                                    {"ge", compares<CompareOp::ge>},
                                    {">=", compares<CompareOp::ge>}};
    return table;
}

}  // namespace

const Test* find_test(const std::string& name) {
    auto it = tests().find(name);
    return it == tests().end() ? nullptr : &it->second;
}

std::vector<std::string> test_names() {
    std::vector<std::string> names;
    for (auto& row : tests()) names.push_back(row.first);
    return names;
}

bool apply_test(const std::string& name, const Value& input, const Arguments& args,
                const NamedArguments& kwargs) {
    if (const Test* test = find_test(name)) return (*test)(input, args, kwargs);
    std::string near = nearest_name(name, test_names());
    throw Error("no test named '" + name + "'", "a test of Jinja2",
                near.empty() ? "" : "did you mean '" + near + "'?");
}

}  // namespace moonlet::jinja
