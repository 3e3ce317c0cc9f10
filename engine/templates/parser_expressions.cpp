// SPDX-License-Identifier: Apache-2.0
#include "templates/parser_expressions.h"

#include <cstring>

#include "templates/ast_walk.h"
#include "templates/limits.h"
#include "templates/template.h"

namespace moonlet::jinja {

namespace {
constexpr int kMaxNesting = 200;  // of the parser's own recursion
constexpr int kMaxHeight = 500;   // of the tree: long chains lean left without recursion
}  // namespace

const Token& ExpressionParser::look(size_t ahead) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}
const Token& ExpressionParser::take() {
    const Token& t = tokens_[at_];
    if (at_ + 1 < tokens_.size()) ++at_;
    return t;
}
bool ExpressionParser::is_op(const char* op) const {
    return current().kind == TokenKind::op && current().text == op;
}
bool ExpressionParser::is_name(const char* name) const {
    return current().kind == TokenKind::name && current().text == name;
}
bool ExpressionParser::skip_op(const char* op) {
    if (!is_op(op)) return false;
    take();
    return true;
}
bool ExpressionParser::skip_name(const char* name) {
    if (!is_name(name)) return false;
    take();
    return true;
}
void ExpressionParser::expect_op(const char* op) {
    if (!skip_op(op)) fail("'" + std::string(op) + "'");
}
std::string ExpressionParser::expect_name(const char* what) {
    if (current().kind != TokenKind::name) fail(what);
    return take().text;
}
void ExpressionParser::expect_block_end() {
    if (current().kind != TokenKind::block_end) fail("'%}'");
    take();
}
void ExpressionParser::fail_at(Position at, const std::string& message) const {
    throw TemplateError(at.line, at.column, message);
}
void ExpressionParser::fail(const std::string& wanted) const {
    fail_at(place(), "unexpected " + describe(current()) + "; wanted " + wanted);
}

ExprPtr ExpressionParser::finish(ExprPtr node) const {
    int tallest = 0;
    for_each_child(*node, [&](const Expr& child) { tallest = std::max(tallest, child.height); });
    node->height = tallest + 1;
    if (node->height > kMaxHeight)
        fail_at(node->at, "an expression of more than 500 steps; wanted a shorter one");
    return node;
}

ExprPtr ExpressionParser::parse_expression(bool with_conditional) {
    if (depth_ >= kMaxNesting)
        fail_at(place(), "expressions nested more than 200 deep; wanted less nesting");
    DepthGuard guard(depth_, kMaxNesting, "expressions");
    return with_conditional ? parse_conditional() : parse_or();
}

ExprPtr ExpressionParser::parse_conditional() {
    Position at = place();
    ExprPtr first = parse_or();
    while (skip_name("if")) {
        auto node = std::make_unique<Conditional>(at);
        node->test = parse_or();
        node->then = std::move(first);
        if (skip_name("else")) node->otherwise = parse_expression();
        first = finish(std::move(node));
    }
    return first;
}

ExprPtr ExpressionParser::parse_or() {
    ExprPtr left = parse_and();
    while (is_name("or")) {
        Position at = place();
        take();
        left = finish(std::make_unique<Logic>(at, false, std::move(left), parse_and()));
    }
    return left;
}

ExprPtr ExpressionParser::parse_and() {
    ExprPtr left = parse_not();
    while (is_name("and")) {
        Position at = place();
        take();
        left = finish(std::make_unique<Logic>(at, true, std::move(left), parse_not()));
    }
    return left;
}

ExprPtr ExpressionParser::parse_not() {
    if (!is_name("not")) return parse_compare();
    Position at = place();
    if (depth_ >= kMaxNesting) fail("less nesting");
    DepthGuard guard(depth_, kMaxNesting, "expressions");
    take();
    return finish(std::make_unique<Unary>(at, 'n', parse_not()));
}

ExprPtr ExpressionParser::parse_compare() {
    static const std::pair<const char*, CompareOp> kOps[] = {
        {"==", CompareOp::eq}, {"!=", CompareOp::ne}, {"<", CompareOp::lt},
        {"<=", CompareOp::le}, {">", CompareOp::gt},  {">=", CompareOp::ge}};
    Position at = place();
    ExprPtr first = parse_sum();
    std::unique_ptr<Compare> node;
    while (true) {
        CompareOp op;
        bool found = false;
        for (auto& [text, kind] : kOps)
            if (is_op(text)) op = kind, found = true;
        if (found) {
            take();
        } else if (skip_name("in")) {
            op = CompareOp::in;
        } else if (is_name("not") && look().kind == TokenKind::name && look().text == "in") {
            take();
            take();
            op = CompareOp::not_in;
        } else {
            break;
        }
        if (!node) {
            node = std::make_unique<Compare>(at);
            node->first = std::move(first);
        }
        node->rest.emplace_back(op, parse_sum());
    }
    if (node) return finish(std::move(node));
    return first;
}

ExprPtr ExpressionParser::parse_sum() {
    ExprPtr left = parse_concat();
    while (is_op("+") || is_op("-")) {
        Position at = place();
        BinaryOp op = take().text == "+" ? BinaryOp::add : BinaryOp::sub;
        left = finish(std::make_unique<Binary>(at, op, std::move(left), parse_concat()));
    }
    return left;
}

ExprPtr ExpressionParser::parse_concat() {
    Position at = place();
    ExprPtr first = parse_product();
    if (!is_op("~")) return first;
    auto node = std::make_unique<Concat>(at);
    node->parts.push_back(std::move(first));
    while (skip_op("~")) node->parts.push_back(parse_product());
    return finish(std::move(node));
}

ExprPtr ExpressionParser::parse_product() {
    static const std::pair<const char*, BinaryOp> kOps[] = {{"*", BinaryOp::mul},
                                                            {"/", BinaryOp::div},
                                                            {"//", BinaryOp::floordiv},
                                                            {"%", BinaryOp::mod}};
    ExprPtr left = parse_power();
    while (current().kind == TokenKind::op) {
        const std::pair<const char*, BinaryOp>* hit = nullptr;
        for (auto& op : kOps)
            if (current().text == op.first) hit = &op;
        if (!hit) break;
        Position at = place();
        take();
        left = finish(std::make_unique<Binary>(at, hit->second, std::move(left), parse_power()));
    }
    return left;
}

ExprPtr ExpressionParser::parse_power() {
    ExprPtr left = parse_unary();
    while (is_op("**")) {
        Position at = place();
        take();
        left = finish(std::make_unique<Binary>(at, BinaryOp::pow, std::move(left), parse_unary()));
    }
    return left;
}

ExprPtr ExpressionParser::parse_unary(bool with_filter) {
    Position at = place();
    ExprPtr node;
    if (is_op("-") || is_op("+")) {
        if (depth_ >= kMaxNesting) fail("less nesting");
        DepthGuard guard(depth_, kMaxNesting, "expressions");
        char op = take().text[0];
        node = finish(std::make_unique<Unary>(at, op, parse_unary(false)));
    } else {
        node = parse_primary();
    }
    node = parse_postfix(std::move(node));
    return with_filter ? parse_filter_expr(std::move(node)) : std::move(node);
}

ExprPtr ExpressionParser::parse_primary() {
    Position at = place();
    const Token& t = current();
    switch (t.kind) {
        case TokenKind::name: {
            std::string name = take().text;
            if (name == "true" || name == "True") return std::make_unique<Constant>(at, true);
            if (name == "false" || name == "False") return std::make_unique<Constant>(at, false);
            if (name == "none" || name == "None")
                return std::make_unique<Constant>(at, Value::none());
            return std::make_unique<Name>(at, std::move(name));
        }
        case TokenKind::string: {
            std::string text = take().text;
            while (current().kind == TokenKind::string) text += take().text;
            return std::make_unique<Constant>(at, std::move(text));
        }
        case TokenKind::integer: return std::make_unique<Constant>(at, Value(take().integer));
        case TokenKind::real: return std::make_unique<Constant>(at, Value(take().real));
        default: break;
    }
    if (skip_op("(")) {
        ExprPtr node = parse_tuple(true, {}, true);
        expect_op(")");
        return node;
    }
    if (is_op("[")) return parse_list();
    if (is_op("{")) return parse_dict();
    fail("an expression");
}

bool ExpressionParser::ends_tuple(std::initializer_list<const char*> stop) const {
    TokenKind k = current().kind;
    if (k == TokenKind::variable_end || k == TokenKind::block_end || is_op(")")) return true;
    for (const char* name : stop)
        if (is_name(name)) return true;
    return false;
}

ExprPtr ExpressionParser::parse_tuple(bool with_conditional,
                                      std::initializer_list<const char*> stop,
                                      bool explicit_parentheses) {
    Position at = place();
    auto tuple = std::make_unique<Items>(ExprKind::tuple, at);
    bool is_tuple = false;
    while (true) {
        if (!tuple->items.empty()) expect_op(",");
        if (ends_tuple(stop)) break;
        tuple->items.push_back(parse_expression(with_conditional));
        if (!is_op(",")) break;
        is_tuple = true;
    }
    if (!is_tuple) {
        if (!tuple->items.empty()) return std::move(tuple->items[0]);
        if (!explicit_parentheses) fail("an expression");
    }
    return finish(std::move(tuple));
}

ExprPtr ExpressionParser::parse_list() {
    auto node = std::make_unique<Items>(ExprKind::list, place());
    take();
    while (!is_op("]")) {
        if (!node->items.empty()) expect_op(",");
        if (is_op("]")) break;
        node->items.push_back(parse_expression());
    }
    expect_op("]");
    return finish(std::move(node));
}

ExprPtr ExpressionParser::parse_dict() {
    auto node = std::make_unique<DictLiteral>(place());
    take();
    while (!is_op("}")) {
        if (!node->items.empty()) expect_op(",");
        if (is_op("}")) break;
        ExprPtr key = parse_expression();
        expect_op(":");
        node->items.emplace_back(std::move(key), parse_expression());
    }
    expect_op("}");
    return finish(std::move(node));
}

ExprPtr ExpressionParser::parse_postfix(ExprPtr node) {
    while (true) {
        if (is_op(".") || is_op("[")) node = parse_subscript(std::move(node));
        else if (is_op("(")) node = parse_call(std::move(node));
        else return node;
    }
}

ExprPtr ExpressionParser::parse_filter_expr(ExprPtr node) {
    while (true) {
        if (is_op("|")) node = parse_filter(std::move(node), false);
        else if (is_name("is")) node = parse_test(std::move(node));
        else if (is_op("(")) node = parse_call(std::move(node));
        else return node;
    }
}

ExprPtr ExpressionParser::parse_subscript(ExprPtr object) {
    Position at = place();
    if (skip_op(".")) {
        Position where = place();
        if (current().kind == TokenKind::name)
            return finish(std::make_unique<Attribute>(where, std::move(object), take().text));
        if (current().kind != TokenKind::integer) fail("a name or number behind '.'");
        auto key = std::make_unique<Constant>(where, Value(take().integer));
        return finish(std::make_unique<Item>(where, std::move(object), std::move(key)));
    }
    take();
    auto part = [&]() -> ExprPtr {
        if (is_op(":") || is_op("]") || is_op(",")) return nullptr;
        return parse_expression();
    };
    ExprPtr first = part();
    if (!is_op(":")) {
        if (!first && is_op(",")) fail("an expression");
        if (!first || is_op(",")) {  // a[] looks up the empty tuple, a[1, 2] a pair
            auto tuple = std::make_unique<Items>(ExprKind::tuple, at);
            if (first) tuple->items.push_back(std::move(first));
            while (skip_op(",")) tuple->items.push_back(parse_expression());
            first = finish(std::move(tuple));
        }
        expect_op("]");
        return finish(std::make_unique<Item>(at, std::move(object), std::move(first)));
    }
    auto slice = std::make_unique<Slice>(at);
    slice->object = std::move(object);
    slice->start = std::move(first);
    take();
    slice->stop = part();
    if (skip_op(":")) slice->step = part();
    expect_op("]");
    return finish(std::move(slice));
}

CallArgs ExpressionParser::parse_call_args() {
    CallArgs args;
    expect_op("(");
    bool first = true;
    while (!is_op(")")) {
        if (!first) {
            expect_op(",");
            if (is_op(")")) break;
        }
        first = false;
        if (skip_op("*")) {
            if (args.star || args.star_star) fail("one *args, before **kwargs");
            args.star = parse_expression();
        } else if (skip_op("**")) {
            if (args.star_star) fail("one **kwargs");
            args.star_star = parse_expression();
        } else if (current().kind == TokenKind::name && look().kind == TokenKind::op &&
                   look().text == "=") {
            if (args.star_star) fail("named arguments before **kwargs");
            std::string name = take().text;
            take();
            args.named.emplace_back(std::move(name), parse_expression());
        } else {
            if (!args.named.empty() || args.star || args.star_star)
                fail("positional arguments before named ones");
            args.positional.push_back(parse_expression());
        }
    }
    expect_op(")");
    return args;
}

ExprPtr ExpressionParser::parse_call(ExprPtr callee) {
    auto node = std::make_unique<Call>(callee->at);
    node->args = parse_call_args();
    node->callee = std::move(callee);
    return finish(std::move(node));
}

ExprPtr ExpressionParser::parse_filter(ExprPtr input, bool at_name) {
    while (at_name || is_op("|")) {
        if (!at_name) take();
        at_name = false;
        auto node = std::make_unique<FilterExpr>(place());
        node->name = expect_name("the name of a filter");
        while (skip_op(".")) node->name += "." + expect_name("the name of a filter");
        if (is_op("(")) node->args = parse_call_args();
        node->input = std::move(input);
        input = finish(std::move(node));
    }
    return input;
}

ExprPtr ExpressionParser::parse_test(ExprPtr input) {
    take();
    Position at = place();
    bool negated = skip_name("not");
    auto node = std::make_unique<TestExpr>(place());
    node->name = expect_name("the name of a test");
    while (skip_op(".")) node->name += "." + expect_name("the name of a test");
    TokenKind k = current().kind;
    bool word = k == TokenKind::name && !is_name("else") && !is_name("or") && !is_name("and");
    if (is_op("(")) {
        node->args = parse_call_args();
    } else if (word || k == TokenKind::string || k == TokenKind::integer || k == TokenKind::real ||
               is_op("[") || is_op("{")) {
        if (is_name("is")) fail("only one test behind 'is'");
        ExprPtr arg = parse_primary();
        node->args.positional.push_back(parse_postfix(std::move(arg)));
    }
    node->input = std::move(input);
    ExprPtr done = finish(std::move(node));
    if (!negated) return done;
    return finish(std::make_unique<Unary>(at, 'n', std::move(done)));
}

ExprPtr ExpressionParser::parse_simple_target(bool with_namespace,
                                              std::initializer_list<const char*> stop) {
    Position at = place();
    if (skip_op("(")) {
        if (depth_ >= kMaxNesting) fail("less nesting");
        DepthGuard guard(depth_, kMaxNesting, "assignment targets");
        ExprPtr inner = parse_target(with_namespace, stop);
        expect_op(")");
        return inner;
    }
    std::string name = expect_name("a name to assign to");
    if (with_namespace && skip_op(".")) {
        ExprPtr object = std::make_unique<Name>(at, std::move(name));
        return finish(
            std::make_unique<Attribute>(at, std::move(object), expect_name("an attribute")));
    }
    static const char* kReserved[] = {"true", "false", "none", "True", "False", "None"};
    for (const char* word : kReserved)
        if (name == word) fail_at(at, "can't assign to '" + name + "'; wanted a name");
    return std::make_unique<Name>(at, std::move(name));
}

ExprPtr ExpressionParser::parse_target(bool with_namespace,
                                       std::initializer_list<const char*> stop) {
    Position at = place();
    ExprPtr first = parse_simple_target(with_namespace, stop);
    if (!is_op(",")) return first;
    auto tuple = std::make_unique<Items>(ExprKind::tuple, at);
    tuple->items.push_back(std::move(first));
    while (skip_op(",")) {
        if (ends_tuple(stop) || is_op("=")) break;
        tuple->items.push_back(parse_simple_target(with_namespace, stop));
    }
    return finish(std::move(tuple));
}

}  // namespace moonlet::jinja
