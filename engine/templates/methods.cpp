// SPDX-License-Identifier: Apache-2.0
// The methods of Python's str, dict, list and tuple that a template may call: all that change
// nothing. Those that would change the value are undefined, as the immutable sandbox makes them.
#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

#include "core/error.h"
#include "templates/arguments.h"
#include "templates/format.h"
#include "templates/limits.h"
#include "templates/ops.h"
#include "templates/text.h"

namespace moonlet::jinja {

namespace {

using Method = Value (*)(const Value&, const Arguments&, const NamedArguments&);
using Table = std::map<std::string, Method>;

Value list_of(const std::vector<std::string>& parts) {
    spend_items(parts.size());
    std::vector<Value> items;
    for (auto& p : parts) items.emplace_back(p);
    return Value::list(std::move(items));
}

// A method without arguments that maps the text.
template <std::string (*F)(std::string_view)>
Value mapped(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound("method", {}, a, k);
    spend_text(self.as_string().size());
    return F(self.as_string());
}

// str.isalpha and its kin: all characters pass and there is one at least.
template <bool (*F)(char32_t)>
Value all_are(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound("method", {}, a, k);
    auto points = text::decode(self.as_string());
    return !points.empty() && std::all_of(points.begin(), points.end(), F);
}

bool is_alnum(char32_t c) {
    return text::is_alpha(c) || text::is_decimal(c) || text::is_digit(c) || text::is_numeric(c);
}

template <bool kUpper>
Value case_is(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound("method", {}, a, k);
    bool any = false;
    for (char32_t c : text::decode(self.as_string())) {
        if (text::is_title(c) || (kUpper ? text::is_lower(c) : text::is_upper(c))) return false;
        any = any || (kUpper ? text::is_upper(c) : text::is_lower(c));
    }
    return any;
}

Value is_title_case(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound("istitle", {}, a, k);
    bool any = false, inside = false;
    for (char32_t c : text::decode(self.as_string())) {
        bool up = text::is_upper(c) || text::is_title(c), low = text::is_lower(c);
        if ((up && inside) || (low && !inside)) return false;
        any = any || up;
        inside = up || low;
    }
    return any;
}

template <bool kLeft, bool kRight>
Value strip(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound b("strip", {"chars"}, a, k);
    spend_text(self.as_string().size());
    return text::strip(self.as_string(), kLeft, kRight, b.text_or_none(0));
}

template <bool kRight>
Value split(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound b(kRight ? "rsplit" : "split", {"sep", "maxsplit"}, a, k);
    const std::string* sep = b.text_or_none(0);
    if (sep && sep->empty()) throw Error("empty separator", "a text to split at");
    spend_text(self.as_string().size());
    return list_of(text::split(self.as_string(), sep, b.integer(1, -1), kRight));
}

template <bool kRight>
Value partition(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound b("partition", {"sep"}, a, k, 1);
    std::string s = self.as_string(), sep = b.text(0);
    if (sep.empty()) throw Error("empty separator", "a text to split at");
    size_t at = kRight ? s.rfind(sep) : s.find(sep);
    if (at == std::string::npos)
        return kRight ? Value::tuple({"", "", s}) : Value::tuple({s, "", ""});
    return Value::tuple({s.substr(0, at), sep, s.substr(at + sep.size())});
}

// startswith/endswith/find/count look at self[start:stop].
std::string part(const Value& self, const Bound& b, int64_t* offset = nullptr) {
    if (!b.has(1) && !b.has(2)) return self.as_string();
    Value none = Value::none();
    if (offset) {
        int64_t n = self.length(), start = b.has(1) && !b[1].is_none() ? b.integer(1, 0) : 0;
        *offset = std::max<int64_t>(0, start < 0 ? start + n : start);
    }
    return slice(self, b.get(1, none), b.get(2, none), none).as_string();
}

template <bool kEnd>
Value starts(const Value& self, const Arguments& a, const NamedArguments& k) {
    const char* name = kEnd ? "endswith" : "startswith";
    Bound b(name, {kEnd ? "suffix" : "prefix", "start", "end"}, a, k, 1);
    std::string s = part(self, b);
    auto one = [&](const Value& v) {
        if (!v.is_string())
            throw Error(std::string(name) + " first arg must be str or a tuple of str, not " +
                            v.type_name(),
                        "a string");
        const std::string& t = v.as_string();
        if (t.size() > s.size()) return false;
        return s.compare(kEnd ? s.size() - t.size() : 0, t.size(), t) == 0;
    };
    if (b[0].kind() != Kind::tuple) return one(b[0]);
    for (const Value& v : b[0].as_items())
        if (one(v)) return true;
    return false;
}

template <bool kRight, bool kMust>
Value find(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound b(kMust ? "index" : "find", {"sub", "start", "end"}, a, k, 1);
    int64_t offset = 0;
    std::string s = part(self, b, &offset), sub = b.text(0);
    size_t at = kRight ? s.rfind(sub) : s.find(sub);
    if (at != std::string::npos)
        return offset + int64_t(text::length(std::string_view(s).substr(0, at)));
    if (kMust) throw Error("substring not found", "a text that is in the string");
    return -1;
}

Value count_text(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound b("count", {"sub", "start", "end"}, a, k, 1);
    std::string s = part(self, b), sub = b.text(0);
    if (sub.empty()) return int64_t(text::length(s)) + 1;
    int64_t n = 0;
    for (size_t at = s.find(sub); at != std::string::npos; at = s.find(sub, at + sub.size())) ++n;
    return n;
}

Value replace(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound b("replace", {"old", "new", "count"}, a, k, 2);
    spend_text(self.as_string().size());
    return text::replace(self.as_string(), b.text(0), b.text(1), b.integer(2, -1));
}

Value join(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound b("join", {"iterable"}, a, k, 1);
    std::string out;
    int64_t i = 0;
    auto items = b[0].iterate();
    for (Value v; items->next(v); ++i) {
        if (!v.is_string())
            throw Error("sequence item " + std::to_string(i) + ": expected str instance, " +
                            v.type_name() + " found",
                        "strings", "use the filter join instead");
        spend_text(v.as_string().size() + self.as_string().size());
        if (i) out += self.as_string();
        out += v.as_string();
    }
    return out;
}

enum class Side { left, right, center };

template <Side kSide>
Value justify(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound b("justify", {"width", "fillchar"}, a, k, 1);
    std::string fill = b.text(1, " ");
    if (text::length(fill) != 1) throw Error("the fill " + quote(fill), "exactly one character");
    int64_t n = self.length(), width = b.integer(0, 0), missing = width > n ? width - n : 0;
    // Python's center puts the odd one left when the width is odd.
    int64_t left = kSide == Side::left    ? 0
                   : kSide == Side::right ? missing
                                          : missing / 2 + (missing & width & 1);
    return repeat(fill, left).as_string() + self.as_string() +
           repeat(fill, missing - left).as_string();
}

Value zfill(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound b("zfill", {"width"}, a, k, 1);
    std::string s = self.as_string();
    int64_t missing = b.integer(0, 0) - self.length();
    if (missing <= 0) return s;
    size_t sign = !s.empty() && (s[0] == '-' || s[0] == '+') ? 1 : 0;
    return s.substr(0, sign) + repeat("0", missing).as_string() + s.substr(sign);
}

Value expand_tabs(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound b("expandtabs", {"tabsize"}, a, k);
    int64_t size = b.integer(0, 8), column = 0;
    std::string out;
    for (char32_t c : text::decode(self.as_string())) {
        if (c == '\t') {
            int64_t n = size > 0 ? size - column % size : 0;
            spend_text(size_t(n));
            out.append(size_t(n), ' ');
            column += n;
        } else {
            text::append(out, c);
            column = c == '\n' || c == '\r' ? 0 : column + 1;
        }
    }
    return out;
}

Value split_lines(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound b("splitlines", {"keepends"}, a, k);
    return list_of(text::split_lines(self.as_string(), b.flag(0, false)));
}

template <bool kEnd>
Value remove_affix(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound b(kEnd ? "removesuffix" : "removeprefix", {"affix"}, a, k, 1);
    std::string s = self.as_string(), t = b.text(0);
    if (t.empty() || t.size() > s.size()) return s;
    if (s.compare(kEnd ? s.size() - t.size() : 0, t.size(), t) != 0) return s;
    return kEnd ? s.substr(0, s.size() - t.size()) : s.substr(t.size());
}

Value is_ascii(const Value& self, const Arguments&, const NamedArguments&) {
    return text::is_ascii(self.as_string());
}

Value is_printable(const Value& self, const Arguments&, const NamedArguments&) {
    auto points = text::decode(self.as_string());
    return std::all_of(points.begin(), points.end(), text::is_printable);
}

Value is_identifier(const Value& self, const Arguments&, const NamedArguments&) {
    auto points = text::decode(self.as_string());
    if (points.empty() || (points[0] != '_' && !text::is_alpha(points[0]))) return false;
    return std::all_of(points.begin(), points.end(),
                       [](char32_t c) { return c == '_' || is_alnum(c); });
}

Value format(const Value& self, const Arguments& a, const NamedArguments& k) {
    return brace_format(self.as_string(), a, k);
}

Value format_map(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound b("format_map", {"mapping"}, a, k, 1);
    if (!b[0].is_dict()) throw Error("format_map of " + b[0].type_name(), "a dict");
    NamedArguments named;
    for (auto& [key, value] : b[0].as_dict().items) named.emplace_back(key.str(), value);
    return brace_format(self.as_string(), {}, named);
}

const Table& str_methods() {
    static const Table table = {{"lower", mapped<text::lower>},
                                {"upper", mapped<text::upper>},
                                {"casefold", mapped<text::casefold>},
                                {"title", mapped<text::title>},
                                {"capitalize", mapped<text::capitalize>},
                                {"swapcase", mapped<text::swapcase>},
                                {"strip", strip<true, true>},
                                {"lstrip", strip<true, false>},
                                {"rstrip", strip<false, true>},
                                {"split", split<false>},
                                {"rsplit", split<true>},
                                {"splitlines", split_lines},
                                {"partition", partition<false>},
                                {"rpartition", partition<true>},
                                {"startswith", starts<false>},
                                {"endswith", starts<true>},
                                {"find", find<false, false>},
                                {"rfind", find<true, false>},
                                {"index", find<false, true>},
                                {"rindex", find<true, true>},
                                {"count", count_text},
                                {"replace", replace},
                                {"join", join},
                                {"ljust", justify<Side::left>},
                                {"rjust", justify<Side::right>},
                                {"center", justify<Side::center>},
                                {"zfill", zfill},
                                {"expandtabs", expand_tabs},
                                {"removeprefix", remove_affix<false>},
                                {"removesuffix", remove_affix<true>},
                                {"isalpha", all_are<text::is_alpha>},
                                {"isalnum", all_are<is_alnum>},
                                {"isdecimal", all_are<text::is_decimal>},
                                {"isdigit", all_are<text::is_digit>},
                                {"isnumeric", all_are<text::is_numeric>},
                                {"isspace", all_are<text::is_space>},
                                {"isupper", case_is<true>},
                                {"islower", case_is<false>},
                                {"istitle", is_title_case},
                                {"isascii", is_ascii},
                                {"isprintable", is_printable},
                                {"isidentifier", is_identifier},
                                {"format", format},
                                {"format_map", format_map}};
    return table;
}

template <Sequence::Flavor kFlavor>
Value view(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound("dict method", {}, a, k);
    const auto& dict = self.as_dict().items;
    spend_items(dict.size());
    std::vector<Value> items;
    items.reserve(dict.size());
    for (auto& [key, value] : dict) {
        if (kFlavor == Sequence::Flavor::keys) items.push_back(key);
        else if (kFlavor == Sequence::Flavor::values) items.push_back(value);
        else items.push_back(Value::tuple({key, value}));
    }
    return Sequence::make(std::move(items), kFlavor);
}

Value dict_get(const Value& self, const Arguments& a, const NamedArguments& k) {
    if (!k.empty()) throw Error("dict.get() takes no keyword arguments", "get(key, default)");
    Bound b("get", {"key", "default"}, a, k, 1);
    const Value* found = self.as_dict().find(b[0]);
    return found ? *found : b.get(1, Value::none());
}

Value dict_from_keys(const Value&, const Arguments& a, const NamedArguments& k) {
    Bound b("fromkeys", {"iterable", "value"}, a, k, 1);
    std::vector<std::pair<Value, Value>> items;
    for (const Value& key : b[0].to_vector()) items.emplace_back(key, b.get(1, Value::none()));
    return Value::dict(std::move(items));
}

Value same_value(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound("copy", {}, a, k);
    return self;
}

Value count_item(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound b("count", {"value"}, a, k, 1);
    int64_t n = 0;
    for (auto& item : self.as_items()) n += Value::equal(item, b[0]) ? 1 : 0;
    spend(self.as_items().size());
    return n;
}

Value index_item(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound b("index", {"value", "start", "stop"}, a, k, 1);
    const auto& items = self.as_items();
    spend(items.size());
    const int64_t n = int64_t(items.size());
    auto place = [&](int64_t i) { return size_t(std::clamp<int64_t>(i < 0 ? i + n : i, 0, n)); };
    for (size_t i = place(b.integer(1, 0)), end = place(b.integer(2, n)); i < end; ++i)
        if (Value::equal(items[i], b[0])) return int64_t(i);
    throw Error(b[0].repr() + " is not in list", "an item of it");
}

const Table& dict_methods() {
    static const Table table = {{"keys", view<Sequence::Flavor::keys>},
                                {"values", view<Sequence::Flavor::values>},
                                {"items", view<Sequence::Flavor::items>},
                                {"get", dict_get},
                                {"fromkeys", dict_from_keys},
                                {"copy", same_value}};
    return table;
}

const Table& list_methods() {
    static const Table table = {{"count", count_item}, {"index", index_item}, {"copy", same_value}};
    return table;
}

Value is_integer(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound("is_integer", {}, a, k);
    return std::isfinite(self.as_real()) && std::floor(self.as_real()) == self.as_real();
}

Value conjugate(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound("conjugate", {}, a, k);
    return self.kind() == Kind::real ? self : Value(self.as_integer());
}

Value bit_length(const Value& self, const Arguments& a, const NamedArguments& k) {
    Bound("bit_length", {}, a, k);
    const int64_t i = self.as_integer();
    const uint64_t size = i < 0 ? 0 - uint64_t(i) : uint64_t(i);
    return int64_t(std::bit_width(size));
}

const Table& integer_methods() {
    static const Table table = {{"conjugate", conjugate}, {"bit_length", bit_length}};
    return table;
}
const Table& real_methods() {
    static const Table table = {{"is_integer", is_integer}, {"conjugate", conjugate}};
    return table;
}

bool changes(const Value& value, const std::string& name) {
    static const char* kDict[] = {"clear", "pop", "popitem", "setdefault", "update"};
    static const char* kList[] = {"append", "clear",  "extend",  "insert",
                                  "pop",    "remove", "reverse", "sort"};
    if (value.is_dict()) return std::count(std::begin(kDict), std::end(kDict), name) > 0;
    bool list = value.kind() == Kind::list && value.as_sequence().flavor == Sequence::Flavor::plain;
    return list && std::count(std::begin(kList), std::end(kList), name) > 0;
}

}  // namespace

namespace {

// The methods of markup give markup, also inside lists and tuples; format and join escape what they
// put in.
Value as_markup(const Value& v) {
    if (v.is_string()) return Value::markup(v.as_string());
    if (!v.is_sequence()) return v;
    std::vector<Value> parts;
    for (const Value& part : v.as_items()) parts.push_back(as_markup(part));
    return v.kind() == Kind::tuple ? Value::tuple(std::move(parts)) : Value::list(std::move(parts));
}

Value markup_method(const Value& value, const std::string& name, Method method) {
    return Value::function(
        name, [value, name, method](const Arguments& a, const NamedArguments& k) {
            auto escaped = [](const Value& v) { return v.is_string() ? Value(v.html()) : v; };
            if (name == "join" && a.size() == 1 && k.empty()) {
                std::vector<Value> parts;
                for (const Value& part : a[0].to_vector()) parts.emplace_back(part.html());
                return as_markup(method(value, {Value::list(std::move(parts))}, {}));
            }
            if (name != "format" && name != "replace") return as_markup(method(value, a, k));
            Arguments args;
            NamedArguments named;
            for (size_t i = 0; i < a.size(); ++i)
                args.push_back(name == "format" || i == 1 ? escaped(a[i]) : a[i]);
            for (auto& [key, v] : k) named.emplace_back(key, escaped(v));
            return as_markup(method(value, args, named));
        });
}

// What a number has that is no method.
Value number_attribute(const Value& value, const std::string& name) {
    const bool real = value.kind() == Kind::real;
    if (name == "real") return real ? value : Value(value.as_integer());
    if (name == "imag") return real ? Value(0.0) : Value(0);
    if (!real && name == "numerator") return value.as_integer();
    if (!real && name == "denominator") return 1;
    return Value();
}

}  // namespace

Value bound_method(const Value& value, const std::string& name) {
    if (value.is_number())
        if (Value found = number_attribute(value, name); !found.is_absent()) return found;
    if (value.kind() == Kind::tuple && value.as_sequence().flavor == Sequence::Flavor::group) {
        if (name == "grouper") return value.as_items()[0];
        if (name == "list") return value.as_items()[1];
    }
    const Table* table = nullptr;
    if (value.is_string()) table = &str_methods();
    else if (value.is_dict()) table = &dict_methods();
    else if (value.is_sequence()) table = &list_methods();
    else if (value.kind() == Kind::real) table = &real_methods();
    else if (value.is_integer()) table = &integer_methods();
    if (!table) return Value();
    auto it = table->find(name);
    if (it == table->end()) {
        if (!changes(value, name)) return Value();
        return Value::undefined("the sandbox forbids ." + name + " of a " + value.type_name() +
                                ": templates cannot change their data");
    }
    if (value.kind() == Kind::list) {
        auto flavor = value.as_sequence().flavor;
        if (flavor != Sequence::Flavor::plain && flavor != Sequence::Flavor::range) return Value();
        if (flavor == Sequence::Flavor::range && name == "copy") return Value();
    } else if (value.kind() == Kind::tuple && name == "copy") {
        return Value();
    }
    Method method = it->second;
    if (value.is_markup()) return markup_method(value, name, method);
    return Value::function(
        name,
        [value, method](const Arguments& a, const NamedArguments& k) {
            return method(value, a, k);
        },
        value.depth());
}

}  // namespace moonlet::jinja
