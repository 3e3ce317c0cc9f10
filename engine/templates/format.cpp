// SPDX-License-Identifier: Apache-2.0
#include "templates/format.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "core/error.h"
#include "templates/format_number.h"
#include "templates/limits.h"
#include "templates/text.h"

namespace moonlet::jinja {

std::string repr_string(std::string_view s) {
    bool single = s.find('\'') != std::string_view::npos;
    char quote = single && s.find('"') == std::string_view::npos ? '"' : '\'';
    std::string out(1, quote);
    char buffer[16];
    for (size_t at = 0; at < s.size();) {
        size_t begin = at;
        char32_t c = text::next(s, at);
        if (c == char32_t(quote) || c == '\\') out += '\\', out += char(c);
        else if (c == '\n') out += "\\n";
        else if (c == '\r') out += "\\r";
        else if (c == '\t') out += "\\t";
        else if (c >= 0x20 && c < 0x7f) out += char(c);
        else if (text::is_printable(c)) out += s.substr(begin, at - begin);
        else {
            const char* form = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
            std::snprintf(buffer, sizeof buffer, form, unsigned(c));
            out += buffer;
        }
    }
    return out += quote;
}

namespace {
// ascii() of a repr: what is not ASCII as escapes.
std::string ascii_escaped(const std::string& s) {
    std::string out;
    char buffer[16];
    for (char32_t c : text::decode(s)) {
        const char* form = c < 0x80      ? "%c"
                           : c < 0x100   ? "\\x%02x"
                           : c < 0x10000 ? "\\u%04x"
                                         : "\\U%08x";
        std::snprintf(buffer, sizeof buffer, form, unsigned(c));
        out += buffer;
    }
    return out;
}
}  // namespace

std::string format_value(const Value& value, const std::string& text) {
    if (text.empty()) return value.str();
    FormatSpec spec = parse_format_spec(text);
    switch (value.kind()) {
        case Kind::string: return format_text(value.as_string(), spec);
        case Kind::boolean:
        case Kind::integer: return format_integer(value.as_integer(), spec);
        case Kind::real: return format_real(value.as_real(), spec);
        default:
            throw Error("unsupported format string passed to " + value.type_name() + ".__format__",
                        "a string or number");
    }
}

namespace {

// One "%…" directive: which value it takes and how it is laid out.
class PercentFormatter {
  public:
    PercentFormatter(const std::string& format, const Value& args) : f_(format), args_(args) {
        if (args.kind() != Kind::tuple) single_ = {args};
    }

    std::string run() {
        std::string out;
        while (at_ < f_.size()) {
            if (f_[at_] != '%') {
                out += f_[at_++];
                continue;
            }
            ++at_;
            directive(out);
        }
        // What Python takes for a mapping may go unused: dicts, lists, undefined, but no dict view.
        bool list =
            args_.kind() == Kind::list && (args_.as_sequence().flavor == Sequence::Flavor::plain ||
                                           args_.as_sequence().flavor == Sequence::Flavor::range);
        bool mapping = args_.is_dict() || list || args_.is_undefined();
        if (!mapping && taken_ < values().size())
            throw Error("not all arguments converted during string formatting",
                        "as many values as % directives");
        return out;
    }

  private:
    const std::vector<Value>& values() const {
        return args_.kind() == Kind::tuple ? args_.as_items() : single_;
    }
    const Value& take() {
        if (taken_ >= values().size())
            throw Error("not enough arguments for format string", "a value for each %");
        return values()[taken_++];
    }
    char peek() const { return at_ < f_.size() ? f_[at_] : '\0'; }

    int64_t number() {
        if (peek() == '*') {
            ++at_;
            const Value& v = take();
            if (!v.is_integer()) throw Error("* wants int", "an integer for *");
            const size_t most = limits().text_bytes;
            if (uint64_t(std::abs(v.as_integer())) > most) spend_text(most + 1);
            return v.as_integer();
        }
        int64_t n = 0;
        while (peek() >= '0' && peek() <= '9') {
            n = n * 10 + (f_[at_++] - '0');
            if (size_t(n) > limits().text_bytes) spend_text(size_t(n));
        }
        return n;
    }

    void directive(std::string& out) {
        const size_t begin = at_;
        Value named;
        bool has_name = false, zero = false;
        if (peek() == '(') {
            int open = 1;
            size_t begin = ++at_;
            while (at_ < f_.size() && open) {
                if (f_[at_] == '(') ++open;
                if (f_[at_] == ')') --open;
                ++at_;
            }
            if (open) throw Error("incomplete format key", "%(name)s");
            if (!args_.is_dict()) throw Error("format requires a mapping", "a dict");
            std::string name = f_.substr(begin, at_ - begin - 1);
            const Value* found = args_.as_dict().find_name(name);
            if (!found) throw Error("no key " + quote(name) + " for the format", "a key it has");
            named = *found;
            has_name = true;
        }
        FormatSpec spec;
        for (; at_ < f_.size(); ++at_) {
            char c = f_[at_];
            if (c == '-') spec.align = '<';
            else if (c == '+') spec.sign = '+';
            else if (c == ' ') spec.sign = spec.sign == '+' ? '+' : ' ';
            else if (c == '#') spec.alternate = true;
            else if (c == '0') zero = true;
            else break;
        }
        spec.width = number();
        if (spec.width < 0) spec.width = -spec.width, spec.align = '<';
        if (peek() == '.') {
            ++at_;
            spec.precision = int(std::max<int64_t>(0, number()));
        }
        while (peek() == 'h' || peek() == 'l' || peek() == 'L') ++at_;
        if (at_ >= f_.size()) throw Error("incomplete format", "a letter behind %");
        char type = f_[at_++];
        if (type == '%') {
            if (at_ != begin + 1)
                throw Error("unsupported format character '%'", "%% with nothing in between");
            out += '%';
            return;
        }
        std::string piece = convert(has_name ? named : take(), type, spec, zero);
        spend_text(piece.size());
        out += piece;
    }

    std::string convert(const Value& value, char type, FormatSpec spec, bool zero) {
        char own = '>';
        switch (type) {
            case 's':
            case 'r':
            case 'a':
                spec.align = spec.align ? spec.align : own;
                if (type == 'a') return format_text(ascii_escaped(value.repr()), spec);
                return format_text(type == 's' ? value.str() : value.repr(), spec);
            case 'c':
                if (value.is_string()) {
                    if (value.length() != 1)
                        throw Error("%c requires int or char", "one character");
                    spec.align = spec.align ? spec.align : own;
                    return format_text(value.as_string(), spec);
                }
                spec.align = spec.align ? spec.align : own;
                break;
            default: break;
        }
        if (std::string("cdiouxXeEfFgG").find(type) == std::string::npos)
            throw Error(std::string("unsupported format character '") + type + "'",
                        "one of s r d i u c o x X e E f F g G %");
        if (!value.is_number())
            throw Error(std::string("%") + type + " format: a real number is required, not " +
                            value.type_name(),
                        "a number");
        if (zero && spec.align != '<') spec.align = '=', spec.fill = "0";
        if (std::string("eEfFgG").find(type) != std::string::npos) {
            spec.type = type;
            return format_real(value.as_real(), spec);
        }
        bool truncates = type == 'd' || type == 'i' || type == 'u';
        if (value.kind() == Kind::real && !truncates)
            throw Error(std::string("%") + type + " format: an integer is required, not float",
                        "an integer");
        double real = value.as_real();
        if (value.kind() == Kind::real && !(std::abs(real) < 9.2e18))
            throw Error("%d of " + value.str(), "a number of at most 64 bits");
        int64_t integer = value.kind() == Kind::real ? int64_t(real) : value.as_integer();
        spec.type = truncates ? 'd' : type;
        int precision = spec.precision;
        spec.precision = -1;
        if (precision >= 0) {  // at least so many digits
            FormatSpec bare = spec;
            bare.width = 0;
            std::string body = format_integer(integer, bare);
            size_t sign = body.empty() || std::isdigit(static_cast<unsigned char>(body[0])) ? 0 : 1;
            if (body.size() - sign < size_t(precision)) {
                spend_text(size_t(precision));
                body.insert(sign, size_t(precision) - (body.size() - sign), '0');
            }
            FormatSpec outer;
            outer.width = spec.width;
            outer.align = spec.align == '<' ? '<' : '>';
            return format_text(body, outer);
        }
        return format_integer(integer, spec);
    }

    const std::string& f_;
    const Value& args_;
    std::vector<Value> single_;
    size_t at_ = 0, taken_ = 0;
};

class BraceFormatter {
  public:
    BraceFormatter(const Arguments& args, const NamedArguments& kwargs)
        : args_(args), kwargs_(kwargs) {}

    std::string run(const std::string& f, int depth) {
        if (depth > 2) throw Error("Max string recursion exceeded", "fields nested once");
        std::string out;
        for (size_t at = 0; at < f.size();) {
            char c = f[at];
            if ((c == '{' || c == '}') && at + 1 < f.size() && f[at + 1] == c) {
                out += c;
                at += 2;
            } else if (c == '}') {
                throw Error("Single '}' encountered in format string", "}} for a brace");
            } else if (c != '{') {
                out += c;
                ++at;
            } else {
                size_t begin = ++at;
                int open = 1;
                for (; at < f.size() && open; ++at)
                    open += f[at] == '{' ? 1 : f[at] == '}' ? -1 : 0;
                if (open) throw Error("expected '}' before end of string", "{field}");
                std::string piece = field(f.substr(begin, at - begin - 1), depth);
                spend_text(piece.size());
                out += piece;
            }
        }
        return out;
    }

  private:
    std::string field(const std::string& all, int depth) {
        size_t end = all.find_first_of("!:");
        // A colon inside [...] belongs to the name.
        size_t bracket = all.find('[');
        if (bracket != std::string::npos && end != std::string::npos && bracket < end) {
            size_t close = all.find(']', bracket);
            end = close == std::string::npos ? end : all.find_first_of("!:", close);
        }
        Value value = lookup(all.substr(0, end));
        std::string spec;
        if (end != std::string::npos) {
            size_t at = end;
            if (all[at] == '!') {
                char kind = at + 1 < all.size() ? all[at + 1] : '\0';
                if (kind == 's') value = value.str();
                else if (kind == 'r') value = value.repr();
                else if (kind == 'a') value = ascii_escaped(value.repr());
                else throw Error("Unknown conversion specifier in format string", "!s, !r or !a");
                at += 2;
                if (at < all.size() && all[at] != ':')
                    throw Error("expected ':' after conversion specifier", "{field!r:spec}");
            }
            if (at < all.size()) spec = run(all.substr(at + 1), depth + 1);
        }
        return format_value(value, spec);
    }

    Value lookup(const std::string& path) {
        size_t at = path.find_first_of(".[");
        std::string head = path.substr(0, at);
        Value value;
        bool digits = !head.empty() && std::all_of(head.begin(), head.end(),
                                                   [](char c) { return c >= '0' && c <= '9'; });
        if (head.empty() || digits) {
            if (numbering_ && *numbering_ != digits)
                throw Error("automatic and manual numbering of fields", "one of them");
            numbering_ = digits;
            size_t index = head.empty()      ? automatic_++
                           : head.size() > 9 ? ~size_t(0)
                                             : std::stoul(head);
            if (index >= args_.size())
                throw Error("Replacement index " + head + " out of range for positional args tuple",
                            "an argument for each {}");
            value = args_[index];
        } else {
            auto it = std::find_if(kwargs_.begin(), kwargs_.end(),
                                   [&](const auto& e) { return e.first == head; });
            if (it == kwargs_.end())
                throw Error("no argument named " + quote(head), "one of the named arguments");
            value = it->second;
        }
        while (at != std::string::npos && at < path.size()) {
            bool dot = path[at] == '.';
            size_t end = dot ? path.find_first_of(".[", at + 1) : path.find(']', at);
            if (!dot && end == std::string::npos) throw Error("Missing ']' in format string", "]");
            std::string name = path.substr(at + 1, end == std::string::npos ? end : end - at - 1);
            if (dot) value = get_attribute(value, name);
            else {
                bool number = !name.empty() && name.size() < 10 &&
                              name.find_first_not_of("0123456789") == std::string::npos;
                value = get_item(value, number ? Value(int64_t(std::stoll(name))) : Value(name));
            }
            at = dot ? end : end + 1;
        }
        return value;
    }

    const Arguments& args_;
    const NamedArguments& kwargs_;
    size_t automatic_ = 0;
    std::optional<bool> numbering_;  // by hand, or none seen yet
};

}  // namespace

std::string percent_format(const std::string& format, const Value& args) {
    // A dict that no %(name) asked for counts as one value.
    return PercentFormatter(format, args).run();
}

std::string brace_format(const std::string& format, const Arguments& args,
                         const NamedArguments& kwargs) {
    return BraceFormatter(args, kwargs).run(format, 1);
}

}  // namespace moonlet::jinja
