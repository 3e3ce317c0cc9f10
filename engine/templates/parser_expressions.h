// SPDX-License-Identifier: Apache-2.0
// The expression half of the parser: a token stream with one token of look-ahead and the precedence
// ladder of Jinja2. The statement half (parser.cpp) builds on it.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "templates/ast.h"
#include "templates/lexer.h"

namespace moonlet::jinja {

class ExpressionParser {
  public:
    explicit ExpressionParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  protected:
    const Token& current() const { return tokens_[at_]; }
    const Token& look(size_t ahead = 1) const;
    Position place() const { return {current().line, current().column}; }
    const Token& take();
    bool is_op(const char* op) const;
    bool is_name(const char* name) const;
    bool skip_op(const char* op);
    bool skip_name(const char* name);
    void expect_op(const char* op);
    std::string expect_name(const char* what);
    void expect_block_end();
    // "unexpected X; wanted Y" at the current token.
    [[noreturn]] void fail(const std::string& wanted) const;
    [[noreturn]] void fail_at(Position at, const std::string& message) const;

    ExprPtr parse_expression(bool with_conditional = true);
    // `a`, `a, b`, `a,`: what may stand without parentheses. `stop` names end it.
    ExprPtr parse_tuple(bool with_conditional = true, std::initializer_list<const char*> stop = {},
                        bool explicit_parentheses = false);
    // Names to assign to: a, (a, b), and with_namespace also ns.a.
    ExprPtr parse_target(bool with_namespace = false, std::initializer_list<const char*> stop = {});
    // Filters from the current name on; input may be null.
    ExprPtr parse_filter(ExprPtr input, bool at_name);
    CallArgs parse_call_args();
    ExprPtr parse_postfix(ExprPtr node);
    ExprPtr parse_filter_expr(ExprPtr node);
    ExprPtr parse_unary(bool with_filter = true);

    // Every composite node passes here: sets its height and bounds it, since the interpreter and
    // the destructors walk the tree recursively.
    ExprPtr finish(ExprPtr node) const;

    int depth_ = 0;

  private:
    ExprPtr parse_conditional();
    ExprPtr parse_or();
    ExprPtr parse_and();
    ExprPtr parse_not();
    ExprPtr parse_compare();
    ExprPtr parse_sum();
    ExprPtr parse_concat();
    ExprPtr parse_product();
    ExprPtr parse_power();
    ExprPtr parse_primary();
    ExprPtr parse_list();
    ExprPtr parse_dict();
    ExprPtr parse_subscript(ExprPtr node);
    ExprPtr parse_call(ExprPtr node);
    ExprPtr parse_test(ExprPtr node);
    ExprPtr parse_simple_target(bool with_namespace, std::initializer_list<const char*> stop);
    bool ends_tuple(std::initializer_list<const char*> stop) const;

    std::vector<Token> tokens_;
    size_t at_ = 0;
};

}  // namespace moonlet::jinja
