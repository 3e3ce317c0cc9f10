// SPDX-License-Identifier: Apache-2.0
// How values print: Python's str() and repr().
#include <cmath>

#include "core/error.h"
#include "templates/format.h"
#include "templates/limits.h"
#include "templates/text.h"
#include "templates/value.h"

namespace moonlet::jinja {

namespace {

// repr into one buffer, so that nested values are not copied at each level.
void write_repr(const Value& v, std::string& out) {
    static thread_local int depth = 0;
    DepthGuard guard(depth, 2 * kMaxValueDepth, "printed values");
    spend();
    size_t before = out.size();
    auto list = [&](const std::vector<Value>& items, const char* open, const char* close) {
        out += open;
        for (size_t i = 0; i < items.size(); ++i) {
            if (i) out += ", ";
            write_repr(items[i], out);
        }
        out += close;
    };
    switch (v.kind()) {
        case Kind::undefined: out += "Undefined"; break;
        case Kind::string:
            if (v.is_markup()) out += "Markup(";
            out += repr_string(v.as_string());
            if (v.is_markup()) out += ")";
            break;
        case Kind::list: {
            auto& s = v.as_sequence();
            if (s.flavor == Sequence::Flavor::range) out += s.text;
            else if (s.flavor == Sequence::Flavor::plain) list(s.items, "[", "]");
            else {
                out += v.type_name();
                list(s.items, "([", "])");
            }
            break;
        }
        case Kind::tuple: list(v.as_items(), "(", v.as_items().size() == 1 ? ",)" : ")"); break;
        case Kind::dict: {
            out += "{";
            const char* comma = "";
            for (const auto& [key, value] : v.as_dict().items) {
                out += comma;
                write_repr(key, out);
                out += ": ";
                write_repr(value, out);
                comma = ", ";
            }
            out += "}";
            break;
        }
        case Kind::callable: out += "<function " + v.as_callable().name + ">"; break;
        case Kind::object: out += v.as_object()->repr(); break;
        default: out += v.str();
    }
    if (v.kind() == Kind::string) spend_text(out.size() - before);
    if (out.size() > limits().text_bytes) spend_text(out.size());
}

}  // namespace

std::string Value::repr() const {
    std::string out;
    write_repr(*this, out);
    return out;
}

std::string Value::str() const {
    switch (kind_) {
        case Kind::undefined: return "";
        case Kind::none: return "None";
        case Kind::boolean: return scalar_.i ? "True" : "False";
        case Kind::integer: return std::to_string(scalar_.i);
        case Kind::real: return repr_double(scalar_.d);
        case Kind::string: return as_string();
        default: return repr();
    }
}

std::string Value::html() const { return is_markup() ? as_string() : text::escape_html(str()); }

}  // namespace moonlet::jinja
