// SPDX-License-Identifier: Apache-2.0
#include "shell/code_colors.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "shell/lexer.h"

namespace moonlet {
namespace {

struct Language {
    std::string_view names, comment, keywords;  // words between blanks
};

constexpr Language kLanguages[] = {
    {" python py ", "#",
     " and as assert async await break class continue def del elif else except False finally for "
     "from global if import in is lambda None nonlocal not or pass raise return True try while "
     "with yield "},
    {" sh bash shell zsh console ", "#",
     " if then else elif fi for in do done while case esac function return export local "},
    {" c cpp c++ cc h java go rust rs js javascript ts typescript cuda swift kotlin csharp cs ",
     "//",
     " if else for while do switch case default break continue return struct class enum union "
     "const constexpr static void int long short char float double bool auto true false null "
     "nullptr new delete public private protected template typename namespace using include "
     "function let var of import export from async await fn mut pub impl use match mod trait "
     "func package type interface defer go chan range map string throw try catch finally this "},
    {" sql ", "--",
     " select from where group by order limit insert into values update set delete create table "
     "join left right inner outer on as and or not null SELECT FROM WHERE GROUP BY ORDER LIMIT "
     "INSERT INTO VALUES UPDATE SET DELETE CREATE TABLE JOIN LEFT RIGHT INNER OUTER ON AS AND OR "
     "NOT NULL "},
    {" json ", "\x01", " true false null "},
    {" yaml yml toml ini make makefile dockerfile r ", "#", " true false null "},
};

bool has_word(std::string_view words, std::string_view word) {
    return !word.empty() && words.find(" " + std::string(word) + " ") != std::string_view::npos;
}

Style style_of(TokenKind kind) {
    switch (kind) {
        case TokenKind::keyword: return Style::keyword;
        case TokenKind::string: return Style::string;
        case TokenKind::number: return Style::number;
        case TokenKind::comment: return Style::comment;
        default: return Style::plain;
    }
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

}  // namespace

std::vector<Style> color_code(std::string_view language, std::string_view text) {
    std::vector<Style> styles(text.size(), Style::plain);
    auto paint = [&](std::size_t begin, std::size_t end, Style style) {
        std::fill(styles.begin() + static_cast<std::ptrdiff_t>(begin),
                  styles.begin() + static_cast<std::ptrdiff_t>(end), style);
    };
    if (language == "lua" || language == "moonlet") {
        for (const Token& token : lex(text)) paint(token.begin, token.end, style_of(token.kind));
        return styles;
    }
    const Language* known = nullptr;
    for (const Language& row : kLanguages)
        if (has_word(row.names, language)) known = &row;
    if (!known) return styles;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t begin = at;
        char c = text[at];
        if (text.substr(at, known->comment.size()) == known->comment) {
            at = std::min(text.find('\n', at), text.size());
            paint(begin, at, Style::comment);
        } else if (c == '"' || c == '\'') {
            for (++at; at < text.size() && text[at] != c && text[at] != '\n'; ++at)
                if (text[at] == '\\' && at + 1 < text.size()) ++at;
            if (at < text.size() && text[at] == c) {
                paint(begin, ++at, Style::string);
            } else {
                at = begin + 1;  // an apostrophe
            }
        } else if (is_word(c)) {
            while (at < text.size() && (is_word(text[at]) || (std::isdigit(c) && text[at] == '.')))
                ++at;
            std::string_view word = text.substr(begin, at - begin);
            if (std::isdigit(static_cast<unsigned char>(c))) paint(begin, at, Style::number);
            else if (has_word(known->keywords, word)) paint(begin, at, Style::keyword);
        } else {
            ++at;
        }
    }
    return styles;
}

}  // namespace moonlet
