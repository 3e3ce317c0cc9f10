// SPDX-License-Identifier: Apache-2.0
#include "templates/text.h"

#include <utf8proc.h>

#include <algorithm>

#include "templates/limits.h"

namespace moonlet::jinja::text {

char32_t next(std::string_view s, size_t& at) {
    unsigned char lead = s[at];
    if (lead < 0x80) {
        ++at;
        return lead;
    }
    utf8proc_int32_t point = -1;
    utf8proc_ssize_t taken = utf8proc_iterate(
        reinterpret_cast<const utf8proc_uint8_t*>(s.data() + at), s.size() - at, &point);
    if (taken < 1) {
        ++at;
        return 0xFFFD;
    }
    at += taken;
    return char32_t(point);
}

void append(std::string& out, char32_t point) {
    if (point < 0x80) {
        out += char(point);
        return;
    }
    utf8proc_uint8_t bytes[4];
    out.append(reinterpret_cast<char*>(bytes), utf8proc_encode_char(point, bytes));
}

std::u32string decode(std::string_view s) {
    std::u32string out;
    out.reserve(s.size());
    for (size_t at = 0; at < s.size();) out += next(s, at);
    return out;
}

std::string encode(std::u32string_view points) {
    std::string out;
    out.reserve(points.size());
    for (char32_t c : points) append(out, c);
    return out;
}

bool is_ascii(std::string_view s) {
    return std::all_of(s.begin(), s.end(), [](unsigned char c) { return c < 0x80; });
}

size_t length(std::string_view s) {
    if (is_ascii(s)) return s.size();
    size_t n = 0;
    for (size_t at = 0; at < s.size(); ++n) next(s, at);
    return n;
}

bool is_space(char32_t c) {
    return (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 ||
           c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
           c == 0x202f || c == 0x205f || c == 0x3000;
}

bool is_alpha(char32_t c) {
    int k = utf8proc_category(c);
    return k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO;
}

bool is_decimal(char32_t c) { return utf8proc_category(c) == UTF8PROC_CATEGORY_ND; }

bool is_digit(char32_t c) {
    return is_decimal(c) || c == 0xb2 || c == 0xb3 || c == 0xb9 || c == 0x2070 ||
           (c >= 0x2074 && c <= 0x2079) || (c >= 0x2080 && c <= 0x2089) ||
           (c >= 0x2460 && c <= 0x2468);
}

bool is_numeric(char32_t c) {
    int k = utf8proc_category(c);
    return k == UTF8PROC_CATEGORY_ND || k == UTF8PROC_CATEGORY_NL || k == UTF8PROC_CATEGORY_NO;
}

bool is_printable(char32_t c) {
    if (c == ' ') return true;
    switch (utf8proc_category(c)) {
        case UTF8PROC_CATEGORY_CN:
        case UTF8PROC_CATEGORY_CC:
        case UTF8PROC_CATEGORY_CF:
        case UTF8PROC_CATEGORY_CS:
        case UTF8PROC_CATEGORY_CO:
        case UTF8PROC_CATEGORY_ZS:
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP: return false;
        default: return true;
    }
}

bool is_upper(char32_t c) { return utf8proc_category(c) == UTF8PROC_CATEGORY_LU; }
bool is_lower(char32_t c) {
    return utf8proc_category(c) == UTF8PROC_CATEGORY_LL || c == 0xaa || c == 0xba;
}
bool is_title(char32_t c) { return utf8proc_category(c) == UTF8PROC_CATEGORY_LT; }

namespace {

bool is_cased(char32_t c) { return is_upper(c) || is_lower(c) || is_title(c); }

// Unicode's SpecialCasing for the letters whose upper case is longer than one letter.
void append_upper(std::u32string& out, char32_t c, bool title) {
    switch (c) {
        case 0xdf: out += title ? U"Ss" : U"SS"; return;
        case 0x149: out += U"\u02bcN"; return;
        case 0x1f0: out += U"J\u030c"; return;
        case 0x390: out += U"\u0399\u0308\u0301"; return;
        case 0x3b0: out += U"\u03a5\u0308\u0301"; return;
        case 0x587: out += title ? U"\u0535\u0582" : U"\u0535\u0552"; return;
        case 0xfb00: out += title ? U"Ff" : U"FF"; return;
        case 0xfb01: out += title ? U"Fi" : U"FI"; return;
        case 0xfb02: out += title ? U"Fl" : U"FL"; return;
        case 0xfb03: out += title ? U"Ffi" : U"FFI"; return;
        case 0xfb04: out += title ? U"Ffl" : U"FFL"; return;
        case 0xfb05:
        case 0xfb06: out += title ? U"St" : U"ST"; return;
        default: out += title ? utf8proc_totitle(c) : utf8proc_toupper(c);
    }
}

void append_lower(std::u32string& out, const std::u32string& s, size_t i) {
    char32_t c = s[i];
    if (c == 0x130) {
        out += U"i\u0307";
    } else if (c == 0x3a3) {  // final sigma: a letter before it and none behind
        bool before = i > 0 && is_cased(s[i - 1]), behind = i + 1 < s.size() && is_cased(s[i + 1]);
        out += before && !behind ? 0x3c2 : 0x3c3;
    } else {
        out += utf8proc_tolower(c);
    }
}

}  // namespace

std::string lower(std::string_view s) {
    if (is_ascii(s)) {
        std::string out(s);
        for (char& c : out)
            if (c >= 'A' && c <= 'Z') c += 32;
        return out;
    }
    std::u32string in = decode(s), out;
    for (size_t i = 0; i < in.size(); ++i) append_lower(out, in, i);
    return encode(out);
}

std::string upper(std::string_view s) {
    std::u32string out;
    for (char32_t c : decode(s)) append_upper(out, c, false);
    return encode(out);
}

std::string casefold(std::string_view s) {
    if (is_ascii(s)) return lower(s);
    std::u32string out;
    for (char32_t c : decode(s)) {  // Unicode's full folding, which may make letters of one
        utf8proc_int32_t folded[8];
        int boundary = 0;
        utf8proc_ssize_t n =
            utf8proc_decompose_char(utf8proc_int32_t(c), folded, 8, UTF8PROC_CASEFOLD, &boundary);
        if (n < 1 || n > 8) out += c;
        else out.append(folded, folded + n);
    }
    return encode(out);
}

std::string title(std::string_view s) {
    std::u32string in = decode(s), out;
    bool inside = false;
    for (size_t i = 0; i < in.size(); ++i) {
        if (inside) append_lower(out, in, i);
        else append_upper(out, in[i], true);
        inside = is_cased(in[i]);
    }
    return encode(out);
}

std::string capitalize(std::string_view s) {
    std::u32string in = decode(s), out;
    for (size_t i = 0; i < in.size(); ++i) {
        if (i == 0) append_upper(out, in[i], true);
        else append_lower(out, in, i);
    }
    return encode(out);
}

std::string swapcase(std::string_view s) {
    std::u32string in = decode(s), out;
    for (size_t i = 0; i < in.size(); ++i) {
        if (is_upper(in[i])) append_lower(out, in, i);
        else if (is_lower(in[i])) append_upper(out, in[i], false);
        else out += in[i];
    }
    return encode(out);
}

std::string strip(std::string_view s, bool left, bool right, const std::string* chars) {
    std::u32string set = chars ? decode(*chars) : U"";
    auto drop = [&](char32_t c) {
        return chars ? set.find(c) != std::u32string::npos : is_space(c);
    };
    size_t first = 0, last = s.size();
    while (left && first < last) {
        size_t behind = first;
        if (!drop(next(s, behind))) break;
        first = behind;
    }
    while (right && last > first) {
        // Back to the character's first byte; a stray continuation byte is a character of its own.
        size_t begin = last - 1;
        while (begin > first && last - begin < 4 && (s[begin] & 0xC0) == 0x80) --begin;
        size_t end = begin;
        char32_t c = next(s, end);
        if (end != last) begin = last - 1, c = 0xFFFD;
        if (!drop(c)) break;
        last = begin;
    }
    return std::string(s.substr(first, last - first));
}

namespace {

std::vector<std::string> split_space(std::string_view s, int64_t limit, bool from_right) {
    std::u32string in = decode(s);
    if (from_right) std::reverse(in.begin(), in.end());
    std::vector<std::u32string> parts;
    size_t at = 0;
    while (true) {
        while (at < in.size() && is_space(in[at])) ++at;
        if (at == in.size()) break;
        size_t end = at;
        if (limit >= 0 && int64_t(parts.size()) == limit) {
            parts.push_back(in.substr(at));  // with the blanks at its far end
            break;
        }
        while (end < in.size() && !is_space(in[end])) ++end;
        parts.push_back(in.substr(at, end - at));
        at = end;
    }
    std::vector<std::string> out;
    for (auto& p : parts) {
        if (from_right) std::reverse(p.begin(), p.end());
        out.push_back(encode(p));
    }
    if (from_right) std::reverse(out.begin(), out.end());
    return out;
}

}  // namespace

std::vector<std::string> split(std::string_view s, const std::string* separator, int64_t limit,
                               bool from_right) {
    if (!separator) return split_space(s, limit, from_right);
    std::vector<std::string> out;
    if (from_right) {
        size_t end = s.size();
        while (limit < 0 || int64_t(out.size()) < limit) {
            if (end < separator->size()) break;
            size_t hit = s.rfind(*separator, end - separator->size());
            if (hit == std::string_view::npos) break;
            out.emplace_back(s.substr(hit + separator->size(), end - hit - separator->size()));
            end = hit;
        }
        out.emplace_back(s.substr(0, end));
        std::reverse(out.begin(), out.end());
        return out;
    }
    size_t at = 0;
    while (limit < 0 || int64_t(out.size()) < limit) {
        size_t hit = s.find(*separator, at);
        if (hit == std::string_view::npos) break;
        out.emplace_back(s.substr(at, hit - at));
        at = hit + separator->size();
    }
    out.emplace_back(s.substr(at));
    return out;
}

std::vector<std::string> split_lines(std::string_view s, bool keep_ends) {
    std::vector<std::string> out;
    size_t start = 0;
    for (size_t at = 0; at < s.size();) {
        size_t here = at;
        char32_t c = next(s, at);
        bool ends = (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 ||
                    c == 0x2028 || c == 0x2029;
        if (!ends) continue;
        if (c == '\r' && at < s.size() && s[at] == '\n') ++at;
        out.emplace_back(s.substr(start, (keep_ends ? at : here) - start));
        start = at;
    }
    if (start < s.size()) out.emplace_back(s.substr(start));
    return out;
}

std::string replace(std::string_view s, std::string_view from, std::string_view to, int64_t limit) {
    std::string out;
    if (from.empty()) {  // between all characters, as Python does
        int64_t done = 0;
        size_t at = 0;
        while (limit < 0 || done < limit) {
            spend_text(to.size());
            out += to;
            ++done;
            if (at >= s.size()) return out;
            size_t begin = at;
            next(s, at);
            out += s.substr(begin, at - begin);
        }
        return out += s.substr(at);
    }
    size_t at = 0;
    for (int64_t done = 0; limit < 0 || done < limit; ++done) {
        size_t hit = s.find(from, at);
        if (hit == std::string_view::npos) break;
        spend_text(to.size());
        out += s.substr(at, hit - at);
        out += to;
        at = hit + from.size();
    }
    return out += s.substr(at);
}

std::string escape_html(std::string_view s) {
    std::string out;
    for (char c : s) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&#34;"; break;
            case '\'': out += "&#39;"; break;
            default: out += c;
        }
    }
    return out;
}

}  // namespace moonlet::jinja::text
