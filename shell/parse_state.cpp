// SPDX-License-Identifier: Apache-2.0
#include "shell/parse_state.h"

#include <lua.hpp>

#include "shell/chunk_scan.h"
#include "shell/lexer.h"

namespace moonlet {
namespace {

// Empty when the text compiles, else LuaJIT's message.
std::string syntax_error(lua_State* L, const std::string& code, const std::string& chunk_name) {
    // The line break makes an unfinished "string an error of its line instead of a wish for more.
    std::string text = code + "\n";
    int status = luaL_loadbuffer(L, text.data(), text.size(), chunk_name.c_str());
    std::string message;
    if (status != 0) {
        const char* given = lua_tostring(L, -1);
        message = given ? given : "not enough memory";
    }
    lua_pop(L, 1);
    return message;
}

bool wants_more(const std::string& message) {
    static constexpr std::string_view kEnd = "<eof>", kQuoted = "'<eof>'";
    std::string_view view = message;
    return (view.size() >= kEnd.size() && view.substr(view.size() - kEnd.size()) == kEnd) ||
           (view.size() >= kQuoted.size() && view.substr(view.size() - kQuoted.size()) == kQuoted);
}

// The text without the semicolons (and comments between them) that end it.
std::string without_silencer(std::string_view text, bool* silent) {
    auto tokens = lex(text);
    std::string result(text);
    *silent = false;
    while (!tokens.empty()) {
        const Token& last = tokens.back();
        if (last.kind == TokenKind::op && token_text(text, last) == ";") {
            result[last.begin] = ' ';
            *silent = true;
        } else if (last.kind != TokenKind::comment) {
            break;
        }
        tokens.pop_back();
    }
    return result;
}

void place_caret(ParsedEntry& entry, std::string_view text, std::size_t at) {
    if (at >= text.size()) return;
    entry.error_line = 1;
    std::size_t line_start = 0;
    for (std::size_t i = 0; i < at; ++i) {
        if (text[i] != '\n') continue;
        ++entry.error_line;
        line_start = i + 1;
    }
    entry.error_column = at - line_start;
}

}  // namespace

ParsedEntry parse_entry(lua_State* L, std::string_view text, const std::string& chunk_name) {
    ParsedEntry entry;
    std::size_t first = text.find_first_not_of(" \t\n");
    bool equals = first != std::string_view::npos && text[first] == '=';
    std::string body(text);
    if (equals) body[first] = ' ';

    std::string expression = without_silencer(body, &entry.silent);
    std::string expression_error = syntax_error(L, "return " + expression, chunk_name);
    if (expression_error.empty()) {
        entry.state = ParseState::complete;
        entry.expression = true;
        entry.code = expression;
        return entry;
    }
    std::string error = equals ? expression_error : syntax_error(L, body, chunk_name);
    if (error.empty()) {
        entry.state = ParseState::complete;
        entry.code = body;
        return entry;
    }
    if (wants_more(error) || (wants_more(expression_error) && !entry.silent)) {
        entry.state = ParseState::incomplete;
        return entry;
    }
    // Two readings, two messages: the one that got further understood the text better.
    std::size_t at = scan_chunk(expression, true).error_at;
    std::size_t statement_at = equals ? 0 : scan_chunk(body, false).error_at;
    bool statement = statement_at >= at && !equals;
    entry.message = statement ? error : expression_error;
    place_caret(entry, text, statement ? statement_at : at);
    return entry;
}

}  // namespace moonlet
