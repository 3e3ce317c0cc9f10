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

// One line broken into lines of at most `width` characters, as Python's textwrap.wrap does with
// expand_tabs and replace_whitespace off: blanks around a break are dropped.
void wrap_line(const std::u32string& line, size_t width, bool break_long, bool on_hyphens,
               std::vector<std::string>& out) {
    std::vector<std::u32string> chunks;
    for (size_t i = 0; i < line.size();) {
        size_t j = i;
        bool space = text::is_space(line[i]);
        while (j < line.size() && text::is_space(line[j]) == space) {
            ++j;
            bool breaks = on_hyphens && !space && line[j - 1] == '-' && j - i > 1 &&
                          j < line.size() && text::is_alpha(line[j]) && text::is_alpha(line[j - 2]);
            if (breaks) break;
        }
        chunks.push_back(line.substr(i, j - i));
        i = j;
    }
    std::reverse(chunks.begin(), chunks.end());
    auto blank = [](const std::u32string& c) { return text::is_space(c[0]); };
    bool first = true;
    while (!chunks.empty()) {
        spend();
        std::vector<std::u32string> current;
        size_t have = 0;
        if (!first && blank(chunks.back())) chunks.pop_back();
        first = first && chunks.empty();
        while (!chunks.empty() && have + chunks.back().size() <= width) {
            have += chunks.back().size();
            current.push_back(std::move(chunks.back()));
            chunks.pop_back();
        }
        if (!chunks.empty() && chunks.back().size() > width) {
            size_t room = width > have ? width - have : 0;
            if (break_long && (room || current.empty())) {
                room = std::max<size_t>(room, 1);
                current.push_back(chunks.back().substr(0, room));
                chunks.back().erase(0, room);
                if (chunks.back().empty()) chunks.pop_back();
            } else if (current.empty()) {
                current.push_back(std::move(chunks.back()));
                chunks.pop_back();
            }
        }
        if (!current.empty() && blank(current.back())) current.pop_back();
        if (current.empty()) continue;
        std::u32string joined;
        for (auto& c : current) joined += c;
        out.push_back(text::encode(joined));
        first = false;
    }
}

Value do_wordwrap(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("wordwrap", {"width", "break_long_words", "wrapstring", "break_on_hyphens"}, a, k);
    int64_t width = b.integer(0, 79);
    if (width <= 0) throw Error("invalid width " + std::to_string(width), "a width above 0");
    if (!v.is_string()) throw Error("wordwrap of " + v.type_name(), "a string");
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

// Links for the words that begin like an address.
Value do_urlize(const Value& v, const Arguments& a, const NamedArguments& k) {
    Bound b("urlize", {"trim_url_limit", "nofollow", "target", "rel", "extra_schemes"}, a, k);
    std::string out, s = text_of(v);
    std::string rel = b.flag(1, false) ? "nofollow noopener" : "noopener";
    for (size_t i = 0; i < s.size();) {
        size_t j = i;
        bool space = std::isspace(static_cast<unsigned char>(s[i]));
        while (j < s.size() && bool(std::isspace(static_cast<unsigned char>(s[j]))) == space) ++j;
        std::string word = s.substr(i, j - i), tail, shown;
        i = j;
        while (!space && !word.empty() && strchr(".,:;!?)", word.back())) {
            tail.insert(0, 1, word.back());
            word.pop_back();
        }
        bool web = word.rfind("http://", 0) == 0 || word.rfind("https://", 0) == 0;
        bool bare = word.rfind("www.", 0) == 0;
        if (!web && !bare) {
            out += text::escape_html(word + tail);
            continue;
        }
        shown = word;
        int64_t limit = b.has(0) && !b[0].is_none() ? b.integer(0, 0) : -1;
        if (limit >= 0 && int64_t(text::length(shown)) > limit)
            shown = text::encode(text::decode(shown).substr(0, size_t(limit))) + "...";
        out += "<a href=\"" + text::escape_html((bare ? "https://" : "") + word) + "\" rel=\"" +
               rel + "\"" + (b.has(2) ? " target=\"" + b[2].html() + "\"" : "") + ">" +
               text::escape_html(shown) + "</a>" + text::escape_html(tail);
    }
    return out;
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
