// SPDX-License-Identifier: Apache-2.0
#include "templates/format_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "core/error.h"
#include "templates/format.h"
#include "templates/limits.h"
#include "templates/text.h"

namespace moonlet::jinja {

namespace {

constexpr int kMaxPrecision = 300;

// Pads `body` to the width; '=' puts the fill between the first `prefix` characters and the rest.
std::string pad(const std::string& body, const FormatSpec& spec, char own_align, size_t prefix) {
    size_t have = text::length(body);
    if (spec.width <= int64_t(have)) return body;
    size_t missing = size_t(spec.width) - have;
    spend_text(body.size() + missing * spec.fill.size());
    auto fill = [&](size_t n) {
        std::string out;
        for (size_t i = 0; i < n; ++i) out += spec.fill;
        return out;
    };
    switch (spec.align ? spec.align : own_align) {
        case '<': return body + fill(missing);
        case '^': return fill(missing / 2) + body + fill(missing - missing / 2);
        case '=': return body.substr(0, prefix) + fill(missing) + body.substr(prefix);
        default: return fill(missing) + body;
    }
}

std::string grouped(const std::string& digits, char mark, size_t every) {
    std::string out;
    for (size_t i = 0; i < digits.size(); ++i) {
        if (i && (digits.size() - i) % every == 0) out += mark;
        out += digits[i];
    }
    return out;
}

// With "0" before the width the zeros that fill it up are grouped, too: as many digits as make the
// grouped number at least so wide.
std::string zeros_first(std::string digits, const std::string& rest, const std::string& head,
                        const FormatSpec& spec) {
    if (spec.align != '=' || spec.fill != "0") return digits;
    const size_t every = spec.type == 'b' || spec.type == 'o' || (spec.type | 32) == 'x' ? 4 : 3;
    const int64_t width = spec.width - int64_t(head.size() + rest.size());
    auto wide = [&](size_t n) { return int64_t(n + (n - 1) / every); };
    if (digits.empty() || wide(digits.size()) >= width) return digits;
    spend_text(size_t(width));
    size_t n = digits.size();
    while (wide(n) < width) ++n;
    return std::string(n - digits.size(), '0') + digits;
}

std::string sign_of(bool negative, char sign) {
    return negative ? "-" : sign == '+' ? "+" : sign == ' ' ? " " : "";
}

std::string in_base(uint64_t value, int base) {
    char buffer[72];
    return std::string(buffer, std::to_chars(buffer, buffer + 72, value, base).ptr);
}

// printf with a checked precision: Python's 'f', 'e' and 'g' print as C's do.
std::string print(double value, char type, int precision, bool alternate) {
    std::string format = std::string("%") + (alternate ? "#" : "") + ".*" + type;
    int n = std::snprintf(nullptr, 0, format.c_str(), precision, value);
    std::string out(size_t(n) + 1, '\0');
    std::snprintf(out.data(), out.size(), format.c_str(), precision, value);
    out.resize(size_t(n));
    return out;
}

}  // namespace

FormatSpec parse_format_spec(const std::string& text) {
    std::u32string s = text::decode(text);
    auto bad = [&]() -> Error {
        return Error("format specification " + quote(text),
                     "[[fill]align][sign][#][0][width][,][.precision][type]");
    };
    FormatSpec spec;
    size_t at = 0;
    auto is_align = [](char32_t c) { return c == '<' || c == '>' || c == '=' || c == '^'; };
    if (s.size() > 1 && is_align(s[1])) {
        spec.fill.clear();
        text::append(spec.fill, s[0]);
        spec.align = char(s[1]);
        at = 2;
    } else if (!s.empty() && is_align(s[0])) {
        spec.align = char(s[0]);
        at = 1;
    }
    auto peek = [&]() { return at < s.size() ? s[at] : U'\0'; };
    if (peek() == '+' || peek() == '-' || peek() == ' ')
        spec.sign = char(s[at++]), spec.signed_ = true;
    if (peek() == 'z') ++at, spec.no_negative_zero = true;
    if (peek() == '#') ++at, spec.alternate = true;
    if (peek() == '0') {
        ++at;
        if (!spec.align) spec.align = '=', spec.fill = "0";
    }
    auto number = [&](int64_t limit) {
        int64_t n = 0;
        while (peek() >= '0' && peek() <= '9') {
            n = n * 10 + int64_t(s[at++] - '0');
            if (n > limit) throw bad();
        }
        return n;
    };
    spec.width = number(int64_t(limits().text_bytes));
    if (peek() == ',' || peek() == '_') spec.group = char(s[at++]);
    if (peek() == '.') {
        ++at;
        if (peek() < '0' || peek() > '9') throw bad();
        spec.precision = int(number(1 << 26));
    }
    if (at < s.size()) {
        if (s[at] > 127) throw bad();
        spec.type = char(s[at++]);
    }
    if (at != s.size()) throw bad();
    return spec;
}

std::string format_text(std::string_view value, const FormatSpec& spec) {
    if (spec.type && spec.type != 's')
        throw Error(std::string("format code '") + spec.type + "' for a string", "'s'");
    if (spec.align == '=' && spec.fill != "0")
        throw Error("'=' alignment for a string", "'<', '>' or '^'");
    if (spec.group || spec.signed_) throw Error("a sign or grouping for a string", "neither");
    std::string body(value);
    if (spec.precision >= 0) body = text::encode(text::decode(value).substr(0, spec.precision));
    FormatSpec left = spec;
    if (left.align == '=') left.align = '<';
    return pad(body, left, '<', 0);
}

std::string format_integer(int64_t value, const FormatSpec& spec) {
    bool negative = value < 0;
    uint64_t size = negative ? 0 - uint64_t(value) : uint64_t(value);
    std::string prefix, digits;
    switch (spec.type) {
        case 0:
        case 'd':
        case 'n': digits = in_base(size, 10); break;
        case 'b': digits = in_base(size, 2), prefix = "0b"; break;
        case 'o': digits = in_base(size, 8), prefix = "0o"; break;
        case 'x': digits = in_base(size, 16), prefix = "0x"; break;
        case 'X': digits = text::upper(in_base(size, 16)), prefix = "0X"; break;
        case 'c': {
            if (value < 0 || value > 0x10ffff)
                throw Error("%c of a number out of range", "a code point");
            std::string out;
            text::append(out, char32_t(value));
            return pad(out, spec, '<', 0);
        }
        case 'e':
        case 'E':
        case 'f':
        case 'F':
        case 'g':
        case 'G':
        case '%': return format_real(double(value), spec);
        default:
            throw Error(std::string("format code '") + spec.type + "' for an integer",
                        "one of b c d e f g n o x X %");
    }
    if (spec.precision >= 0 && !spec.type) throw Error("a precision for an integer", "none");
    bool decimal = spec.type == 0 || spec.type == 'd' || spec.type == 'n';
    std::string head = sign_of(negative, spec.sign) + (spec.alternate ? prefix : "");
    if (spec.group)
        digits = grouped(zeros_first(digits, "", head, spec), spec.group, decimal ? 3 : 4);
    return pad(head + digits, spec, '>', head.size());
}

std::string format_real(double value, const FormatSpec& spec) {
    if (spec.no_negative_zero) {  // what prints as -0 prints as 0
        FormatSpec plain = spec;
        plain.no_negative_zero = false;
        plain.width = 0;
        const std::string shown = format_real(value, plain);
        if (shown.find_first_of("123456789") == std::string::npos && std::isfinite(value))
            value = 0.0;
    }
    std::string head = sign_of(std::signbit(value) && !std::isnan(value), spec.sign), body;
    double size = std::abs(value);
    int precision = spec.precision < 0 ? 6 : std::min(spec.precision, kMaxPrecision);
    bool upper = spec.type == 'E' || spec.type == 'F' || spec.type == 'G';
    if (std::isnan(value) || std::isinf(value)) {
        body = std::isnan(value) ? "nan" : "inf";
        if (spec.type == '%') body += "%";
    } else {
        switch (spec.type) {
            case 0:
                if (spec.precision < 0) body = repr_double(size);
                else {
                    body = print(size, 'g', std::max(precision, 1), false);
                    if (body.find_first_of(".e") == std::string::npos) {
                        // Without a type at least one digit stands behind the point.
                        body = int(body.size()) < std::max(precision, 1) + 0 ? body + ".0" : body;
                        if (body.find('.') == std::string::npos)
                            body = print(size, 'e', std::max(precision, 1) - 1, false);
                    }
                }
                break;
            case 'e':
            case 'E': body = print(size, 'e', precision, spec.alternate); break;
            case 'f':
            case 'F': body = print(size, 'f', precision, spec.alternate); break;
            case 'g':
            case 'G':
            case 'n': body = print(size, 'g', precision, spec.alternate); break;
            case '%': body = print(size * 100, 'f', precision, spec.alternate) + "%"; break;
            default:
                throw Error(std::string("format code '") + spec.type + "' for a float",
                            "one of e f g n %");
        }
    }
    if (upper) body = text::upper(body);
    if (spec.group) {
        size_t end = body.find_first_not_of("0123456789");
        if (end == std::string::npos) end = body.size();
        const std::string rest = body.substr(end);
        body = grouped(zeros_first(body.substr(0, end), rest, head, spec), spec.group, 3) + rest;
    }
    return pad(head + body, spec, '>', head.size());
}

std::string repr_double(double d) {
    if (std::isnan(d)) return "nan";
    if (std::isinf(d)) return d < 0 ? "-inf" : "inf";
    char buffer[40];
    auto end = std::to_chars(buffer, buffer + 40, d, std::chars_format::scientific).ptr;
    std::string s(buffer, end), sign;
    if (s[0] == '-') sign = "-", s.erase(0, 1);
    size_t e = s.find('e');
    int exponent = std::atoi(s.c_str() + e + 1);
    std::string digits = s.substr(0, 1) + (e > 2 ? s.substr(2, e - 2) : "");
    int count = int(digits.size());
    if (exponent < -4 || exponent >= 16) {
        std::string out = sign + digits.substr(0, 1);
        if (count > 1) out += "." + digits.substr(1);
        char tail[16];
        std::snprintf(tail, sizeof tail, "e%c%02d", exponent < 0 ? '-' : '+', std::abs(exponent));
        return out + tail;
    }
    if (exponent < 0) return sign + "0." + std::string(size_t(-exponent - 1), '0') + digits;
    if (count <= exponent + 1)
        return sign + digits + std::string(size_t(exponent + 1 - count), '0') + ".0";
    return sign + digits.substr(0, size_t(exponent + 1)) + "." +
           digits.substr(size_t(exponent + 1));
}

}  // namespace moonlet::jinja
