// SPDX-License-Identifier: Apache-2.0
// json.dumps with the options transformers' tojson passes on. Written here because its spacing,
// float format and escapes are Python's, which chat templates print into prompts.
#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "templates/format.h"
#include "templates/limits.h"
#include "templates/text.h"

namespace moonlet::jinja {

namespace {

class Writer {
  public:
    Writer(const JsonStyle& style) : style_(style) {}

    void write(const Value& v, int level) {
        spend();
        if (out.size() > limits().text_bytes) spend_text(out.size());
        switch (v.kind()) {
            case Kind::none: out += "null"; break;
            case Kind::boolean: out += v.truthy() ? "true" : "false"; break;
            case Kind::integer: out += std::to_string(v.as_integer()); break;
            case Kind::real: out += number(v.as_real()); break;
            case Kind::string: string(v.as_string()); break;
            case Kind::list:
                if (v.as_sequence().flavor != Sequence::Flavor::plain) refuse(v);
                [[fallthrough]];
            case Kind::tuple: array(v.as_items(), level); break;
            case Kind::dict: object(v, level); break;
            default: refuse(v);
        }
    }

    std::string out;

  private:
    [[noreturn]] static void refuse(const Value& v) {
        throw Error("Object of type " + v.type_name() + " is not JSON serializable" +
                        (v.is_undefined() ? " (" + v.undefined_message() + ")" : ""),
                    "none, booleans, numbers, strings, lists and dicts");
    }

    static std::string number(double d) {
        if (std::isnan(d)) return "NaN";
        if (std::isinf(d)) return d < 0 ? "-Infinity" : "Infinity";
        return repr_double(d);
    }

    void line(int level) {
        if (!style_.indented) return;
        spend_text(1 + style_.indent.size() * size_t(level));
        out += '\n';
        for (int i = 0; i < level; ++i) out += style_.indent;
    }

    void array(const std::vector<Value>& items, int level) {
        if (items.empty()) {
            out += "[]";
            return;
        }
        out += '[';
        for (size_t i = 0; i < items.size(); ++i) {
            if (i) out += style_.item_separator;
            line(level + 1);
            write(items[i], level + 1);
        }
        line(level);
        out += ']';
    }

    std::string key_text(const Value& key) {
        switch (key.kind()) {
            case Kind::string: return key.as_string();
            case Kind::none: return "null";
            case Kind::boolean: return key.truthy() ? "true" : "false";
            case Kind::integer: return key.str();
            case Kind::real: return number(key.as_real());
            default:
                throw Error("keys must be str, int, float, bool or None, not " + key.type_name(),
                            "a string as key");
        }
    }

    void object(const Value& v, int level) {
        auto items = v.as_dict().items;
        if (items.empty()) {
            out += "{}";
            return;
        }
        if (style_.sort_keys)
            std::stable_sort(items.begin(), items.end(), [](const auto& a, const auto& b) {
                return Value::compare(a.first, b.first) < 0;
            });
        out += '{';
        bool first = true;
        for (const auto& [key, value] : items) {
            if (!first) out += style_.item_separator;
            first = false;
            line(level + 1);
            string(key_text(key));
            out += style_.key_separator;
            write(value, level + 1);
        }
        line(level);
        out += '}';
    }

    void string(const std::string& s) {
        spend_text(s.size());
        char buffer[16];
        out += '"';
        for (size_t at = 0; at < s.size();) {
            char32_t c = text::next(s, at);
            if (c == '"') out += "\\\"";
            else if (c == '\\') out += "\\\\";
            else if (c == '\n') out += "\\n";
            else if (c == '\r') out += "\\r";
            else if (c == '\t') out += "\\t";
            else if (c == '\f') out += "\\f";
            else if (c == '\b') out += "\\b";
            else if (c < 0x20 || (style_.ascii && c >= 0x7f && c < 0x10000 && c != 0x7f)) {
                std::snprintf(buffer, sizeof buffer, "\\u%04x", unsigned(c));
                out += buffer;
            } else if (style_.ascii && c >= 0x10000) {
                unsigned high = 0xd800 + ((c - 0x10000) >> 10), low = 0xdc00 + (c & 0x3ff);
                std::snprintf(buffer, sizeof buffer, "\\u%04x\\u%04x", high, low);
                out += buffer;
            } else {
                text::append(out, c);
            }
        }
        out += '"';
    }

    const JsonStyle& style_;
};

}  // namespace

std::string json_dumps(const Value& value, const JsonStyle& style) {
    Writer writer(style);
    writer.write(value, 0);
    return std::move(writer.out);
}

}  // namespace moonlet::jinja
