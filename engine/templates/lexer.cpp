// SPDX-License-Identifier: Apache-2.0
#include "templates/lexer.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "templates/template.h"
#include "templates/text.h"

namespace moonlet::jinja {

std::string describe(const Token& t) {
    switch (t.kind) {
        case TokenKind::data: return "text";
        case TokenKind::block_begin: return "'{%'";
        case TokenKind::block_end: return "'%}'";
        case TokenKind::variable_begin: return "'{{'";
        case TokenKind::variable_end: return "'}}'";
        case TokenKind::name: return "'" + t.text + "'";
        case TokenKind::string: return "the string " + quote(t.text, 30);
        case TokenKind::integer:
        case TokenKind::real: return "the number " + t.text;
        case TokenKind::op: return "'" + t.text + "'";
        case TokenKind::end: return "the end of the template";
    }
    return "";
}

namespace {

std::string unify_lines(const std::string& source) {
    std::string out;
    out.reserve(source.size());
    for (size_t i = 0; i < source.size(); ++i) {
        if (source[i] != '\r') out += source[i];
        else if (i + 1 >= source.size() || source[i + 1] != '\n') out += '\n';
    }
    if (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
}

bool is_name_start(char32_t c) { return c == '_' || text::is_alpha(c); }
bool is_name_part(char32_t c) { return is_name_start(c) || text::is_numeric(c); }

class Lexer {
  public:
    explicit Lexer(const std::string& source) : s_(unify_lines(source)) {}

    std::vector<Token> run() {
        while (at_ < s_.size()) template_text();
        emit(TokenKind::end, "", at_);
        return std::move(tokens_);
    }

  private:
    // Positions are found by counting on from the last one asked for; tokens come in order.
    void locate(size_t at, int& line, int& column) {
        while (seen_ < at) {
            if (s_[seen_] == '\n') ++line_, column_ = 0;
            size_t next = seen_;
            text::next(s_, next);
            seen_ = next;
            ++column_;
        }
        line = line_;
        column = column_;
    }

    Token& emit(TokenKind kind, std::string text, size_t at) {
        Token t;
        t.kind = kind;
        t.text = std::move(text);
        locate(at, t.line, t.column);
        tokens_.push_back(std::move(t));
        return tokens_.back();
    }

    [[noreturn]] void fail(size_t at, const std::string& what) {
        int line = 1, column = 1;
        for (size_t i = 0; i < at && i < s_.size();) {
            bool ends = s_[i] == '\n';
            text::next(s_, i);
            ends ? (++line, column = 1) : ++column;
        }
        throw TemplateError(line, column, what);
    }

    bool looking_at(const char* text) const { return s_.compare(at_, strlen(text), text) == 0; }

    // Text up to the next delimiter, then the tag behind it.
    void template_text() {
        size_t open = at_;
        while (true) {
            open = s_.find('{', open);
            if (open == std::string::npos) open = s_.size();
            if (open + 1 >= s_.size()) {
                open = s_.size();
                break;
            }
            char c = s_[open + 1];
            if (c == '{' || c == '%' || c == '#') break;
            ++open;
        }
        if (open >= s_.size()) {
            data(at_, s_.size());
            at_ = s_.size();
            return;
        }
        char kind = s_[open + 1];
        char mark = open + 2 < s_.size() ? s_[open + 2] : '\0';
        bool strip = mark == '-', keep = mark == '+';
        size_t text_end = open;
        if (strip) {
            text_end = strip_left(at_, open);
        } else if (!keep && kind != '{') {
            // lstrip_blocks: blanks between the line's begin and the tag go.
            size_t line = s_.rfind('\n', open ? open - 1 : 0);
            size_t from = open == 0 || line == std::string::npos || line < at_ ? at_ : line + 1;
            bool at_line_begin = from > at_ ? true : line_begins_at(at_);
            if (at_line_begin && only_space(from, open)) text_end = from;
        }
        data(at_, text_end);
        at_ = open + 2 + (strip || keep ? 1 : 0);
        if (kind == '#') comment(open);
        else if (kind == '{') tag(TokenKind::variable_begin, open, "}}");
        else if (!raw_block(open)) tag(TokenKind::block_begin, open, "%}");
    }

    // Whether the template text that begins here stands at the begin of a line: only then are the
    // blanks before a tag its indentation.
    bool line_begins_at(size_t at) const { return at == 0 || s_[at - 1] == '\n'; }

    bool only_space(size_t from, size_t to) const {
        for (size_t i = from; i < to;) {
            if (!text::is_space(text::next(s_, i))) return false;
        }
        return true;
    }

    size_t strip_left(size_t from, size_t to) const {
        std::string kept = text::strip(std::string_view(s_).substr(from, to - from), false, true);
        return from + kept.size();
    }

    void data(size_t from, size_t to) {
        if (to > from) emit(TokenKind::data, s_.substr(from, to - from), from);
    }

    // Behind a closing delimiter: "-" eats all white space, else trim_blocks eats one newline.
    void after(bool strip, bool trims) {
        if (strip) {
            while (at_ < s_.size()) {
                size_t next = at_;
                if (!text::is_space(text::next(s_, next))) break;
                at_ = next;
            }
        } else if (trims && at_ < s_.size() && s_[at_] == '\n') {
            ++at_;
        }
    }

    void comment(size_t open) {
        size_t end = s_.find("#}", at_);
        if (end == std::string::npos) fail(open, "comment without '#}'; wanted its end");
        char mark = end > at_ ? s_[end - 1] : '\0';
        at_ = end + 2;
        after(mark == '-', mark != '+');
    }

    void skip_space(size_t& at) const {
        while (at < s_.size()) {
            size_t next = at;
            if (!text::is_space(text::next(s_, next))) return;
            at = next;
        }
    }

    // {% raw %}: everything up to {% endraw %} is text.
    bool raw_block(size_t open) {
        size_t at = at_;
        skip_space(at);
        if (at > s_.size() || s_.compare(at, 3, "raw") != 0) return false;
        at += 3;
        skip_space(at);
        bool strip_first = at < s_.size() && s_[at] == '-';
        if (strip_first) ++at;
        if (at > s_.size() || s_.compare(at, 2, "%}") != 0) return false;
        at_ = at + 2;
        after(strip_first, false);  // Jinja2 does not trim behind {% raw %}
        for (size_t end = s_.find("{%", at_); end != std::string::npos;
             end = s_.find("{%", end + 1)) {
            size_t inner = end + 2;
            char mark = inner < s_.size() ? s_[inner] : '\0';
            if (mark == '-' || mark == '+') ++inner;
            skip_space(inner);
            if (s_.compare(inner, 6, "endraw") != 0) continue;
            inner += 6;
            skip_space(inner);
            char last = inner < s_.size() ? s_[inner] : '\0';
            if (last == '-' || last == '+') ++inner;
            if (s_.compare(inner, 2, "%}") != 0) continue;
            size_t text_end = end;
            if (mark == '-') text_end = strip_left(at_, end);
            else if (mark != '+') {
                size_t line = end ? s_.rfind('\n', end - 1) : std::string::npos;
                bool inside = line != std::string::npos && line >= at_;
                size_t from = inside ? line + 1 : at_;
                if ((inside || line_begins_at(at_)) && only_space(from, end)) text_end = from;
            }
            data(at_, text_end);
            at_ = inner + 2;
            after(last == '-', last != '+');
            return true;
        }
        fail(open, "{% raw %} without {% endraw %}; wanted its end");
    }

    void tag(TokenKind begin, size_t open, const char* close) {
        bool block = begin == TokenKind::block_begin;
        emit(begin, block ? "{%" : "{{", open);
        std::vector<char> brackets;
        while (true) {
            skip_space(at_);
            if (at_ >= s_.size())
                fail(open, std::string(block ? "'{%'" : "'{{'") + " is never closed; wanted '" +
                               close + "'");
            if (brackets.empty()) {
                bool strip = s_[at_] == '-' && s_.compare(at_ + 1, 2, close) == 0;
                bool keep = block && s_[at_] == '+' && s_.compare(at_ + 1, 2, close) == 0;
                if (strip || keep || looking_at(close)) {
                    emit(block ? TokenKind::block_end : TokenKind::variable_end, close, at_);
                    at_ += 2 + (strip || keep ? 1 : 0);
                    after(strip, block && !keep);
                    return;
                }
            }
            token(brackets);
        }
    }

    void token(std::vector<char>& brackets) {
        size_t begin = at_, next = at_;
        char c = s_[at_];
        char32_t point = text::next(s_, next);
        if (is_name_start(point)) {
            while (next < s_.size()) {
                size_t more = next;
                if (!is_name_part(text::next(s_, more))) break;
                next = more;
            }
            at_ = next;
            emit(TokenKind::name, s_.substr(begin, next - begin), begin);
        } else if (c >= '0' && c <= '9') {
            number();
        } else if (c == '\'' || c == '"') {
            string();
        } else {
            operation(brackets);
        }
    }

    void operation(std::vector<char>& brackets) {
        static const char* kLong[] = {"//", "**", "==", "!=", "<=", ">="};
        for (const char* op : kLong) {
            if (!looking_at(op)) continue;
            emit(TokenKind::op, op, at_);
            at_ += 2;
            return;
        }
        char c = s_[at_];
        if (!strchr("+-*/%~[](){}|.:,=<>;", c) || c == '\0') {
            size_t end = at_;
            text::next(s_, end);
            fail(at_, "unexpected character " + quote(s_.substr(at_, end - at_)) +
                          "; wanted an expression");
        }
        if (c == '(' || c == '[' || c == '{') {
            if (brackets.size() >= 500) fail(at_, "brackets nested too deep; wanted at most 500");
            brackets.push_back(c == '(' ? ')' : c == '[' ? ']' : '}');
        }
        if (c == ')' || c == ']' || c == '}') {
            if (brackets.empty()) fail(at_, std::string("unexpected '") + c + "'; nothing is open");
            if (brackets.back() != c)
                fail(at_, std::string("unexpected '") + c + "'; wanted '" + brackets.back() + "'");
            brackets.pop_back();
        }
        emit(TokenKind::op, std::string(1, c), at_);
        ++at_;
    }

    bool digit(size_t at, int base) const {
        if (at >= s_.size()) return false;
        unsigned char c = s_[at];
        if (base == 16) return std::isxdigit(c);
        return c >= '0' && c < '0' + base;
    }

    void digits(int base, std::string& out) {
        while (digit(at_, base) || (at_ < s_.size() && s_[at_] == '_' && digit(at_ + 1, base))) {
            if (s_[at_] != '_') out += s_[at_];
            ++at_;
        }
    }

    void number() {
        size_t begin = at_;
        std::string text;
        int base = 10;
        if (s_[at_] == '0' && at_ + 1 < s_.size()) {
            char c = s_[at_ + 1] | 32;
            int wanted = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 10;
            size_t first = at_ + 2 < s_.size() && s_[at_ + 2] == '_' ? at_ + 3 : at_ + 2;
            if (wanted != 10 && digit(first, wanted)) base = wanted, at_ = first;
        }
        // A leading zero is a number of its own, as in Python: 00 is 0, 01 is none.
        if (base == 10 && s_[at_] == '0') {
            while (at_ < s_.size() && (s_[at_] == '0' || (s_[at_] == '_' && digit(at_ + 1, 1))))
                ++at_;
            text = "0";
            size_t dot = at_;
            while (digit(dot, 10) || (dot < s_.size() && s_[dot] == '_')) ++dot;
            bool fraction = dot < s_.size() && (s_[dot] == '.' || (s_[dot] | 32) == 'e');
            if (fraction) digits(base, text);
        } else {
            digits(base, text);
        }
        bool real = false;
        if (base == 10) {
            bool after_dot = begin > 0 && s_[begin - 1] == '.';
            if (!after_dot && at_ < s_.size() && s_[at_] == '.' && digit(at_ + 1, 10)) {
                real = true;
                text += s_[at_++];
                digits(10, text);
            }
            size_t exponent = at_ + 1;
            if (exponent < s_.size() && (s_[exponent] == '-' || s_[exponent] == '+')) ++exponent;
            if (!after_dot && at_ < s_.size() && (s_[at_] | 32) == 'e' && digit(exponent, 10)) {
                real = true;
                text += s_.substr(at_, exponent - at_);
                at_ = exponent;
                digits(10, text);
            }
        }
        Token& t =
            emit(real ? TokenKind::real : TokenKind::integer, s_.substr(begin, at_ - begin), begin);
        if (real) {
            t.real = std::strtod(text.c_str(), nullptr);
            return;
        }
        auto end = text.data() + text.size();
        auto result = std::from_chars(text.data(), end, t.integer, base);
        if (result.ec != std::errc() || result.ptr != end)
            fail(begin, "the number " + text + " is too big; wanted at most 64 bits");
    }

    void string() {
        size_t begin = at_;
        char quotes = s_[at_++];
        std::string out;
        while (true) {
            if (at_ >= s_.size()) fail(begin, "a string is never closed; wanted the closing quote");
            char c = s_[at_++];
            if (c == quotes) break;
            if (c != '\\') {
                out += c;
                continue;
            }
            if (at_ >= s_.size()) fail(begin, "a string is never closed; wanted the closing quote");
            escape(out, s_[at_++]);
        }
        emit(TokenKind::string, out, begin);
    }

    char32_t hex(int count) {
        char32_t value = 0;
        for (int i = 0; i < count; ++i) {
            if (!digit(at_, 16))
                fail(at_, "a broken escape; wanted " + std::to_string(count) + " hex digits");
            unsigned char c = s_[at_++];
            value = value * 16 + (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
        }
        return value;
    }

    // Python's escapes in string literals.
    void escape(std::string& out, char c) {
        static const char kFrom[] = "abfnrtv\\'\"", kTo[] = "\a\b\f\n\r\t\v\\'\"";
        if (c == '\n') return;
        if (const char* hit = strchr(kFrom, c); hit && c) {
            out += kTo[hit - kFrom];
        } else if (c == 'x' || c == 'u' || c == 'U') {
            char32_t point = hex(c == 'x' ? 2 : c == 'u' ? 4 : 8);
            // A pair of surrogates, as JSON writes them, is one character.
            if (point >= 0xd800 && point < 0xdc00 && s_.compare(at_, 2, "\\u") == 0) {
                at_ += 2;
                char32_t low = hex(4);
                point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
            }
            if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) point = 0xfffd;
            text::append(out, point);
        } else if (c >= '0' && c <= '7') {
            char32_t point = char32_t(c - '0');
            for (int i = 0; i < 2 && digit(at_, 8); ++i)
                point = point * 8 + char32_t(s_[at_++] - '0');
            text::append(out, point);
        } else {
            out += '\\';
            out += c;
        }
    }

    std::string s_;
    size_t at_ = 0, seen_ = 0;  // seen_: how far positions are counted
    int line_ = 1, column_ = 1;
    std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(const std::string& source) { return Lexer(source).run(); }

}  // namespace moonlet::jinja
