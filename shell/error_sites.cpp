// SPDX-License-Identifier: Apache-2.0
#include "shell/error_sites.h"

#include <algorithm>

#include "shell/lexer.h"

namespace moonlet {
namespace {

constexpr std::size_t kLinesBehind = 2;
constexpr std::size_t kLinesBefore = 40;  // of an expression that goes over several lines

bool one_of(std::string_view word, std::initializer_list<std::string_view> list) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

// The text between a string token's quotes when it holds no escape, else npos in *plain.
bool plain_string(std::string_view token, std::string* value) {
    if (token.size() < 2 || (token[0] != '"' && token[0] != '\'')) return false;
    *value = token.substr(1, token.size() - 2);
    return value->find('\\') == std::string::npos;
}

class Finder {
  public:
    Finder(std::string_view text, std::size_t line) : text_(text), line_(line) {
        std::size_t first = line > kLinesBefore ? line - kLinesBefore : 1;
        std::size_t row = 1, at = 0;
        for (const Token& token : lex(text)) {
            row += static_cast<std::size_t>(
                std::count(text.begin() + static_cast<std::ptrdiff_t>(at),
                           text.begin() + static_cast<std::ptrdiff_t>(token.begin), '\n'));
            at = token.begin;
            if (row > line + kLinesBefore) break;
            if (row < first || token.kind == TokenKind::comment) continue;
            tokens_.push_back(token);
            rows_.push_back(row);
        }
    }

    std::vector<Site> run() {
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            // `function a:b(c)` calls nothing.
            bool starts = tokens_[i].kind == TokenKind::name &&
                          !(i > 0 && (is_field(i - 1) || word(i - 1) == "function"));
            // ("text"):upper() and (a or b).c start with their bracket.
            bool bracket = word(i) == "(" && (i == 0 || !ends_operand(i - 1));
            if (starts || bracket) chain(i);
        }
        return std::move(sites_);
    }

  private:
    std::string_view text_;
    std::size_t line_;
    std::vector<Token> tokens_;
    std::vector<std::size_t> rows_;
    std::vector<Site> sites_;

    std::string_view word(std::size_t i) const {
        if (i >= tokens_.size() || tokens_[i].kind == TokenKind::string) return {};
        return token_text(text_, tokens_[i]);
    }
    bool is_string(std::size_t i) const {
        return i < tokens_.size() && tokens_[i].kind == TokenKind::string;
    }
    bool is_field(std::size_t i) const { return word(i) == "." || word(i) == ":"; }
    bool ends_operand(std::size_t i) const {
        TokenKind kind = tokens_[i].kind;
        return kind == TokenKind::name || kind == TokenKind::string || word(i) == ")" ||
               word(i) == "]" || word(i) == "}";
    }

    // The index behind the bracket that closes the one at i.
    std::size_t behind(std::size_t i) const {
        int depth = 0;
        for (; i < tokens_.size(); ++i) {
            if (one_of(word(i), {"(", "[", "{"})) ++depth;
            if (one_of(word(i), {")", "]", "}"}) && --depth == 0) return i + 1;
        }
        return i;
    }

    void add(SiteKind kind, const Site& expression, std::size_t done_at) {
        Site site = expression;
        site.kind = kind;
        site.line = rows_[std::min(done_at, rows_.size() - 1)];
        site.exact = site.first_line <= line_ && site.line >= line_;
        // The last argument of a call is evaluated on the line of the closing bracket.
        bool before = site.line < line_ && site.line + kLinesBehind >= line_;
        if (site.exact || before) sites_.push_back(std::move(site));
    }

    // A prefix expression that starts at token i, and everything done to it.
    void chain(std::size_t i) {
        std::size_t start = i;
        Site here{SiteKind::index,
                  tokens_[i].begin,
                  tokens_[i].end,
                  {},
                  {},
                  {},
                  false,
                  rows_[i],
                  0,
                  false};
        bool known = tokens_[i].kind == TokenKind::name;
        if (known) {
            here.last = word(i);
            here.keys = {here.last};
            here.numbers = {false};
            ++i;
        } else {
            i = behind(i);
            if (i > tokens_.size() || i == start) return;
            here.end = tokens_[i - 1].end;
        }
        auto unknown = [&] {
            here.keys.clear();
            here.numbers.clear();
            known = false;
        };
        while (i < tokens_.size()) {
            std::string_view w = word(i);
            if (is_field(i) && i + 1 < tokens_.size() && tokens_[i + 1].kind == TokenKind::name) {
                add(SiteKind::index, here, i + 1);
                here.last = word(i + 1);
                if (known) here.keys.push_back(here.last), here.numbers.push_back(false);
                here.method = w == ":";
                here.end = tokens_[i + 1].end;
                i += 2;
            } else if (w == "[") {
                add(SiteKind::index, here, i);
                std::size_t next = behind(i);
                std::string key;
                bool number = next == i + 3 && tokens_[i + 1].kind == TokenKind::number;
                if (number) key = word(i + 1);
                bool literal = number || (next == i + 3 && is_string(i + 1) &&
                                          plain_string(token_text(text_, tokens_[i + 1]), &key));
                if (known && literal) {
                    here.keys.push_back(key);
                    here.numbers.push_back(number);
                } else {
                    unknown();
                }
                here.last = number ? "" : key;
                here.method = false;
                i = next;
                here.end = tokens_[i - 1].end;
            } else if (w == "(" || w == "{" || is_string(i)) {
                // A bracket on a new line after a whole statement is read as a call, too.
                add(SiteKind::call, here, i);
                i = is_string(i) ? i + 1 : behind(i);
                here.end = tokens_[i - 1].end;
                here.last.clear();
                here.method = false;
                unknown();
            } else {
                break;
            }
        }
        operand(start, i, here);
    }

    void operand(std::size_t start, std::size_t next, const Site& here) {
        while (start > 0 && word(start - 1) == "(" && word(next) == ")" &&
               (start < 2 || !ends_operand(start - 2))) {
            --start;
            ++next;
        }
        std::string_view before = start > 0 ? word(start - 1) : std::string_view{};
        std::string_view after = word(next);
        std::size_t done = start > 0 ? start - 1 : start;
        if (before == "#") add(SiteKind::length, here, done);
        for (auto [w, at] : {std::pair{before, done}, std::pair{after, next}}) {
            if (one_of(w, {"+", "-", "*", "/", "%", "^"})) add(SiteKind::arithmetic, here, at);
            if (w == "..") add(SiteKind::concatenate, here, at);
            if (one_of(w, {"<", ">", "<=", ">="})) add(SiteKind::compare, here, at);
        }
    }
};

}  // namespace

std::vector<Site> sites_of_line(std::string_view text, std::size_t line) {
    return Finder(text, line).run();
}

std::size_t line_begin(std::string_view text, std::size_t line) {
    std::size_t at = 0;
    if (line == 0) return std::string_view::npos;
    for (std::size_t i = 1; i < line; ++i) {
        at = text.find('\n', at);
        if (at++ == std::string_view::npos) return std::string_view::npos;
    }
    return at;
}

std::string_view line_text(std::string_view text, std::size_t line) {
    std::size_t at = line_begin(text, line);
    if (at == std::string_view::npos || at > text.size()) return {};
    return text.substr(at, text.find('\n', at) - at);
}

}  // namespace moonlet
