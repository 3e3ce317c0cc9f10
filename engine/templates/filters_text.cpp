// SPDX-License-Identifier: Apache-2.0
// Filters over text. All take any value and work on what it prints.
#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "templates/arguments.h"
#include "templates/builtins.h"
#include "templates/format.h"
#include "templates/limits.h"
#include "templates/ops.h"
#include "templates/text.h"

namespace moonlet::jinja {

Value do_urlize(const Value& v, const Arguments& a, const NamedArguments& k);  // filter_urlize.cpp

namespace {

// The input's text, counted against the budget.
std::string text_of(const Value& v) {
    std::string s = v.str();
    spend_text(s.size());
    return s;
}

// Markup stays markup through the filters that only move or case its characters.
Value like(const Value& v, std::string out) {
    return v.is_markup() ? Value::markup(std::move(out)) : Value(std::move(out));
}

template <std::string (*F)(std::string_view)>
Value cased(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("filter", {}, a, k);
    return like(v, F(text_of(v)));
}

// Upper case behind blanks, hyphens and opening brackets, lower case elsewhere.
Value do_title(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("title", {}, a, k);
    std::string out, rest;
    bool begins = true;
    auto flush = [&]() {
        out += text::lower(rest);
        rest.clear();
    };
    for (char32_t c : text::decode(text_of(v))) {
        bool opens = text::is_space(c) || (c < 128 && c && strchr("-({[<", int(c)));
        std::string one;
        text::append(one, c);
        if (opens || begins) {
            flush();
            out += opens ? one : text::upper(one);
        } else {
            rest += one;
        }
        begins = opens;
    }
    flush();
    return out;
}

Value do_trim(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("trim", {"chars"}, a, k);
    return like(v, text::strip(text_of(v), true, true, b.text_or_none(0)));
}

Value do_replace(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("replace", {"old", "new", "count"}, a, k, 2);
    int64_t count = b.has(2) && !b[2].is_none() ? b.integer(2, -1) : -1;
    return text::replace(text_of(v), b[0].str(), b[1].str(), count);
}

Value do_center(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("center", {"width"}, a, k);
    return bound_method(text_of(v), "center").call({b.integer(0, 80)});
}

Value do_indent(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("indent", {"width", "first", "blank"}, a, k);
    if (!v.is_string()) throw Error("indent of " + v.type_name(), "a string");
    std::string indent =
        b[0].is_string() ? b[0].as_string() : repeat(" ", b.integer(0, 4)).as_string();
    bool blank = b.flag(2, false), first_too = b.flag(1, false);
    std::string out, source = text_of(v) + "\n";
    auto lines = text::split_lines(source, false);
    for (size_t i = 0; i < lines.size(); ++i) {
        if (i) out += '\n';
        bool indented = i == 0 ? first_too : blank || !lines[i].empty();
        if (indented) {
            spend_text(indent.size());
            out += indent;
        }
        out += lines[i];
    }
    return like(v, std::move(out));
}

Value do_truncate(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("truncate", {"length", "killwords", "end", "leeway"}, a, k);
    int64_t length = b.integer(0, 255), leeway = b.has(3) && !b[3].is_none() ? b.integer(3, 5) : 5;
    std::string end = b.text(2, "...");
    int64_t end_length = int64_t(text::length(end));
    if (length < end_length)
        throw Error("truncate to " + std::to_string(length),
                    "at least the length of its end, " + std::to_string(end_length));
    if (leeway < 0) throw Error("leeway " + std::to_string(leeway), "at least 0");
    int64_t have = v.length();
    if (have < 0 || (!v.is_string() && have > length + leeway))
        throw Error("truncate of " + v.type_name(), "a string");
    if (have <= length + leeway) return v;
    std::u32string s = text::decode(text_of(v));
    s.resize(size_t(length - end_length));
    if (!b.flag(1, false)) {
        size_t space = s.rfind(U' ');
        if (space != std::u32string::npos) s.resize(space);
    }
    return text::encode(s) + end;
}

bool is_blank(char32_t c) { return c == ' ' || (c >= 9 && c <= 13); }

bool is_word(char32_t c) { return c == '_' || text::is_alpha(c) || text::is_numeric(c); }
bool is_letter(char32_t c) { return is_word(c) && !text::is_decimal(c); }
bool is_word_or_mark(char32_t c) {
    return is_word(c) || (c < 128 && c && strchr("!\"'&.,?", int(c)));
}

// Whether Python's textwrap breaks behind s[at], a hyphen: two letters, or a letter, a hyphen and a
// letter, before it, and letters behind it.
bool breaks_behind(const std::u32string& s, size_t at, size_t begin) {
    auto letter = [&](size_t i) { return i < s.size() && is_letter(s[i]); };
    const bool before =
        (at >= 2 && letter(at - 1) && letter(at - 2)) ||
        (at >= 3 && is_word_or_mark(s[at - 1]) && s[at - 2] == '-' && letter(at - 3));
    if (!before || at <= begin) return false;
    return letter(at + 1) &&
           (letter(at + 2) || (at + 2 < s.size() && s[at + 2] == '-' && letter(at + 3)));
}

// How many hyphens begin at `at`, where they are a dash between words.
size_t dash(const std::u32string& s, size_t at) {
    if (s[at] != '-' || at == 0 || !is_word_or_mark(s[at - 1])) return 0;
    size_t n = 0;
    while (at + n < s.size() && s[at + n] == '-') ++n;
    return n >= 2 && at + n < s.size() && is_word(s[at + n]) ? n : 0;
}

using Span = std::pair<size_t, size_t>;  // [first, last)

// The pieces a line may be broken between.
std::vector<Span> wrap_chunks(const std::u32string& s, bool on_hyphens) {
    std::vector<Span> chunks;
    for (size_t i = 0; i < s.size();) {
        spend();
        size_t j = i + 1;
        if (is_blank(s[i])) {
            while (j < s.size() && is_blank(s[j])) ++j;
        } else if (const size_t n = on_hyphens ? dash(s, i) : 0) {
            j = i + n;
        } else {
            while (j < s.size() && !is_blank(s[j])) {
                if (on_hyphens && (dash(s, j) || (s[j - 1] == '-' && breaks_behind(s, j - 1, i))))
                    break;
                ++j;
            }
        }
        chunks.emplace_back(i, j);
        i = j;
    }
    return chunks;
}

// One line broken into lines of at most `width` characters, as Python's textwrap.wrap does with
// expand_tabs and replace_whitespace off: blanks around a break are dropped.
void wrap_line(const std::u32string& s, size_t width, bool break_long, bool on_hyphens,
               std::vector<std::string>& out) {
    std::vector<Span> chunks = wrap_chunks(s, on_hyphens);
    auto blank = [&](Span c) {
        return std::all_of(s.begin() + long(c.first), s.begin() + long(c.second), text::is_space);
    };
    for (size_t next = 0; next < chunks.size();) {
        spend();
        if (!out.empty() && blank(chunks[next]) && ++next == chunks.size()) break;
        const size_t begin = chunks[next].first;
        Span last{begin, begin};
        size_t pieces = 0;
        while (next < chunks.size() && chunks[next].second - begin <= width)
            last = chunks[next++], ++pieces;
        if (next < chunks.size() && chunks[next].second - chunks[next].first > width) {
            Span& chunk = chunks[next];
            if (break_long) {
                size_t room = width - (last.second - begin);  // 0: Python adds an empty piece
                if (on_hyphens)
                    for (size_t i = room; i > 1; --i) {
                        if (s[chunk.first + i - 1] != '-') continue;
                        const auto first = s.begin() + long(chunk.first);
                        if (std::any_of(first, first + long(i - 1),
                                        [](auto c) { return c != '-'; }))
                            room = i;
                        break;
                    }
                last = {chunk.first, chunk.first + room};
                chunk.first += room;
                ++pieces;
            } else if (pieces == 0) {
                last = chunks[next++];
                ++pieces;
            }
        }
        size_t end = last.second;
        if (pieces && blank(last)) end = last.first, --pieces;
        if (pieces) out.push_back(text::encode(s.substr(begin, end - begin)));
    }
}

Value do_wordwrap(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("wordwrap", {"width", "break_long_words", "wrapstring", "break_on_hyphens"}, a, k);
    int64_t width = b.integer(0, 79);
    if (!v.is_string()) throw Error("wordwrap of " + v.type_name(), "a string");
    if (width <= 0 && v.truthy())
        throw Error("invalid width " + std::to_string(width), "a width above 0");
    const std::string* given = b.text_or_none(2);
    std::string wrap = given ? *given : "\n", out;
    bool first = true;
    for (const std::string& line : text::split_lines(text_of(v), false)) {
        std::vector<std::string> lines;
        wrap_line(text::decode(line), size_t(width), b.flag(1, true), b.flag(3, true), lines);
        if (!first) out += wrap;
        first = false;
        for (size_t i = 0; i < lines.size(); ++i) {
            spend_text(lines[i].size() + wrap.size());
            out += (i ? wrap : "") + lines[i];
        }
    }
    return out;
}

Value do_wordcount(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("wordcount", {}, a, k);
    int64_t words = 0;
    bool inside = false;
    for (char32_t c : text::decode(text_of(v))) {
        bool word = c == '_' || text::is_alpha(c) || text::is_numeric(c);
        words += word && !inside ? 1 : 0;
        inside = word;
    }
    return words;
}

Value do_format(const Value& v, const Arguments& a, const NamedArguments& k) {
    if (!a.empty() && !k.empty())
        throw Error("format got positional and named arguments", "one kind of them");
    if (k.empty()) return like(v, percent_format(v.str(), Value::tuple(a)));
    std::vector<std::pair<Value, Value>> named;
    for (auto& [name, value] : k) named.emplace_back(name, value);
    return like(v, percent_format(v.str(), Value::dict(std::move(named))));
}

Value do_striptags(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("striptags", {}, a, k);
    std::string s = text_of(v), out;
    for (size_t at = s.find("<!--"); at != std::string::npos; at = s.find("<!--", at)) {
        size_t end = s.find("-->", at);
        if (end == std::string::npos) break;
        s.erase(at, end + 3 - at);
    }
    for (size_t at = s.find('<'); at != std::string::npos; at = s.find('<', at)) {
        size_t end = s.find('>', at);
        if (end == std::string::npos) break;
        s.erase(at, end + 1 - at);
    }
    for (const std::string& word : text::split(s, nullptr, -1, false))
        out += (out.empty() ? "" : " ") + word;
    static const std::pair<const char*, const char*> kEntities[] = {
        {"&lt;", "<"},  {"&gt;", ">"},        {"&quot;", "\""}, {"&#34;", "\""},
        {"&#39;", "'"}, {"&nbsp;", "\u00a0"}, {"&amp;", "&"}};
    for (auto& [entity, text] : kEntities) out = text::replace(out, entity, text);
    return out;
}

std::string percent_encoded(const std::string& s, const char* safe) {
    static const char* kHex = "0123456789ABCDEF";
    std::string out;
    for (unsigned char c : s) {
        if (std::isalnum(c) || (c && strchr("_.-~", c)) || (c && strchr(safe, c))) out += char(c);
        else out += {'%', kHex[c >> 4], kHex[c & 15]};
    }
    return out;
}

Value do_urlencode(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound("urlencode", {}, a, k);
    if (v.is_string() || !v.iterable()) return percent_encoded(text_of(v), "/");
    std::string out;
    auto quoted_plus = [](const Value& part) {
        return text::replace(percent_encoded(text_of(part), " "), " ", "+");
    };
    auto pairs = v.is_dict() ? bound_method(v, "items").call({}).to_vector() : v.to_vector();
    for (const Value& pair : pairs) {
        auto both = pair.to_vector();
        if (both.size() != 2) throw Error("urlencode of " + pair.repr(), "pairs of key and value");
        out += (out.empty() ? "" : "&") + quoted_plus(both[0]) + "=" + quoted_plus(both[1]);
    }
    return out;
}

Value do_xmlattr(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("xmlattr", {"autospace"}, a, k);
    if (!v.is_dict()) throw Error("xmlattr of " + v.type_name(), "a dict");
    std::string out;
    for (auto& [key, value] : v.as_dict().items) {
        if (value.is_none() || value.is_undefined()) continue;
        std::string name = key.str();
        if (name.find_first_of(" \t\n\r\f\v/>=") != std::string::npos)
            throw Error("Invalid character in attribute name: " + repr_string(name), "a name");
        out += (out.empty() ? "" : " ") + text::escape_html(name) + "=\"" + value.html() + "\"";
    }
    return b.flag(0, true) && !out.empty() ? " " + out : out;
}

}  // namespace

const FilterTable& text_filters() {
    static const FilterTable table = {{"upper", cased<text::upper>},
                                      {"lower", cased<text::lower>},
                                      {"capitalize", cased<text::capitalize>},
                                      {"title", do_title},
                                      {"trim", do_trim},
                                      {"replace", do_replace},
                                      {"center", do_center},
                                      {"indent", do_indent},
                                      {"truncate", do_truncate},
                                      {"wordwrap", do_wordwrap},
                                      {"wordcount", do_wordcount},
                                      {"format", do_format},
                                      {"striptags", do_striptags},
                                      {"urlencode", do_urlencode},
                                      {"xmlattr", do_xmlattr},
                                      {"urlize", do_urlize}};
    return table;
}

}  // namespace moonlet::jinja
