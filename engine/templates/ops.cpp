// SPDX-License-Identifier: Apache-2.0
#include "templates/ops.h"

#include <cmath>
#include <cstdint>
#include <cstdio>

#include "core/error.h"
#include "templates/format.h"
#include "templates/limits.h"
#include "templates/text.h"

namespace moonlet::jinja {

namespace {

const char* symbol(BinaryOp op) {
    static const char* kNames[] = {"+", "-", "*", "/", "//", "%", "**"};
    return kNames[int(op)];
}

[[noreturn]] void unsupported(const std::string& op, const Value& a, const Value& b) {
    for (const Value* v : {&a, &b})
        if (v->is_undefined()) throw Error(v->undefined_message(), "a value for " + op);
    throw Error("unsupported operand type(s) for " + op + ": '" + a.type_name() + "' and '" +
                    b.type_name() + "'",
                "operands of fitting types");
}

[[noreturn]] void overflow(BinaryOp op) {
    throw Error(std::string("integer overflow in ") + symbol(op), "integers of 64 bits");
}

int64_t floor_divide(int64_t a, int64_t b) {
    int64_t q = a / b;
    return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q;
}

Value integer_power(int64_t base, int64_t exponent) {
    if (exponent < 0) {
        if (base == 0) throw Error("0 to a negative power", "a base other than 0");
        return std::pow(double(base), double(exponent));
    }
    int64_t result = 1;
    while (exponent > 0) {
        if ((exponent & 1) && __builtin_mul_overflow(result, base, &result))
            overflow(BinaryOp::pow);
        exponent >>= 1;
        if (exponent && __builtin_mul_overflow(base, base, &base)) overflow(BinaryOp::pow);
    }
    return result;
}

Value on_integers(BinaryOp op, int64_t a, int64_t b) {
    int64_t r = 0;
    bool over = false;
    switch (op) {
        case BinaryOp::add: over = __builtin_add_overflow(a, b, &r); break;
        case BinaryOp::sub: over = __builtin_sub_overflow(a, b, &r); break;
        case BinaryOp::mul: over = __builtin_mul_overflow(a, b, &r); break;
        case BinaryOp::pow: return integer_power(a, b);
        default:
            if (b == 0) throw Error("division by zero", "a divisor other than 0");
            if (op == BinaryOp::div) return double(a) / double(b);
            if (b == -1) return op == BinaryOp::mod ? Value(0) : negate(Value(a));
            r = floor_divide(a, b);
            if (op == BinaryOp::mod) r = a - r * b;
    }
    if (over) overflow(op);
    return r;
}

Value on_reals(BinaryOp op, double a, double b) {
    switch (op) {
        case BinaryOp::add: return a + b;
        case BinaryOp::sub: return a - b;
        case BinaryOp::mul: return a * b;
        case BinaryOp::pow:
            if (a == 0 && b < 0) throw Error("0.0 to a negative power", "a base other than 0");
            if (a < 0 && std::floor(b) != b)
                throw Error("a negative number to a fractional power", "a base of at least 0");
            if (double p = std::pow(a, b);
                std::isfinite(p) || !std::isfinite(a) || !std::isfinite(b))
                return p;
            throw Error("the result of ** is too large", "a finite result");
        default: break;
    }
    if (b == 0) throw Error("float division by zero", "a divisor other than 0");
    if (op == BinaryOp::div) return a / b;
    double rest = std::fmod(a, b);
    if (rest != 0 && (rest < 0) != (b < 0)) rest += b;
    if (op == BinaryOp::mod) return rest == 0 ? std::copysign(0.0, b) : rest;
    return std::floor((a - rest) / b + 0.5);
}

bool plain_list(const Value& v) {
    return v.kind() == Kind::list && v.as_sequence().flavor == Sequence::Flavor::plain;
}

Value add(const Value& a, const Value& b) {
    if (a.is_string() && b.is_string()) {
        spend_text(a.as_string().size() + b.as_string().size());
        if (a.is_markup() || b.is_markup()) return Value::markup(a.html() + b.html());
        return a.as_string() + b.as_string();
    }
    bool lists = plain_list(a) && plain_list(b);
    if (lists || (a.kind() == Kind::tuple && b.kind() == Kind::tuple)) {
        spend_items(a.as_items().size() + b.as_items().size());
        std::vector<Value> items = a.as_items();
        items.insert(items.end(), b.as_items().begin(), b.as_items().end());
        return lists ? Value::list(std::move(items)) : Value::tuple(std::move(items));
    }
    if (a.is_string() && !b.is_undefined())
        throw Error("can only concatenate str (not \"" + b.type_name() + "\") to str", "a string",
                    "use ~ to join any values as text");
    unsupported("+", a, b);
}

}  // namespace

Value repeat(const Value& v, int64_t times) {
    if (times < 0) times = 0;
    auto product = [&](size_t size) {
        size_t all = 0;
        return __builtin_mul_overflow(size, size_t(times), &all) ? SIZE_MAX : all;
    };
    if (v.is_string()) {
        const std::string& s = v.as_string();
        spend_text(product(s.size()));
        std::string out;
        out.reserve(s.size() * size_t(times));
        for (int64_t i = 0; i < times && !s.empty(); ++i) out += s;
        return v.is_markup() ? Value::markup(std::move(out)) : Value(std::move(out));
    }
    const auto& items = v.as_items();
    spend_items(product(items.size()));
    std::vector<Value> out;
    for (int64_t i = 0; i < times && !items.empty(); ++i)
        out.insert(out.end(), items.begin(), items.end());
    return v.kind() == Kind::tuple ? Value::tuple(std::move(out)) : Value::list(std::move(out));
}

Value binary(BinaryOp op, const Value& a, const Value& b) {
    if (a.is_number() && b.is_number()) {
        if (a.is_integer() && b.is_integer())
            return on_integers(op, a.as_integer(), b.as_integer());
        return on_reals(op, a.as_real(), b.as_real());
    }
    switch (op) {
        case BinaryOp::add: return add(a, b);
        case BinaryOp::mul: {
            auto repeats = [](const Value& v) {
                return v.is_string() || plain_list(v) || v.kind() == Kind::tuple;
            };
            if (repeats(a) && b.is_integer()) return repeat(a, b.as_integer());
            if (repeats(b) && a.is_integer()) return repeat(b, a.as_integer());
            break;
        }
        case BinaryOp::mod:
            if (a.is_string()) {
                std::string out = percent_format(a.as_string(), b);
                return a.is_markup() ? Value::markup(std::move(out)) : Value(std::move(out));
            }
            break;
        default: break;
    }
    unsupported(symbol(op), a, b);
}

Value negate(const Value& v) {
    if (v.is_integer()) {
        int64_t r = 0;
        if (__builtin_sub_overflow(int64_t(0), v.as_integer(), &r)) overflow(BinaryOp::sub);
        return r;
    }
    if (v.kind() == Kind::real) return -v.as_real();
    if (v.is_undefined()) throw Error(v.undefined_message(), "a number behind -");
    throw Error("bad operand type for unary -: '" + v.type_name() + "'", "a number");
}

Value positive(const Value& v) {
    if (v.is_integer()) return v.as_integer();
    if (v.kind() == Kind::real) return v;
    if (v.is_undefined()) throw Error(v.undefined_message(), "a number behind +");
    throw Error("bad operand type for unary +: '" + v.type_name() + "'", "a number");
}

namespace {

// A slice of a range is a range; its text tells begin and step.
Value range_slice(const Value& range, std::vector<Value> items, int64_t first, int64_t last,
                  int64_t stride) {
    long long begin = 0, end = 0, step = 1;
    std::sscanf(range.as_sequence().text.c_str(), "range(%lld, %lld, %lld)", &begin, &end, &step);
    std::string text = "range(" + std::to_string(begin + first * step) + ", " +
                       std::to_string(begin + last * step);
    if (stride * step != 1) text += ", " + std::to_string(stride * step);
    return Sequence::make(std::move(items), Sequence::Flavor::range, text + ")");
}

int64_t bound(const Value& v, int64_t fallback) {
    if (v.is_none()) return fallback;
    if (v.is_integer()) return v.as_integer();
    if (v.is_undefined()) throw Error(v.undefined_message(), "an integer or none in a slice");
    throw Error("slice indices must be integers or None, not " + v.type_name(), "an integer");
}

}  // namespace

Value slice(const Value& value, const Value& start, const Value& stop, const Value& step) {
    bool text = value.is_string();
    bool view = value.is_sequence() && value.as_sequence().flavor != Sequence::Flavor::plain &&
                value.as_sequence().flavor != Sequence::Flavor::range;
    if (value.is_undefined()) throw Error(value.undefined_message(), "a list or string to slice");
    if (!text && (!value.is_sequence() || view))
        throw Error("'" + value.type_name() + "' object cannot be sliced", "a list or string");
    int64_t stride = bound(step, 1);
    if (stride == 0) throw Error("slice step cannot be zero", "another step");
    std::u32string points;
    if (text) points = text::decode(value.as_string());
    int64_t n = text ? int64_t(points.size()) : int64_t(value.as_items().size());
    // As Python clamps: negative bounds count from the end.
    auto clamp = [&](int64_t i, int64_t low, int64_t high) {
        if (i < 0) i = i < -n ? -1 - (stride > 0 ? -1 : 0) : i + n;
        return i < low ? low : i > high ? high : i;
    };
    int64_t low = stride > 0 ? 0 : -1, high = stride > 0 ? n : n - 1;
    int64_t first = start.is_none() ? (stride > 0 ? 0 : n - 1) : clamp(bound(start, 0), low, high);
    int64_t last = stop.is_none() ? (stride > 0 ? n : -1) : clamp(bound(stop, 0), low, high);
    std::u32string out_text;
    std::vector<Value> out;
    for (int64_t i = first; stride > 0 ? i < last : i > last;) {
        if (text) out_text += points[size_t(i)];
        else out.push_back(value.as_items()[size_t(i)]);
        if (__builtin_add_overflow(i, stride, &i)) break;
    }
    if (text) {
        std::string s = text::encode(out_text);
        spend_text(s.size());
        return value.is_markup() ? Value::markup(std::move(s)) : Value(std::move(s));
    }
    spend_items(out.size());
    if (!text && value.kind() == Kind::list &&
        value.as_sequence().flavor == Sequence::Flavor::range)
        return range_slice(value, std::move(out), first, last, stride);
    return value.kind() == Kind::tuple ? Value::tuple(std::move(out)) : Value::list(std::move(out));
}

Value get_attribute(const Value& v, const std::string& name) {
    // What every Python object has is there, and unsafe: undefined, without an error.
    static const char* kObject[] = {"__class__", "__doc__", "__init__", "__eq__", "__hash__"};
    if (v.is_undefined())
        for (const char* known : kObject)
            if (name == known)
                return Value::undefined("access to attribute '" + name + "' is unsafe");
    if (v.is_undefined()) throw Error(v.undefined_message(), "a value with ." + name);
    Value method;
    if (name.compare(0, 2, "__") != 0) {
        if (v.kind() == Kind::object) method = v.as_object()->attribute(name);
        else method = bound_method(v, name);
        if (!method.is_absent()) return method;
    }
    if (v.is_dict())
        if (const Value* item = v.as_dict().find_name(name)) return *item;
    std::string owner = v.is_none() ? "'None'" : "'" + v.type_name() + " object'";
    return Value::undefined(owner + " has no attribute " + repr_string(name));
}

Value get_item(const Value& v, const Value& key) {
    if (v.is_undefined()) throw Error(v.undefined_message(), "a value to look into");
    if (v.is_dict()) {
        bool hashable = key.kind() != Kind::list && !key.is_dict();
        if (hashable)
            if (const Value* item = v.as_dict().find(key)) return *item;
    } else if (key.is_integer() && (v.is_sequence() || v.is_string())) {
        bool view = v.is_sequence() && (v.as_sequence().flavor == Sequence::Flavor::keys ||
                                        v.as_sequence().flavor == Sequence::Flavor::values ||
                                        v.as_sequence().flavor == Sequence::Flavor::items);
        int64_t i = key.as_integer(), n = v.length();
        if (i < 0) i += n;
        if (i >= 0 && i < n && !view) {
            if (v.is_sequence()) return v.as_items()[size_t(i)];
            if (text::is_ascii(v.as_string())) return std::string(1, v.as_string()[size_t(i)]);
            std::string out;
            text::append(out, text::decode(v.as_string())[size_t(i)]);
            return out;
        }
    } else if (v.kind() == Kind::object && (key.is_string() || key.is_integer())) {
        Value found = v.as_object()->attribute(key.str());
        if (!found.is_undefined()) return found;
    }
    if (key.is_string()) {
        Value method = bound_method(v, key.as_string());
        if (!method.is_undefined()) return method;
        std::string owner = v.is_none() ? "'None'" : "'" + v.type_name() + " object'";
        return Value::undefined(owner + " has no attribute " + repr_string(key.as_string()));
    }
    std::string owner = v.is_none() ? "None" : v.type_name() + " object";
    return Value::undefined(owner + " has no element " + key.repr());
}

}  // namespace moonlet::jinja
