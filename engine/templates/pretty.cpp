// SPDX-License-Identifier: Apache-2.0
// Python's pprint.pformat with its defaults: 80 columns, dicts sorted by key, containers broken
// one item a line and strings into quoted pieces where they are too wide.
#include <algorithm>

#include "core/error.h"
#include "templates/format.h"
#include "templates/limits.h"
#include "templates/text.h"

namespace moonlet::jinja {

namespace {

constexpr int kWidth = 80;

int width_of(const std::string& text) { return int(text::length(text)); }

// Keys of kinds without an order between them are sorted by their type's name.
bool before(const Value& a, const Value& b) {
    const bool comparable = (a.is_number() && b.is_number()) || a.kind() == b.kind();
    const bool ordered = a.is_number() || a.is_string() || a.kind() == Kind::tuple;
    if (comparable && ordered) return Value::compare(a, b) == -1;
    return a.type_name() < b.type_name();
}

std::vector<std::pair<Value, Value>> sorted(const Value& dict) {
    auto items = dict.as_dict().items;
    spend_items(items.size());
    std::stable_sort(items.begin(), items.end(),
                     [](auto& a, auto& b) { return before(a.first, b.first); });
    return items;
}

bool plain_list(const Value& v) {
    return v.kind() == Kind::list && v.as_sequence().flavor == Flavor::plain;
}

// repr with the keys of all dicts sorted.
void write_repr(const Value& v, std::string& out) {
    spend();
    if (v.is_dict()) {
        const char* comma = "";
        out += "{";
        for (auto& [key, value] : sorted(v)) {
            out += comma;
            write_repr(key, out);
            out += ": ";
            write_repr(value, out);
            comma = ", ";
        }
        out += "}";
    } else if (plain_list(v) || v.kind() == Kind::tuple) {
        const bool tuple = v.kind() == Kind::tuple;
        const char* comma = "";
        out += tuple ? "(" : "[";
        for (const Value& item : v.as_items()) {
            out += comma;
            write_repr(item, out);
            comma = ", ";
        }
        out += tuple ? v.as_items().size() == 1 ? ",)" : ")" : "]";
    } else {
        out += v.repr();
    }
    if (out.size() > limits().text_bytes) spend_text(out.size());
}

class Printer {
  public:
    // `allowance`: characters that will follow on the last line.
    void write(const Value& v, int indent, int allowance, int level) {
        std::string whole;
        write_repr(v, whole);
        spend_text(whole.size());
        if (width_of(whole) <= kWidth - indent - allowance) out += whole;
        else if (v.is_dict()) dict(v, indent, allowance + 1, level + 1);
        else if (plain_list(v)) items(v, indent, allowance + 1, level + 1, "[", "]");
        else if (v.kind() == Kind::tuple)
            items(v, indent, allowance + (v.as_items().size() == 1 ? 2 : 1), level + 1, "(",
                  v.as_items().size() == 1 ? ",)" : ")");
        else if (v.is_string() && !v.is_markup())
            string(v.as_string(), indent, allowance, level + 1);
        else out += whole;
    }
    std::string out;

  private:
    void line(int indent) {
        spend_text(size_t(indent) + 1);
        out += "\n" + std::string(size_t(indent), ' ');
    }

    void dict(const Value& v, int indent, int allowance, int level) {
        ++indent;
        const auto entries = sorted(v);
        out += "{";
        for (size_t i = 0; i < entries.size(); ++i) {
            const bool last = i + 1 == entries.size();
            std::string key;
            write_repr(entries[i].first, key);
            out += key + ": ";
            write(entries[i].second, indent + width_of(key) + 2, last ? allowance : 1, level);
            if (last) break;
            out += ",";
            line(indent);
        }
        out += "}";
    }

    void items(const Value& v, int indent, int allowance, int level, const char* open,
               const char* close) {
        ++indent;
        out += open;
        const auto& all = v.as_items();
        for (size_t i = 0; i < all.size(); ++i) {
            const bool last = i + 1 == all.size();
            write(all[i], indent, last ? allowance : 1, level);
            if (last) break;
            out += ",";
            line(indent);
        }
        out += close;
    }

    // Words with the white space behind them.
    static std::vector<std::string> words(const std::string& line) {
        std::vector<std::string> out;
        for (size_t at = 0; at < line.size();) {
            const size_t begin = at;
            size_t next = at;
            while (at < line.size() && !text::is_space(text::next(line, next))) at = next;
            next = at;
            while (at < line.size() && text::is_space(text::next(line, next))) at = next;
            out.push_back(line.substr(begin, at - begin));
        }
        return out;
    }

    void string(const std::string& s, int indent, int allowance, int level) {
        if (level == 1) ++indent, ++allowance;
        std::vector<std::string> chunks;
        const auto lines = text::split_lines(s, true);
        for (size_t i = 0; i < lines.size(); ++i) {
            const bool last_line = i + 1 == lines.size();
            const int room = kWidth - indent;
            std::string whole = repr_string(lines[i]);
            if (width_of(whole) <= room - (last_line ? allowance : 0)) {
                chunks.push_back(std::move(whole));
                continue;
            }
            std::string current;
            const auto parts = words(lines[i]);
            for (size_t j = 0; j < parts.size(); ++j) {
                spend_text(current.size());
                const bool last = last_line && j + 1 == parts.size();
                if (width_of(repr_string(current + parts[j])) > room - (last ? allowance : 0)) {
                    if (!current.empty()) chunks.push_back(repr_string(current));
                    current = parts[j];
                } else {
                    current += parts[j];
                }
            }
            if (!current.empty()) chunks.push_back(repr_string(current));
        }
        const bool brackets = level == 1 && chunks.size() > 1;
        if (brackets) out += "(";
        for (size_t i = 0; i < chunks.size(); ++i) {
            if (i) line(indent);
            out += chunks[i];
        }
        if (brackets) out += ")";
    }
};

}  // namespace

std::string pretty_repr(const Value& value) {
    Printer printer;
    printer.write(value, 0, 0, 0);
    return std::move(printer.out);
}

}  // namespace moonlet::jinja
