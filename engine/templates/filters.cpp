// SPDX-License-Identifier: Apache-2.0
// Lookup of filters and tests, attribute paths, generators, and the filters that turn one value
// into one value: default, int, float, round, tojson, escape …
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "core/error.h"
#include "templates/arguments.h"
#include "templates/builtins.h"
#include "templates/format.h"
#include "templates/format_number.h"
#include "templates/limits.h"
#include "templates/ops.h"
#include "templates/text.h"

namespace moonlet::jinja {

namespace {

Value do_default(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("default", {"default_value", "boolean"}, a, k);
    bool replace = v.is_undefined() || (b.flag(1, false) && !v.truthy());
    return replace ? b.get(0, "") : v;
}

// Python's int(text, base): blanks around, a sign, single underscores, the base's prefix.
bool parse_integer(const std::string& text, int64_t base, int64_t& out) {
    std::string s = text::strip(text, true, true), digits;
    bool negative = !s.empty() && s[0] == '-';
    if (!s.empty() && (s[0] == '-' || s[0] == '+')) s.erase(0, 1);
    if (s.size() > 2 && s[0] == '0') {
        char p = s[1] | 32;
        int64_t named = p == 'x' ? 16 : p == 'o' ? 8 : p == 'b' ? 2 : 0;
        if (named && (base == named || base == 0)) base = named, s.erase(0, 2);
    }
    if (base == 0) base = 10;
    if (base < 2 || base > 36) return false;
    for (size_t i = 0; i < s.size(); ++i) {
        if (s[i] != '_') digits += s[i];
        else if (i == 0 || i + 1 == s.size() || s[i - 1] == '_') return false;
    }
    if (negative) digits = "-" + digits;
    auto end = digits.data() + digits.size();
    auto result = std::from_chars(digits.data(), end, out, int(base));
    return result.ec == std::errc() && result.ptr == end && !digits.empty();
}

bool parse_real(const std::string& text, double& out) {
    std::string s = text::lower(text::strip(text, true, true)), plain;
    for (size_t i = 0; i < s.size(); ++i) {
        bool inner = i > 0 && i + 1 < s.size() &&
                     std::isdigit(static_cast<unsigned char>(s[i - 1])) &&
                     std::isdigit(static_cast<unsigned char>(s[i + 1]));
        if (s[i] != '_' || !inner) plain += s[i];
    }
    std::string bare = plain.substr(plain.find_first_not_of("+-") == 1 ? 1 : 0);
    bool word = bare == "inf" || bare == "infinity" || bare == "nan";
    if (!word && plain.find_first_not_of("0123456789+-.e") != std::string::npos) return false;
    if (plain.empty()) return false;
    char* end = nullptr;
    out = std::strtod(plain.c_str(), &end);
    return end == plain.c_str() + plain.size();
}

bool to_real(const Value& v, double& out) {
    if (v.is_undefined()) throw Error(v.undefined_message(), "a number");
    if (v.is_number()) return out = v.as_real(), true;
    return v.is_string() && parse_real(v.as_string(), out);
}

bool to_integer(double d, int64_t& out) {
    if (!(std::abs(d) < 9.2e18)) return false;
    out = int64_t(d);
    return true;
}

Value do_int(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("int", {"default", "base"}, a, k);
    int64_t i = 0;
    double d = 0;
    if (v.is_integer()) return v.as_integer();
    if (v.is_string() && parse_integer(v.as_string(), b.integer(1, 10), i)) return i;
    if (to_real(v, d) && to_integer(d, i)) return i;
    return b.get(0, 0);
}

Value do_float(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("float", {"default"}, a, k);
    double d = 0;
    return to_real(v, d) ? Value(d) : b.get(0, 0.0);
}

Value do_abs(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("abs", {}, a, k);
    if (v.is_integer()) return v.as_integer() < 0 ? negate(v) : Value(v.as_integer());
    if (v.kind() == Kind::real) return std::abs(v.as_real());
    if (v.is_undefined()) throw Error(v.undefined_message(), "a number");
    throw Error("bad operand type for abs(): '" + v.type_name() + "'", "a number");
}

Value do_round(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("round", {"precision", "method"}, a, k);
    std::string method = b.text(1, "common");
    if (method != "common" && method != "ceil" && method != "floor")
        throw Error("round method " + quote(method), "common, ceil or floor");
    if (!v.is_number()) {
        if (v.is_undefined()) throw Error(v.undefined_message(), "a number");
        throw Error("type " + v.type_name() + " doesn't define __round__ method", "a number");
    }
    const bool whole = b.has(0) && b[0].is_none();  // round(x, None) is an integer
    int64_t precision = whole ? 0 : std::clamp<int64_t>(b.integer(0, 0), -400, 400);
    if (whole && method != "common") throw Error("a precision of None", "an integer");
    if (whole) {
        int64_t i = 0;
        if (v.is_integer()) return v.as_integer();
        if (!to_integer(std::nearbyint(v.as_real()), i))
            throw Error("round of " + v.str(), "a number of at most 64 bits");
        return i;
    }
    if (method == "common") {
        if (v.is_integer() && precision >= 0) return v.as_integer();
        double d = v.as_real(), result = d;
        if (precision >= 0) {
            FormatSpec spec;
            spec.type = 'f';
            spec.precision = int(precision);
            if (std::isfinite(d) && precision < 300)
                result = std::strtod(format_real(d, spec).c_str(), nullptr);
        } else {
            double scale = std::pow(10.0, double(-precision));
            result = std::nearbyint(d / scale) * scale;
        }
        return v.is_integer() ? Value(int64_t(result)) : Value(result);
    }
    double scale = std::pow(10.0, double(precision)), scaled = v.as_real() * scale;
    // Python's ceil and floor are integers, which know no -0.
    return ((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) + 0.0) / scale;
}

Value do_string(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("string", {}, a, k);
    return v.is_string() ? v : Value(v.str());
}

Value do_escape(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("escape", {}, a, k);
    return v.is_markup() ? v : Value::markup(v.html());
}

Value do_force_escape(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("forceescape", {}, a, k);
    return Value::markup(text::escape_html(v.str()));
}

Value do_safe(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("safe", {}, a, k);
    return v.is_markup() ? v : Value::markup(v.str());
}

Value do_length(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("length", {}, a, k);
    int64_t n = v.length();
    if (n < 0)
        throw Error("object of type '" + v.type_name() + "' has no len()", "a string, list or dict",
                    "put |list before a generator's |length");
    return n;
}

Value do_attr(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("attr", {"name"}, a, k, 1);
    std::string name = b.text(0);
    if (v.is_undefined()) return get_attribute(v, name);
    Value found = v.kind() == Kind::object ? v.as_object()->attribute(name) : bound_method(v, name);
    if (!found.is_absent()) return found;
    return Value::undefined("'" + v.type_name() + " object' has no attribute " + repr_string(name));
}

Value do_tojson(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("tojson", {"ensure_ascii", "indent", "separators", "sort_keys"}, a, k);
    JsonStyle style;
    style.ascii = b.flag(0, false);
    style.sort_keys = b.flag(3, false);
    if (b.has(1) && !b[1].is_none()) {
        style.indented = true;
        style.item_separator = ",";
        style.indent =
            b[1].is_string() ? b[1].as_string() : repeat(" ", b.integer(1, 0)).as_string();
    }
    if (b.has(2) && !b[2].is_none()) {
        auto parts = b[2].to_vector();
        if (parts.size() != 2 || !parts[0].is_string() || !parts[1].is_string())
            throw Error("tojson separators " + b[2].repr(), "two strings: (\", \", \": \")");
        style.item_separator = parts[0].as_string();
        style.key_separator = parts[1].as_string();
    }
    return json_dumps(v, style);
}

Value do_pprint(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("pprint", {}, a, k);
    return pretty_repr(v);
}

Value do_file_size(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("filesizeformat", {"binary"}, a, k);
    double bytes = 0;
    if (!to_real(v, bytes)) throw Error("a size of " + v.repr(), "a number");
    bool binary = b.flag(0, false);
    double base = binary ? 1024 : 1000;
    if (bytes == 1) return "1 Byte";
    if (bytes < base) return std::to_string(int64_t(bytes)) + " Bytes";
    double unit = base;
    const char* prefixes = "kMGTPEZY";
    size_t i = 0;
    while (i < 7 && bytes >= unit * base) unit *= base, ++i;
    FormatSpec spec;
    spec.type = 'f';
    spec.precision = 1;
    std::string prefix(1, binary && i == 0 ? 'K' : prefixes[i]);
    return format_real(bytes / unit, spec) + " " + prefix + (binary ? "iB" : "B");
}

const FilterTable& value_filters() {
    static const FilterTable table = {{"default", do_default},
                                      {"d", do_default},
                                      {"int", do_int},
                                      {"float", do_float},
                                      {"abs", do_abs},
                                      {"round", do_round},
                                      {"string", do_string},
                                      {"escape", do_escape},
                                      {"e", do_escape},
                                      {"forceescape", do_force_escape},
                                      {"safe", do_safe},
                                      {"length", do_length},
                                      {"count", do_length},
                                      {"attr", do_attr},
                                      {"tojson", do_tojson},
                                      {"pprint", do_pprint},
                                      {"filesizeformat", do_file_size}};
    return table;
}

class Generator : public Object {
  public:
    Generator(std::unique_ptr<Iterator> source, int depth)
        : source_(std::move(source)), depth_(depth) {}
    std::string type_name() const override { return "generator"; }
    std::string repr() const override { return "<generator object>"; }
    int depth() const override { return depth_; }
    bool is_iterable() const override { return true; }
    std::unique_ptr<Iterator> iterate() override;
    bool next(Value& out) {
        if (!source_ || running_) return false;
        running_ = true;
        bool more = source_->next(out);
        running_ = false;
        if (!more) source_.reset();
        return more;
    }

  private:
    std::unique_ptr<Iterator> source_;
    int depth_;
    bool running_ = false;
};

// All iterators of one generator share it: what one took, the others do not see.
class GeneratorIterator : public Iterator {
  public:
    explicit GeneratorIterator(Generator* g) : generator_(g) {}
    bool next(Value& out) override { return generator_->next(out); }

  private:
    Generator* generator_;
};

std::unique_ptr<Iterator> Generator::iterate() { return std::make_unique<GeneratorIterator>(this); }

}  // namespace

Value make_generator(std::unique_ptr<Iterator> source, int depth) {
    if (depth >= kMaxValueDepth)
        throw Error("generators chained more than " + std::to_string(kMaxValueDepth) + " deep",
                    "|list in between");
    return std::shared_ptr<Object>(std::make_shared<Generator>(std::move(source), depth + 1));
}

Value get_path(const Value& value, const Value& path, const Value& fallback) {
    if (path.is_absent() || path.is_none()) return value;
    auto step = [&](const Value& from, const Value& key) {
        Value found = get_item(from, key);
        return found.is_undefined() && !fallback.is_absent() && !fallback.is_none() ? fallback
                                                                                    : found;
    };
    if (!path.is_string()) return step(value, path);
    Value here = value;
    std::string dot = ".";
    for (const std::string& part : text::split(path.as_string(), &dot, -1, false)) {
        bool digits = !part.empty() && part.size() < 18 &&
                      part.find_first_not_of("0123456789") == std::string::npos;
        here = step(here, digits ? Value(int64_t(std::stoll(part))) : Value(part));
    }
    return here;
}

const Filter* find_filter(const std::string& name) {
    for (const FilterTable* table : {&value_filters(), &sequence_filters(), &text_filters()}) {
        auto it = table->find(name);
        if (it != table->end()) return &it->second;
    }
    return nullptr;
}

std::vector<std::string> filter_names() {
    std::vector<std::string> names;
    for (const FilterTable* table : {&value_filters(), &sequence_filters(), &text_filters()})
        for (auto& row : *table) names.push_back(row.first);
    std::sort(names.begin(), names.end());
    return names;
}

Value apply_filter(const std::string& name, const Value& input, const Arguments& args,
                   const NamedArguments& kwargs) {
    if (const Filter* filter = find_filter(name)) return (*filter)(input, args, kwargs);
    std::string near = nearest_name(name, filter_names());
    throw Error("no filter named '" + name + "'", "a filter of Jinja2",
                near.empty() ? "" : "did you mean '" + near + "'?");
}

}  // namespace moonlet::jinja
