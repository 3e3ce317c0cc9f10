// SPDX-License-Identifier: Apache-2.0
#include "shell/lexer.h"

#include <algorithm>
#include <array>
#include <string>

namespace moonlet {
namespace {

constexpr std::array kKeywords = {
    std::string_view("and"),   std::string_view("break"),  std::string_view("do"),
    std::string_view("else"),  std::string_view("elseif"), std::string_view("end"),
    std::string_view("false"), std::string_view("for"),    std::string_view("function"),
    std::string_view("goto"),  std::string_view("if"),     std::string_view("in"),
    std::string_view("local"), std::string_view("nil"),    std::string_view("not"),
    std::string_view("or"),    std::string_view("repeat"), std::string_view("return"),
    std::string_view("then"),  std::string_view("true"),   std::string_view("until"),
    std::string_view("while")};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Level of a long bracket that opens at `at` ("[[" is 0, "[=[" is 1), -1 when there is none.
int long_bracket(std::string_view text, std::size_t at) {
    if (at >= text.size() || text[at] != '[') return -1;
    std::size_t i = at + 1;
    while (i < text.size() && text[i] == '=') ++i;
    return i < text.size() && text[i] == '[' ? static_cast<int>(i - at - 1) : -1;
}

std::size_t end_of_long(std::string_view text, std::size_t at, int level, bool* closed) {
    std::string close = "]" + std::string(static_cast<std::size_t>(level), '=') + "]";
    std::size_t found = text.find(close, at);
    *closed = found != std::string_view::npos;
    return *closed ? found + close.size() : text.size();
}

std::size_t end_of_string(std::string_view text, std::size_t at, bool* closed) {
    char quote = text[at];
    *closed = false;
    for (std::size_t i = at + 1; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
            if (i < text.size() && text[i] == 'z') {
                while (i + 1 < text.size() && is_space(text[i + 1])) ++i;
            }
        } else if (text[i] == quote) {
            *closed = true;
            return i + 1;
        } else if (text[i] == '\n') {
            return i;
        }
    }
    return text.size();
}

std::size_t end_of_number(std::string_view text, std::size_t at) {
    bool hex = text.substr(at, 2) == "0x" || text.substr(at, 2) == "0X";
    std::size_t i = at;
    while (i < text.size()) {
        char lower = static_cast<char>(text[i] | 0x20);
        bool exponent = i > at && (hex ? lower == 'p' : lower == 'e');
        if (exponent && i + 1 < text.size() && (text[i + 1] == '+' || text[i + 1] == '-')) {
            i += 2;
        } else if (is_name_char(text[i]) || text[i] == '.') {
            ++i;
        } else {
            break;
        }
    }
    return i;
}

Token next_token(std::string_view text, std::size_t at) {
    char c = text[at];
    if (is_name_start(c)) {
        std::size_t i = at;
        while (i < text.size() && is_name_char(text[i])) ++i;
        bool keyword = is_keyword(text.substr(at, i - at));
        return {keyword ? TokenKind::keyword : TokenKind::name, at, i};
    }
    if (is_digit(c) || (c == '.' && at + 1 < text.size() && is_digit(text[at + 1]))) {
        return {TokenKind::number, at, end_of_number(text, at)};
    }
    bool closed = true;
    if (c == '"' || c == '\'') {
        std::size_t end = end_of_string(text, at, &closed);
        return {TokenKind::string, at, end, closed};
    }
    if (text.substr(at, 2) == "--") {
        int level = long_bracket(text, at + 2);
        std::size_t end = level >= 0 ? end_of_long(text, at + 2, level, &closed)
                                     : std::min(text.find('\n', at), text.size());
        return {TokenKind::comment, at, end, closed};
    }
    if (int level = long_bracket(text, at); level >= 0) {
        std::size_t end = end_of_long(text, at, level, &closed);
        return {TokenKind::string, at, end, closed};
    }
    if (text.substr(at, 3) == "...") return {TokenKind::op, at, at + 3};
    for (std::string_view two : {"..", "==", "~=", "<=", ">=", "::"}) {
        if (text.substr(at, 2) == two) return {TokenKind::op, at, at + 2};
    }
    bool known = std::string_view("+-*/%^#<>=(){}[];:,.").find(c) != std::string_view::npos;
    return {known ? TokenKind::op : TokenKind::bad, at, at + 1};
}

}  // namespace

bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80);
}

bool is_name_char(char c) { return is_name_start(c) || is_digit(c); }

bool is_keyword(std::string_view word) {
    for (auto keyword : kKeywords) {
        if (word == keyword) return true;
    }
    return false;
}

bool is_name(std::string_view word) {
    if (word.empty() || !is_name_start(word[0]) || is_keyword(word)) return false;
    for (char c : word) {
        if (!is_name_char(c)) return false;
    }
    return true;
}

std::vector<Token> lex(std::string_view text) {
    std::vector<Token> tokens;
    std::size_t at = 0;
    while (at < text.size()) {
        if (is_space(text[at])) {
            ++at;
            continue;
        }
        tokens.push_back(next_token(text, at));
        at = tokens.back().end;
    }
    return tokens;
}

bool closes_block(std::string_view word) {
    return word == "end" || word == "else" || word == "elseif" || word == "until" || word == "}" ||
           word == ")" || word == "]";
}

std::size_t indentation(std::string_view before, bool closing) {
    std::vector<std::size_t> openers;  // byte positions
    for (const Token& token : lex(before)) {
        if (token.kind == TokenKind::string && !token.closed) return 0;
        if (token.kind != TokenKind::keyword && token.kind != TokenKind::op) continue;
        std::string_view word = token_text(before, token);
        if (closes_block(word) && word != "else" && !openers.empty()) openers.pop_back();
        if (word == "do" || word == "then" || word == "function" || word == "repeat" ||
            word == "(" || word == "{" || word == "[") {
            openers.push_back(token.begin);
        }
    }
    if (openers.empty()) return 0;
    std::size_t line = before.rfind('\n', openers.back());
    line = line == std::string_view::npos ? 0 : line + 1;
    std::size_t spaces = 0;
    while (line + spaces < before.size() && before[line + spaces] == ' ') ++spaces;
    return closing ? spaces : spaces + 2;
}

}  // namespace moonlet
