// SPDX-License-Identifier: Apache-2.0
#include "shell/secrets.h"

#include "shell/lexer.h"

namespace moonlet {

namespace {

// The variable that holds what is given as `name`; "" for a name that holds no secret. Of what is
// called a token only one of the model hub is: "hf_…".
std::string_view variable_of(std::string_view name, std::string_view literal) {
    if (name == "api_key") return "OPENAI_API_KEY";
    if (name == "token" && literal.find("hf_") != std::string_view::npos) return "HF_TOKEN";
    return "";
}

// "api_key" or "token", as a name or within a literal, or "".
std::string_view secret_name(std::string_view text, bool literal) {
    for (std::string_view name : {"api_key", "token"})
        if (literal ? text.find(name) != std::string_view::npos : text == name) return name;
    return "";
}

}  // namespace

std::string without_keys(std::string_view code) {
    std::string result;
    std::size_t copied = 0;
    std::string_view named;  // the name that has come
    bool assigned = false;   // then its '='
    for (const Token& token : lex(code)) {
        if (token.kind == TokenKind::comment) continue;
        std::string_view text = token_text(code, token);
        bool literal = token.kind == TokenKind::string;
        if (assigned) {
            std::string_view variable = literal ? variable_of(named, text) : "";
            if (!variable.empty()) {
                result += code.substr(copied, token.begin - copied);
                result += "os.getenv \"" + std::string(variable) + "\"";
                copied = token.end;
            }
            named = "";
        }
        assigned = !named.empty() && text == "=";
        std::string_view name;
        if (literal || token.kind == TokenKind::name) name = secret_name(text, literal);
        if (!name.empty()) named = name;
        else if (text != "]" && text != "=") named = "";
    }
    return result + std::string(code.substr(copied));
}

}  // namespace moonlet
