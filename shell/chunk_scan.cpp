// SPDX-License-Identifier: Apache-2.0
#include "shell/chunk_scan.h"

#include "shell/lexer.h"

namespace moonlet {
namespace {

constexpr int kMaxDepth = 190;  // LuaJIT gives up at 200

// Recursive descent. Each function consumes what it recognises; the first misfit sets failed_ and
// from then on every token reads as the end of the text.
class Scanner {
  public:
    Scanner(std::string_view text) : text_(text) {
        for (const Token& token : lex(text)) {
            if (token.kind == TokenKind::comment && token.closed) continue;
            tokens_.push_back(token);
        }
    }

    ChunkScan run(bool as_expression) {
        if (as_expression) {
            expressions();
        } else {
            block(true);
        }
        if (!failed_ && at_ < tokens_.size()) fail();
        ChunkScan result;
        result.valid = !failed_;
        result.error_at = failed_ && at_ < tokens_.size() ? tokens_[at_].begin : text_.size();
        result.locals = std::move(locals_);
        result.return_begin = return_begin_;
        result.return_end = return_end_;
        return result;
    }

  private:
    std::string_view text_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    int depth_ = 0;
    bool failed_ = false;
    std::vector<LocalStatement> locals_;
    std::size_t return_begin_ = std::string_view::npos, return_end_ = 0;

    bool at_end() const { return failed_ || at_ >= tokens_.size(); }
    std::string_view word() const {
        if (at_end() || tokens_[at_].kind == TokenKind::string) return {};
        return token_text(text_, tokens_[at_]);
    }
    bool is(TokenKind kind) const {
        return !at_end() && tokens_[at_].kind == kind && tokens_[at_].closed;
    }
    void fail() { failed_ = true; }
    bool accept(std::string_view wanted) {
        if (word() != wanted) return false;
        ++at_;
        return true;
    }
    void expect(std::string_view wanted) {
        if (!accept(wanted)) fail();
    }
    // `goto` is a name where it is no statement; LuaJIT allows both.
    std::string name() {
        if (!is(TokenKind::name) && word() != "goto") {
            fail();
            return {};
        }
        return std::string(token_text(text_, tokens_[at_++]));
    }

    struct Deeper {
        Scanner& scanner;
        explicit Deeper(Scanner& s) : scanner(s) {
            if (++scanner.depth_ > kMaxDepth) scanner.fail();
        }
        ~Deeper() { --scanner.depth_; }
    };

    bool block_ends() const {
        std::string_view w = word();
        return at_end() || w == "end" || w == "else" || w == "elseif" || w == "until";
    }

    void block(bool top = false) {
        Deeper deeper(*this);
        while (!block_ends()) {
            if (accept("return")) {
                std::size_t begin = tokens_[at_ - 1].begin;
                if (!block_ends() && word() != ";") expressions();
                if (top && !failed_) {
                    return_begin_ = begin;
                    return_end_ = tokens_[at_ - 1].end;
                }
                accept(";");
                break;
            }
            statement(top);
        }
    }

    void body() {
        expect("(");
        if (!accept(")")) {
            do {
                if (accept("...")) break;
                name();
            } while (accept(","));
            expect(")");
        }
        block();
        expect("end");
    }

    void local_statement(bool top) {
        std::vector<std::string> names;
        if (accept("function")) {
            names.push_back(name());
            body();
        } else {
            do {
                names.push_back(name());
            } while (accept(","));
            if (accept("=")) expressions();
        }
        if (failed_ || !top) return;
        locals_.push_back({std::move(names), tokens_[at_ - 1].end, word() == "("});
    }

    void for_statement() {
        name();
        if (accept("=")) {
            expressions();
        } else {
            while (accept(",")) name();
            expect("in");
            expressions();
        }
        expect("do");
        block();
        expect("end");
    }

    void if_statement() {
        expression();
        expect("then");
        block();
        while (accept("elseif")) {
            expression();
            expect("then");
            block();
        }
        if (accept("else")) block();
        expect("end");
    }

    void statement(bool top) {
        if (accept(";") || accept("break")) return;
        if (accept("local")) return local_statement(top);
        if (accept("if")) return if_statement();
        if (accept("for")) return for_statement();
        if (accept("while")) {
            expression();
            expect("do");
            block();
            expect("end");
        } else if (accept("do")) {
            block();
            expect("end");
        } else if (accept("repeat")) {
            block();
            expect("until");
            expression();
        } else if (accept("function")) {
            name();
            while (accept(".")) name();
            if (accept(":")) name();
            body();
        } else if (accept("::")) {
            name();
            expect("::");
        } else if (word() == "goto" && at_ + 1 < tokens_.size() &&
                   tokens_[at_ + 1].kind == TokenKind::name) {
            at_ += 2;
        } else {
            assignment_or_call();
        }
    }

    void assignment_or_call() {
        bool call = suffixed();
        if (call && word() != "," && word() != "=") return;
        if (call) return fail();
        while (accept(",")) {
            if (suffixed()) fail();
        }
        expect("=");
        expressions();
    }

    // A prefix expression with its suffixes; true when the last one is a call.
    bool suffixed() {
        bool call = false, variable = true;
        if (accept("(")) {
            expression();
            expect(")");
            variable = false;
        } else {
            name();
        }
        while (!failed_) {
            std::string_view w = word();
            if (w == ".") {
                ++at_;
                name();
                call = false;
            } else if (w == "[") {
                ++at_;
                expression();
                expect("]");
                call = false;
            } else if (w == ":") {
                ++at_;
                name();
                arguments();
                call = true;
            } else if (w == "(" || w == "{" || is(TokenKind::string)) {
                arguments();
                call = true;
            } else {
                break;
            }
            variable = true;
        }
        if (!variable && (word() == "=" || word() == ",")) return false;
        return call;
    }

    void arguments() {
        if (is(TokenKind::string)) {
            ++at_;
        } else if (word() == "{") {
            table();
        } else {
            expect("(");
            if (accept(")")) return;
            expressions();
            expect(")");
        }
    }

    void table() {
        Deeper deeper(*this);
        expect("{");
        while (!failed_ && word() != "}") {
            if (accept("[")) {
                expression();
                expect("]");
                expect("=");
            } else if (is(TokenKind::name) && at_ + 1 < tokens_.size() &&
                       token_text(text_, tokens_[at_ + 1]) == "=") {
                at_ += 2;
            }
            expression();
            if (!accept(",") && !accept(";")) break;
        }
        expect("}");
    }

    void expressions() {
        do {
            expression();
        } while (accept(","));
    }

    void expression() {
        Deeper deeper(*this);
        do {
            while (accept("not") || accept("-") || accept("#")) {
            }
            operand();
        } while (!failed_ && binary());
    }

    bool binary() {
        for (std::string_view op :
             {"+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", "<=", ">", ">=", "and", "or"}) {
            if (accept(op)) return true;
        }
        return false;
    }

    void operand() {
        if (is(TokenKind::number) || is(TokenKind::string)) {
            ++at_;
        } else if (accept("nil") || accept("true") || accept("false") || accept("...")) {
        } else if (word() == "{") {
            table();
        } else if (accept("function")) {
            body();
        } else {
            suffixed();
        }
    }
};

}  // namespace

ChunkScan scan_chunk(std::string_view text, bool as_expression) {
    return Scanner(text).run(as_expression);
}

}  // namespace moonlet
