// SPDX-License-Identifier: Apache-2.0
#include "shell/call_site.h"

namespace moonlet {
namespace {

constexpr std::size_t kNone = std::string::npos;

struct Open {
    char kind;  // ( { [ or b for a block
    bool call = false;
    std::size_t callee = 0, commas = 0;
    std::set<std::string> given{};
    std::string key{};
};

std::string_view word(std::string_view text, const std::vector<Token>& tokens, std::size_t i) {
    if (i >= tokens.size() || tokens[i].kind == TokenKind::string) return {};
    return token_text(text, tokens[i]);
}

// Can a bracket behind this token be a call's?
bool ends_callee(std::string_view text, const std::vector<Token>& tokens, std::size_t i) {
    if (i == kNone) return false;
    auto last = word(text, tokens, i);
    return tokens[i].kind == TokenKind::name || last == ")" || last == "]";
}

void close(std::vector<Open>& open, bool block) {
    while (!open.empty() && (open.back().kind == 'b') != block) {
        if (!block) return;  // a bracket does not close a block
        open.pop_back();
    }
    if (!open.empty()) open.pop_back();
}

// The index of the bracket that the one at `i` closes, kNone without one.
std::size_t opener_of(std::string_view text, const std::vector<Token>& tokens, std::size_t i) {
    std::size_t depth = 0;
    for (++i; i-- > 0;) {
        auto mark = word(text, tokens, i);
        if (mark == ")" || mark == "}" || mark == "]") ++depth;
        if ((mark == "(" || mark == "{" || mark == "[") && --depth == 0) return i;
    }
    return kNone;
}

std::size_t before(const std::vector<Token>& tokens, std::size_t i) {
    while (i-- > 0) {
        if (tokens[i].kind != TokenKind::comment) return i;
    }
    return kNone;
}

}  // namespace

std::optional<CallSite> call_at(std::string_view text, const std::vector<Token>& tokens) {
    std::vector<Open> open;
    std::size_t previous = kNone;
    bool header = false;  // between `function` and its parameters
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (tokens[i].kind == TokenKind::comment) continue;
        auto mark = word(text, tokens, i);
        if (mark == "(" || mark == "{" || mark == "[") {
            Open next{mark[0]};
            next.call = mark != "[" && !header && ends_callee(text, tokens, previous);
            next.callee = previous == kNone ? 0 : previous;
            header = false;
            open.push_back(std::move(next));
        } else if (mark == ")" || mark == "}" || mark == "]") {
            close(open, false);
        } else if (mark == "function" || mark == "do" || mark == "then" || mark == "repeat") {
            open.push_back({'b'});
            header = mark == "function";
        } else if (mark == "end" || mark == "until" || mark == "elseif" || mark == "else") {
            close(open, true);
            if (mark == "else") open.push_back({'b'});
        } else if ((mark == "," || mark == ";") && !open.empty()) {
            ++open.back().commas;
            open.back().key.clear();
        } else if (mark == "=" && !open.empty() && open.back().kind == '{' && previous != kNone &&
                   tokens[previous].kind == TokenKind::name) {
            open.back().key = word(text, tokens, previous);
            open.back().given.insert(open.back().key);
        }
        previous = i;
    }
    for (std::size_t i = open.size(); i-- > 0;) {
        if (open[i].kind == 'b') return {};
        if (!open[i].call) continue;
        CallSite site;
        site.callee_end = open[i].callee;
        std::size_t table = open[i].kind == '{' ? i : i + 1;
        if (open[i].kind == '(') site.argument = open[i].commas;
        site.in_table = table < open.size() && open[table].kind == '{';
        if (site.in_table) {
            site.given = open[table].given;
            site.key = open[table].key;
            site.nested = table + 1 < open.size();
        }
        return site;
    }
    return {};
}

std::string NameChain::dotted() const {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        bool colon = method && i + 1 == names.size();
        text += (i == 0 ? "" : colon ? ":" : ".") + names[i];
    }
    return text;
}

NameChain chain_at(std::string_view text, const std::vector<Token>& tokens, std::size_t last) {
    NameChain chain;
    for (std::size_t i = last;;) {
        if (i >= tokens.size() || tokens[i].kind != TokenKind::name) return {};
        chain.names.insert(chain.names.begin(), std::string(token_text(text, tokens[i])));
        std::size_t divider = before(tokens, i);
        auto mark = divider == kNone ? std::string_view{} : word(text, tokens, divider);
        if (mark != "." && mark != ":") return chain;
        if (i == last) chain.method = mark == ":";
        i = before(tokens, divider);
        if (i == kNone) return {};
        mark = word(text, tokens, i);
        std::size_t callee = kNone;
        if (tokens[i].kind == TokenKind::string) {
            callee = before(tokens, i);
        } else if (mark == ")" || mark == "}") {
            std::size_t opener = opener_of(text, tokens, i);
            if (opener == kNone) return {};
            callee = before(tokens, opener);
            bool one_string =
                mark == ")" && opener + 2 == i && tokens[opener + 1].kind == TokenKind::string;
            if (one_string && !ends_callee(text, tokens, callee)) {
                chain.on_string = true;
                return chain;
            }
        } else {
            continue;
        }
        if (callee == kNone || tokens[callee].kind != TokenKind::name) return {};
        chain.base_call = callee;
        return chain;
    }
}

}  // namespace moonlet
