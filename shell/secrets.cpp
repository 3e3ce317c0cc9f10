// SPDX-License-Identifier: Apache-2.0
#include "shell/secrets.h"

#include "shell/lexer.h"

namespace moonlet {

std::string without_keys(std::string_view code) {
    if (code.find("api_key") == std::string_view::npos) return std::string(code);
    std::string result;
    std::size_t copied = 0;
    bool named = false, assigned = false;  // the name has come; then its '='
    for (const Token& token : lex(code)) {
        if (token.kind == TokenKind::comment) continue;
        std::string_view text = token_text(code, token);
        bool literal = token.kind == TokenKind::string;
        if (assigned && literal) {
            result += code.substr(copied, token.begin - copied);
            result += "os.getenv \"OPENAI_API_KEY\"";
            copied = token.end;
        }
        assigned = named && text == "=";
        bool is_name = token.kind == TokenKind::name && text == "api_key";
        if (is_name || (literal && text.find("api_key") != std::string_view::npos)) named = true;
        else if (text != "]") named = false;
    }
    return result + std::string(code.substr(copied));
}

}  // namespace moonlet
