// SPDX-License-Identifier: Apache-2.0
// Oniguruma's Ruby syntax -> PCRE2. What differs and matters in tokenizers: \s \d \w \h inside and
// outside of classes, (?m) meaning "dot matches newline", {n,m}+ not being possessive, {,n}, \p{..}
// of scripts (PCRE2 means script extensions) and of characters newer than PCRE2's tables.
#include <cctype>
#include <cstdio>
#include <map>

#include "core/error.h"
#include "tokenizers/regex.h"
#include "tokenizers/unicode.h"
#include "tokenizers/unicode_tables.h"

namespace moonlet {

namespace {

constexpr const char* kSpace =
    "\\x{9}-\\x{D}\\x{20}\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}"
    "\\x{205F}\\x{3000}";
constexpr const char* kNotSpace =
    "\\x{0}-\\x{8}\\x{E}-\\x{1F}\\x{21}-\\x{84}\\x{86}-\\x{9F}\\x{A1}-\\x{167F}\\x{1681}-\\x{1FFF}"
    "\\x{200B}-\\x{2027}\\x{202A}-\\x{202E}\\x{2030}-\\x{205E}\\x{2060}-\\x{2FFF}"
    "\\x{3001}-\\x{10FFFF}";
constexpr const char* kHex = "0-9A-Fa-f";

std::string hex_range(uint32_t first, uint32_t last) {
    char text[40];
    std::snprintf(text, sizeof text, first == last ? "\\x{%X}" : "\\x{%X}-\\x{%X}", first, last);
    return text;
}

bool is_category(const std::string& name) {
    static const std::string kFirst = "LMNPSZC";
    if (name.empty() || name.size() > 2 || kFirst.find(name[0]) == std::string::npos) return false;
    return name.size() == 1 || std::islower(static_cast<unsigned char>(name[1])) || name == "L&";
}

// The inside of a class that holds general category `name` ("L", "Nd").
std::string category(const std::string& name) {
    std::string body = "\\p{" + name + "}";
    for (auto& r : unicode::kNewInPatterns)
        if (std::string(r.category).compare(0, name.size(), name) == 0)
            body += hex_range(r.first, r.last);
    return body;
}

// \w: outside of classes Oniguruma counts Latin-1's superscripts and fractions in.
std::string word(bool in_class) {
    return category("L") + category("M") + category("Nd") + category("Nl") + category("Pc") +
           (in_class ? "" : "\\x{B2}\\x{B3}\\x{B9}\\x{BC}-\\x{BE}") +
           "\\x{24B6}-\\x{24E9}\\x{1F130}-\\x{1F149}\\x{1F150}-\\x{1F169}\\x{1F170}-\\x{1F189}";
}

// The inside of a class for \p{name}.
std::string property(const std::string& name) {
    static const std::map<std::string, std::string> kLong = {
        {"Letter", "L"}, {"Mark", "M"}, {"Number", "N"}, {"Punctuation", "P"}, {"Symbol", "S"},
        {"Separator", "Z"}, {"Other", "C"}, {"Uppercase_Letter", "Lu"}, {"Lowercase_Letter", "Ll"},
        {"Decimal_Number", "Nd"}, {"Digit", "Nd"}};
    auto it = kLong.find(name);
    if (it != kLong.end()) return category(it->second);
    if (is_category(name)) return category(name);
    if (name == "Space" || name == "White_Space") return kSpace;
    if (name == "Word") return word(true);
    if (name == "Alpha" || name == "Alphabetic") return "\\p{Alphabetic}";
    if (name == "Alnum") return "\\p{Alphabetic}" + category("Nd");
    if (name == "Punct") return category("P") + category("S");
    if (name == "Upper") return "\\p{Uppercase}";
    if (name == "Lower") return "\\p{Lowercase}";
    if (name == "Han") return "\\p{sc:Han}\\x{2B739}\\x{2EBF0}-\\x{2EE5D}\\x{31350}-\\x{323AF}";
    if (name == "Any") return hex_range(0, 0x10FFFF);
    return "\\p{sc:" + name + "}";
}

class Translator {
  public:
    explicit Translator(const std::string& in) : in_(in) {}

    std::string run() {
        while (at_ < in_.size()) {
            char c = in_[at_];
            if (c == '\\') {
                atom_ = out_.size();
                escape(false);
            } else if (c == '[') {
                atom_ = out_.size();
                character_class();
            } else if (c == '(') {
                groups_.push_back(out_.size());
                open_group();
            } else if (c == ')') {
                out_ += in_[at_++];
                if (!groups_.empty()) {
                    atom_ = groups_.back();
                    groups_.pop_back();
                }
            } else if (c == '{' && quantifier()) {
                continue;
            } else {
                if (c != '*' && c != '+' && c != '?' && c != '{') atom_ = out_.size();
                copy_character();
            }
        }
        return out_;
    }

  private:
    [[noreturn]] void refuse(const std::string& what) const {
        throw Error("the pattern " + quote(in_, 200) + " uses " + what, "a pattern without it");
    }

    void copy_character() {
        size_t n = unicode::width(static_cast<unsigned char>(in_[at_]));
        out_.append(in_, at_, n);
        at_ += n;
    }

    // (?m) is PCRE's (?s); everything else of a group's head is the same.
    void open_group() {
        out_ += in_[at_++];
        if (at_ >= in_.size() || in_[at_] != '?') return;
        size_t end = at_ + 1;
        while (end < in_.size() && (in_[end] == 'i' || in_[end] == 'm' || in_[end] == 'x' ||
                                    in_[end] == '-'))
            ++end;
        if (end >= in_.size() || (in_[end] != ':' && in_[end] != ')')) return;
        for (; at_ < end; ++at_) out_ += in_[at_] == 'm' ? 's' : in_[at_];
    }

    // {n}, {n,}, {,n}, {n,m}; false when the brace is a literal.
    bool quantifier() {
        size_t i = at_ + 1;
        std::string low, high;
        while (i < in_.size() && std::isdigit(static_cast<unsigned char>(in_[i]))) low += in_[i++];
        bool comma = i < in_.size() && in_[i] == ',';
        if (comma) ++i;
        while (i < in_.size() && std::isdigit(static_cast<unsigned char>(in_[i]))) high += in_[i++];
        if (i >= in_.size() || in_[i] != '}' || (low.empty() && high.empty())) return false;
        at_ = i + 1;
        out_ += "{" + (low.empty() ? "0" : low) + (comma ? "," + high : "") + "}";
        if (at_ < in_.size() && in_[at_] == '+') {  // one or more times the counted atom
            out_.insert(atom_, "(?:");
            out_ += ")";
        }
        return true;
    }

    std::string braces() {
        size_t end = in_.find('}', at_);
        if (at_ >= in_.size() || in_[at_] != '{' || end == std::string::npos)
            refuse("\\p without {…}");
        std::string name = in_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
        return name;
    }

    void emit(bool in_class, const std::string& body, bool negated) {
        if (!in_class) out_ += (negated ? "[^" : "[") + body + "]";
        else if (!negated) out_ += body;
        else refuse("a negated class such as \\W inside of [ ]");
    }

    // \b with our \w; in a class \b is a backspace.
    void boundary(bool in_class, bool wanted) {
        if (in_class) {
            out_ += "\\x{8}";
            return;
        }
        std::string w = "[" + word(false) + "]";
        out_ += wanted ? "(?:(?<=" + w + ")(?!" + w + ")|(?<!" + w + ")(?=" + w + "))"
                       : "(?:(?<=" + w + ")(?=" + w + ")|(?<!" + w + ")(?!" + w + "))";
    }

    void escape(bool in_class) {
        if (at_ + 1 >= in_.size()) refuse("a backslash at its end");
        char e = in_[at_ + 1];
        at_ += 2;
        switch (e) {
            case 's': return emit(in_class, kSpace, false);
            case 'S': return emit(in_class, kNotSpace, false);
            case 'w': return emit(in_class, word(in_class), false);
            case 'W': return emit(in_class, word(in_class), true);
            case 'd': return emit(in_class, category("Nd"), false);
            case 'D': return emit(in_class, category("Nd"), true);
            case 'b':
            case 'B': return boundary(in_class, e == 'b');
            case 'h': return emit(in_class, kHex, false);
            case 'H': return emit(in_class, kHex, true);
            case 'v': out_ += "\\x{B}"; return;
            case 'u':
                out_ += "\\x{" + in_.substr(at_, 4) + "}";
                at_ += 4;
                return;
            case 'p':
            case 'P': {
                std::string name = braces();
                bool negated = e == 'P';
                if (!name.empty() && name[0] == '^') {
                    negated = !negated;
                    name.erase(0, 1);
                }
                if (in_class && negated) out_ += "\\P{" + name + "}";
                else emit(in_class, property(name), negated);
                return;
            }
            default:
                out_ += '\\';
                --at_;
                copy_character();
        }
    }

    // [:name:] inside of a class.
    void posix_class() {
        static const std::map<std::string, std::string> kNames = {
            {"alpha", "Alpha"}, {"alnum", "Alnum"}, {"upper", "Upper"}, {"lower", "Lower"},
            {"digit", "Nd"},    {"space", "Space"}, {"word", "Word"}};
        size_t end = in_.find(":]", at_);
        if (end == std::string::npos) refuse("an unclosed [:class:]");
        std::string name = in_.substr(at_ + 2, end - at_ - 2);
        auto it = kNames.find(name);
        if (it != kNames.end()) out_ += property(it->second);
        else if (name == "punct") out_ += category("P") + category("S");
        else if (name == "xdigit") out_ += kHex;
        else if (name == "blank") out_ += category("Zs") + "\\t";
        else if (name == "cntrl") out_ += "\\p{Cc}";
        else refuse("[:" + name + ":]");
        at_ = end + 2;
    }

    void character_class() {
        out_ += in_[at_++];
        if (at_ < in_.size() && in_[at_] == '^') out_ += in_[at_++];
        if (at_ < in_.size() && in_[at_] == ']') {
            out_ += "\\]";
            ++at_;
        }
        while (at_ < in_.size() && in_[at_] != ']') {
            if (in_[at_] == '\\') {
                escape(true);
            } else if (in_.compare(at_, 2, "[:") == 0) {
                posix_class();
            } else if (in_[at_] == '[') {
                refuse("a class inside of a class");
            } else if (in_.compare(at_, 2, "&&") == 0) {
                refuse("an intersection of classes (&&)");
            } else {
                copy_character();
            }
        }
        if (at_ >= in_.size()) refuse("a [ without its ]");
        out_ += in_[at_++];
    }

    const std::string& in_;
    size_t at_ = 0;
    std::string out_;
    size_t atom_ = 0;             // where the last atom begins in out_
    std::vector<size_t> groups_;  // where the open groups begin in out_
};

}  // namespace

std::string to_pcre2(const std::string& pattern) { return Translator(pattern).run(); }

}  // namespace moonlet
