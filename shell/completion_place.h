// SPDX-License-Identifier: Apache-2.0
// What stands before the cursor, taken apart, and the candidates found for it so far. Each source
// of candidates (completion_sources.h) reads the one and adds to the other; here it is decided
// which of them fit: those that start with what was typed, and only where none does, those that
// hold its letters in order.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shell/call_site.h"
#include "shell/callee.h"
#include "shell/completion.h"
#include "shell/lexer.h"

namespace moonlet {

// A :command as completion sees it.
struct CommandName {
    std::string name, arguments{}, help{};
};

class CompletionPlace {
  public:
    CompletionPlace(const Names& in, const std::vector<CommandName>& words, std::string before)
        : names(in), commands(words), text(std::move(before)) {
        begin = text.size();
    }

    Names names;
    const std::vector<CommandName>& commands;
    std::string text;           // up to the cursor
    std::vector<Token> tokens;  // of it, without the name that is being typed
    std::string prefix;         // the part already typed of what is completed
    std::size_t begin;          // where that starts
    bool in_string = false;     // the tokens end before a string that is being typed
    bool in_order = false;      // candidates stay as they were added

    std::string_view word(std::size_t from_end) const {
        if (from_end >= tokens.size()) return {};
        const Token& token = tokens[tokens.size() - 1 - from_end];
        return token.kind == TokenKind::string ? std::string_view{} : token_text(text, token);
    }

    // `name` is what is compared with the prefix, candidate.text what is put in its place.
    void add(std::string_view name, Candidate candidate);
    void add(const std::string& name) { add(name, {name, ""}); }
    bool empty() const { return found_.empty(); }
    void clear() { found_.clear(); }

    // Best first, the same text once.
    Completion finish();

    // The call at the cursor and what it calls; looked up once.
    const CallSite* call();
    const Callee& callee();
    NameChain callee_chain();
    // The option whose value stands at the cursor, null when there is none.
    const RowField* option();
    // The parameter at the cursor, outside of a table.
    const RowField* parameter();

  private:
    struct Found {
        int score;
        Candidate candidate;
    };
    std::vector<Found> found_;
    bool exact_ = false, looked_ = false, looked_callee_ = false;
    std::optional<CallSite> call_;
    Callee callee_;
};

}  // namespace moonlet
