// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/error.h"
#include "templates/arguments.h"
#include "templates/builtins.h"
#include "templates/format.h"
#include "templates/interpreter.h"
#include "templates/ops.h"
#include "templates/text.h"

namespace moonlet::jinja {

namespace {
constexpr int kMaxEvalDepth = 1500;  // expressions and statements under way
}

Value Interpreter::eval(const Expr& expr) {
    try {
        spend();
        DepthGuard guard(depth_, kMaxEvalDepth, "the template");
        return eval_kind(expr);
    } catch (const TemplateError&) {
        throw;
    } catch (const Error& error) {
        throw TemplateError(expr.at.line, expr.at.column, error.what());
    }
}

Value Interpreter::eval_kind(const Expr& expr) {
    switch (expr.kind) {
        case ExprKind::constant: return static_cast<const Constant&>(expr).value;
        case ExprKind::name: return eval_name(static_cast<const Name&>(expr));
        case ExprKind::list:
        case ExprKind::tuple: return eval_items(static_cast<const Items&>(expr));
        case ExprKind::dict: return eval_dict(static_cast<const DictLiteral&>(expr));
        case ExprKind::attribute: {
            auto& node = static_cast<const Attribute&>(expr);
            return get_attribute(eval(*node.object), node.name);
        }
        case ExprKind::item: {
            auto& node = static_cast<const Item&>(expr);
            Value object = eval(*node.object);
            return get_item(object, eval(*node.key));
        }
        case ExprKind::slice: return eval_slice(static_cast<const Slice&>(expr));
        case ExprKind::call: return eval_call(static_cast<const Call&>(expr));
        case ExprKind::filter: return eval_filter(static_cast<const FilterExpr&>(expr));
        case ExprKind::test: return eval_test(static_cast<const TestExpr&>(expr));
        case ExprKind::unary: {
            auto& node = static_cast<const Unary&>(expr);
            Value v = eval(*node.operand);
            return node.op == 'n' ? Value(!v.truthy()) : node.op == '-' ? negate(v) : positive(v);
        }
        case ExprKind::binary: return eval_binary(static_cast<const Binary&>(expr));
        case ExprKind::logic: {
            auto& node = static_cast<const Logic&>(expr);
            Value left = eval(*node.left);
            return left.truthy() == node.is_and ? eval(*node.right) : left;
        }
        case ExprKind::compare: return eval_compare(static_cast<const Compare&>(expr));
        case ExprKind::concat: return eval_concat(static_cast<const Concat&>(expr));
        case ExprKind::conditional: return eval_conditional(static_cast<const Conditional&>(expr));
    }
    return Value();
}

Value Interpreter::lookup(std::string_view name) {
    for (const Frame* frame = frame_.get(); frame; frame = frame->parent.get())
        if (const Value* found = frame->find(name)) return *found;
    if (variables_.is_dict())
        if (const Value* found = variables_.as_dict().find_name(name)) return *found;
    if (const Value* found = find_global(std::string(name))) return *found;
    if (name == "namespace") {
        auto alive = alive_;
        return Value::function("namespace",
                               [this, alive](const Arguments& a, const NamedArguments& k) {
                                   check_alive(alive);
                                   return make_namespace(a, k);
                               });
    }
    if (name == "self") return make_self();
    return Value();
}

Value Interpreter::make_self() {
    std::vector<std::pair<Value, Value>> blocks;
    auto alive = alive_;
    for (const BlockStmt* block : body_.blocks)
        blocks.emplace_back(
            block->name, Value::function(block->name, [this, alive, block](const Arguments&,
                                                                           const NamedArguments&) {
                check_alive(alive);
                return text_value(capture(block->body, open_scope(block->body, root_)));
            }));
    return Value::dict(std::move(blocks));
}

Value Interpreter::eval_name(const Name& node) {
    Value found = lookup(node.name);
    if (found.is_absent()) return Value::undefined(repr_string(node.name) + " is undefined");
    return found;
}

Value Interpreter::eval_items(const Items& node) {
    spend_items(node.items.size());
    std::vector<Value> items;
    items.reserve(node.items.size());
    for (auto& item : node.items) items.push_back(eval(*item));
    return node.kind == ExprKind::tuple ? Value::tuple(std::move(items))
                                        : Value::list(std::move(items));
}

Value Interpreter::eval_dict(const DictLiteral& node) {
    spend_items(2 * node.items.size());
    std::vector<std::pair<Value, Value>> items;
    for (auto& [key, value] : node.items) {
        Value k = eval(*key);
        items.emplace_back(std::move(k), eval(*value));
    }
    return Value::dict(std::move(items));
}

Value Interpreter::eval_slice(const Slice& node) {
    Value object = eval(*node.object);
    auto part = [&](const ExprPtr& e) { return e ? eval(*e) : Value::none(); };
    Value start = part(node.start), stop = part(node.stop);
    return slice(object, start, stop, part(node.step));
}

void Interpreter::eval_args(const CallArgs& args, Arguments& positional, NamedArguments& named) {
    for (auto& e : args.positional) positional.push_back(eval(*e));
    for (auto& [name, e] : args.named) named.emplace_back(name, eval(*e));
    if (args.star) {
        auto more = eval(*args.star).to_vector();
        positional.insert(positional.end(), more.begin(), more.end());
    }
    if (args.star_star) {
        Value more = eval(*args.star_star);
        if (!more.is_dict())
            throw Error("argument after ** must be a mapping, not " + more.type_name(), "a dict");
        for (auto& [key, value] : more.as_dict().items) named.emplace_back(key.str(), value);
    }
}

Value Interpreter::eval_call(const Call& node, const Value* caller) {
    Value callee = eval(*node.callee);
    Arguments positional;
    NamedArguments named;
    eval_args(node.args, positional, named);
    if (caller) named.emplace_back("caller", *caller);
    DepthGuard guard(calls_, kMaxCallDepth, "calls");
    return callee.call(positional, named);
}

Value Interpreter::eval_filter(const FilterExpr& node, const Value* head) {
    // A chain {% filter a|b %} has no input at its far end; the block's text goes in there.
    Value input;
    if (!node.input) input = head ? *head : Value();
    else if (head && node.input->kind == ExprKind::filter)
        input = eval_filter(static_cast<const FilterExpr&>(*node.input), head);
    else input = eval(*node.input);
    Arguments positional;
    NamedArguments named;
    eval_args(node.args, positional, named);
    try {
        return apply_filter(node.name, input, positional, named);
    } catch (const TemplateError&) {
        throw;
    } catch (const Error& error) {
        throw TemplateError(node.at.line, node.at.column,
                            "filter " + node.name + ": " + error.what());
    }
}

Value Interpreter::eval_test(const TestExpr& node) {
    Value input = eval(*node.input);
    Arguments positional;
    NamedArguments named;
    eval_args(node.args, positional, named);
    return apply_test(node.name, input, positional, named);
}

Value Interpreter::eval_binary(const Binary& node) {
    Value left = eval(*node.left);
    return binary(node.op, left, eval(*node.right));
}

Value Interpreter::eval_compare(const Compare& node) {
    Value left = eval(*node.first);
    for (size_t i = 0; i < node.rest.size(); ++i) {
        auto& [op, expr] = node.rest[i];
        Value right = eval(*expr);
        bool holds = false;
        switch (op) {
            case CompareOp::eq: holds = Value::equal(left, right); break;
            case CompareOp::ne: holds = !Value::equal(left, right); break;
            case CompareOp::in: holds = Value::contains(right, left); break;
            case CompareOp::not_in: holds = !Value::contains(right, left); break;
            case CompareOp::lt: holds = Value::compare(left, right, "<") == -1; break;
            case CompareOp::gt: holds = Value::compare(left, right, ">") == 1; break;
            case CompareOp::le: {
                int c = Value::compare(left, right, "<=");
                holds = c == -1 || c == 0;
                break;
            }
            case CompareOp::ge: {
                int c = Value::compare(left, right, ">=");
                holds = c == 1 || c == 0;
                break;
            }
        }
        if (!holds) return false;
        left = std::move(right);
    }
    return true;
}

Value Interpreter::eval_concat(const Concat& node) {
    std::vector<Value> parts;
    bool markup = false;
    for (auto& e : node.parts) {
        parts.push_back(eval(*e));
        markup = markup || (autoescape_ && parts.back().is_markup());
    }
    std::string out;
    for (const Value& part : parts) {
        std::string piece = markup ? part.html() : part.str();
        spend_text(out.size() + piece.size());
        out += piece;
    }
    return markup ? Value::markup(std::move(out)) : Value(std::move(out));
}

Value Interpreter::eval_conditional(const Conditional& node) {
    if (eval(*node.test).truthy()) return eval(*node.then);
    if (node.otherwise) return eval(*node.otherwise);
    return Value::undefined("the inline if-expression was false and has no else");
}

Value Interpreter::make_namespace(const Arguments& args, const NamedArguments& kwargs) {
    if (namespaces_.size() >= kMaxObjects)
        throw Error("more than " + std::to_string(kMaxObjects) + " namespaces", "fewer");
    auto made = std::make_shared<Namespace>();
    namespaces_.push_back(made);
    Value given = find_global("dict")->call(args, kwargs);
    for (auto& [key, value] : given.as_dict().items) made->set(key.str(), value);
    return std::shared_ptr<Object>(made);
}

}  // namespace moonlet::jinja
