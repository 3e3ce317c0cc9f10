// SPDX-License-Identifier: Apache-2.0
#include "shell/highlighter.h"

#include <algorithm>

#include "shell/lexer.h"
#include "shell/name_scan.h"

namespace moonlet {
namespace {

constexpr std::size_t kMaxScanned = 64 << 10;

char closer_of(char open) { return open == '(' ? ')' : open == '[' ? ']' : '}'; }

}  // namespace

std::vector<Style> highlight(std::string_view text, std::size_t cursor,
                             const std::function<bool(std::string_view)>& is_defined) {
    std::vector<Style> styles(text.size(), Style::plain);
    std::size_t first = text.find_first_not_of(" \t\n");
    if (first != std::string_view::npos && (text[first] == ':' || text[first] == '?'))
        return styles;
    std::vector<std::size_t> open;
    auto at_cursor = [&](std::size_t at) { return at == cursor || at + 1 == cursor; };
    auto tokens = lex(text);
    for (const Token& token : tokens) {
        Style style = Style::plain;
        switch (token.kind) {
            case TokenKind::keyword: style = Style::keyword; break;
            case TokenKind::string: style = token.closed ? Style::string : Style::error; break;
            case TokenKind::number: style = Style::number; break;
            case TokenKind::comment: style = Style::comment; break;
            case TokenKind::bad: style = Style::error; break;
            default: break;
        }
        auto begin = styles.begin() + static_cast<std::ptrdiff_t>(token.begin);
        std::fill(begin, styles.begin() + static_cast<std::ptrdiff_t>(token.end), style);
        // Of an unfinished string only the quote is red: the rest may be a whole paragraph to come.
        if (token.kind == TokenKind::string && !token.closed) {
            std::fill(begin + 1, styles.begin() + static_cast<std::ptrdiff_t>(token.end),
                      Style::string);
        }
        if (token.kind != TokenKind::op || token.end != token.begin + 1) continue;
        char c = text[token.begin];
        if (c == '(' || c == '[' || c == '{') {
            open.push_back(token.begin);
        } else if (c == ')' || c == ']' || c == '}') {
            if (open.empty() || closer_of(text[open.back()]) != c) {
                styles[token.begin] = Style::error;
                continue;
            }
            if (at_cursor(open.back()) || at_cursor(token.begin)) {
                styles[open.back()] = styles[token.begin] = Style::match;
            }
            open.pop_back();
        }
    }
    for (std::size_t at : open) styles[at] = Style::error;
    if (!is_defined || text.size() > kMaxScanned) return styles;
    for (std::size_t i : scan_names(text, tokens).globals) {
        if (is_defined(token_text(text, tokens[i]))) continue;
        std::fill(styles.begin() + static_cast<std::ptrdiff_t>(tokens[i].begin),
                  styles.begin() + static_cast<std::ptrdiff_t>(tokens[i].end), Style::undefined);
    }
    return styles;
}

}  // namespace moonlet
