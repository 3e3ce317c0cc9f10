// SPDX-License-Identifier: Apache-2.0
// The syntax tree of a template: what the parser makes and the interpreter walks. Nodes own their
// children, know their place in the source, and are never changed after parsing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "templates/value.h"

namespace moonlet::jinja {

struct Position {
    int line = 1, column = 1;
};

enum class ExprKind {
    constant,
    name,
    list,
    tuple,
    dict,
    attribute,
    item,
    slice,
    call,
    filter,
    test,
    unary,
    binary,
    logic,
    compare,
    concat,
    conditional
};

struct Expr {
    Expr(ExprKind k, Position p) : kind(k), at(p) {}
    virtual ~Expr() = default;
    ExprKind kind;
    Position at;
    int height = 1;  // of the tree from here, bounded by the parser
};
using ExprPtr = std::unique_ptr<Expr>;

// Arguments of a call, filter or test.
struct CallArgs {
    std::vector<ExprPtr> positional;
    std::vector<std::pair<std::string, ExprPtr>> named;
    ExprPtr star, star_star;  // *args, **kwargs
};

struct Constant : Expr {
    Constant(Position p, Value v) : Expr(ExprKind::constant, p), value(std::move(v)) {}
    Value value;
};
struct Name : Expr {
    Name(Position p, std::string n) : Expr(ExprKind::name, p), name(std::move(n)) {}
    std::string name;
};
struct Items : Expr {  // a list or a tuple
    Items(ExprKind k, Position p) : Expr(k, p) {}
    std::vector<ExprPtr> items;
};
struct DictLiteral : Expr {
    explicit DictLiteral(Position p) : Expr(ExprKind::dict, p) {}
    std::vector<std::pair<ExprPtr, ExprPtr>> items;
};
struct Attribute : Expr {
    Attribute(Position p, ExprPtr o, std::string n)
        : Expr(ExprKind::attribute, p), object(std::move(o)), name(std::move(n)) {}
    ExprPtr object;
    std::string name;
};
struct Item : Expr {
    Item(Position p, ExprPtr o, ExprPtr k)
        : Expr(ExprKind::item, p), object(std::move(o)), key(std::move(k)) {}
    ExprPtr object, key;
};
struct Slice : Expr {  // any of start, stop, step may be null
    explicit Slice(Position p) : Expr(ExprKind::slice, p) {}
    ExprPtr object, start, stop, step;
};
struct Call : Expr {
    explicit Call(Position p) : Expr(ExprKind::call, p) {}
    ExprPtr callee;
    CallArgs args;
};
struct FilterExpr : Expr {  // input is null at the head of a {% filter %} or {% set %} block
    explicit FilterExpr(Position p) : Expr(ExprKind::filter, p) {}
    ExprPtr input;
    std::string name;
    CallArgs args;
};
struct TestExpr : Expr {
    explicit TestExpr(Position p) : Expr(ExprKind::test, p) {}
    ExprPtr input;
    std::string name;
    CallArgs args;
};
struct Unary : Expr {  // '-', '+', 'n' for not
    Unary(Position p, char o, ExprPtr e) : Expr(ExprKind::unary, p), op(o), operand(std::move(e)) {}
    char op;
    ExprPtr operand;
};
enum class BinaryOp { add, sub, mul, div, floordiv, mod, pow };
struct Binary : Expr {
    Binary(Position p, BinaryOp o, ExprPtr l, ExprPtr r)
        : Expr(ExprKind::binary, p), op(o), left(std::move(l)), right(std::move(r)) {}
    BinaryOp op;
    ExprPtr left, right;
};
struct Logic : Expr {
    Logic(Position p, bool a, ExprPtr l, ExprPtr r)
        : Expr(ExprKind::logic, p), is_and(a), left(std::move(l)), right(std::move(r)) {}
    bool is_and;
    ExprPtr left, right;
};
enum class CompareOp { eq, ne, lt, le, gt, ge, in, not_in };
struct Compare : Expr {
    explicit Compare(Position p) : Expr(ExprKind::compare, p) {}
    ExprPtr first;
    std::vector<std::pair<CompareOp, ExprPtr>> rest;
};
struct Concat : Expr {
    explicit Concat(Position p) : Expr(ExprKind::concat, p) {}
    std::vector<ExprPtr> parts;
};
struct Conditional : Expr {
    explicit Conditional(Position p) : Expr(ExprKind::conditional, p) {}
    ExprPtr test, then, otherwise;  // otherwise may be null
};

enum class StmtKind {
    text,
    output,
    loop,
    branch,
    set,
    set_block,
    macro,
    call_block,
    filter_block,
    with,
    block,
    generation,
    autoescape,
    flow,
    other_template
};

struct Stmt {
    Stmt(StmtKind k, Position p) : kind(k), at(p) {}
    virtual ~Stmt() = default;
    StmtKind kind;
    Position at;
};
using StmtPtr = std::unique_ptr<Stmt>;

// A body that opens a scope. `shadowed` are the names that Jinja2 binds to "missing" on entry: set
// in this scope before any use and known to no scope around it, so the render variable of that
// name is out of sight from the start.
struct Body {
    std::vector<StmtPtr> statements;
    std::vector<std::string> shadowed;
};

struct Text : Stmt {
    Text(Position p, std::string t) : Stmt(StmtKind::text, p), text(std::move(t)) {}
    std::string text;
};
struct Output : Stmt {
    Output(Position p, ExprPtr e) : Stmt(StmtKind::output, p), value(std::move(e)) {}
    ExprPtr value;
};
struct Loop : Stmt {
    explicit Loop(Position p) : Stmt(StmtKind::loop, p) {}
    ExprPtr target, iterable, condition;  // condition may be null
    bool recursive = false;
    Body body, otherwise;
};
struct Branch : Stmt {  // arms in order; the last one's test is null for else
    explicit Branch(Position p) : Stmt(StmtKind::branch, p) {}
    std::vector<std::pair<ExprPtr, std::vector<StmtPtr>>> arms;
};
struct Set : Stmt {
    explicit Set(Position p) : Stmt(StmtKind::set, p) {}
    ExprPtr target, value;
};
struct SetBlock : Stmt {
    explicit SetBlock(Position p) : Stmt(StmtKind::set_block, p) {}
    ExprPtr target, filter;  // filter may be null
    Body body;
};
// The parameters of a macro or call block: defaults belong to the last ones.
struct Signature {
    std::vector<std::string> names;
    std::vector<ExprPtr> defaults;
    bool uses_varargs = false, uses_kwargs = false, uses_caller = false;
};
struct MacroStmt : Stmt {
    explicit MacroStmt(Position p) : Stmt(StmtKind::macro, p) {}
    std::string name;
    Signature signature;
    Body body;
};
struct CallBlock : Stmt {
    explicit CallBlock(Position p) : Stmt(StmtKind::call_block, p) {}
    Signature signature;
    ExprPtr call;  // a Call
    Body body;
};
struct FilterBlock : Stmt {
    explicit FilterBlock(Position p) : Stmt(StmtKind::filter_block, p) {}
    ExprPtr filter;
    Body body;
};
struct With : Stmt {
    explicit With(Position p) : Stmt(StmtKind::with, p) {}
    std::vector<std::pair<ExprPtr, ExprPtr>> bindings;
    Body body;
};
struct BlockStmt : Stmt {  // {% block %} (scoped or not), {% generation %}
    BlockStmt(StmtKind k, Position p) : Stmt(k, p) {}
    std::string name;
    bool scoped = false, required = false;
    Body body;
};
struct Autoescape : Stmt {
    explicit Autoescape(Position p) : Stmt(StmtKind::autoescape, p) {}
    ExprPtr enabled;
    Body body;
};
struct Flow : Stmt {
    Flow(Position p, bool b) : Stmt(StmtKind::flow, p), is_break(b) {}
    bool is_break;
};

struct OtherTemplate : Stmt {  // extends, include, import, from
    OtherTemplate(Position p, std::string t)
        : Stmt(StmtKind::other_template, p), tag(std::move(t)) {}
    std::string tag;
    ExprPtr name;
    std::vector<std::string> targets;
};

struct TemplateBody {
    Body body;
    std::vector<const BlockStmt*> blocks;  // named blocks, for self.name()
};

}  // namespace moonlet::jinja
