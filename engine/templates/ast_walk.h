// SPDX-License-Identifier: Apache-2.0
// Visits the direct subexpressions of an expression, in Jinja2's order (which decides what counts
// as used before set). For the parser's height check and the scope analysis.
#pragma once

#include "templates/ast.h"

namespace moonlet::jinja {

template <class Visit>
void for_each_child(const CallArgs& args, Visit&& visit) {
    auto each = [&](const ExprPtr& e) {
        if (e) visit(*e);
    };
    for (auto& e : args.positional) each(e);
    for (auto& e : args.named) each(e.second);
    each(args.star);
    each(args.star_star);
}

template <class Visit>
void for_each_child(const Expr& expr, Visit&& visit) {
    auto each = [&](const ExprPtr& e) {
        if (e) visit(*e);
    };
    switch (expr.kind) {
        case ExprKind::constant:
        case ExprKind::name: break;
        case ExprKind::list:
        case ExprKind::tuple:
            for (auto& e : static_cast<const Items&>(expr).items) each(e);
            break;
        case ExprKind::dict:
            for (auto& [key, value] : static_cast<const DictLiteral&>(expr).items) {
                each(key);
                each(value);
            }
            break;
        case ExprKind::attribute: each(static_cast<const Attribute&>(expr).object); break;
        case ExprKind::item:
            each(static_cast<const Item&>(expr).object);
            each(static_cast<const Item&>(expr).key);
            break;
        case ExprKind::slice: {
            auto& s = static_cast<const Slice&>(expr);
            each(s.object);
            each(s.start);
            each(s.stop);
            each(s.step);
            break;
        }
        case ExprKind::call:
            each(static_cast<const Call&>(expr).callee);
            for_each_child(static_cast<const Call&>(expr).args, visit);
            break;
        case ExprKind::filter:
            each(static_cast<const FilterExpr&>(expr).input);
            for_each_child(static_cast<const FilterExpr&>(expr).args, visit);
            break;
        case ExprKind::test:
            each(static_cast<const TestExpr&>(expr).input);
            for_each_child(static_cast<const TestExpr&>(expr).args, visit);
            break;
        case ExprKind::unary: each(static_cast<const Unary&>(expr).operand); break;
        case ExprKind::binary:
            each(static_cast<const Binary&>(expr).left);
            each(static_cast<const Binary&>(expr).right);
            break;
        case ExprKind::logic:
            each(static_cast<const Logic&>(expr).left);
            each(static_cast<const Logic&>(expr).right);
            break;
        case ExprKind::compare:
            each(static_cast<const Compare&>(expr).first);
            for (auto& e : static_cast<const Compare&>(expr).rest) each(e.second);
            break;
        case ExprKind::concat:
            for (auto& e : static_cast<const Concat&>(expr).parts) each(e);
            break;
        case ExprKind::conditional:
            each(static_cast<const Conditional&>(expr).test);
            each(static_cast<const Conditional&>(expr).then);
            each(static_cast<const Conditional&>(expr).otherwise);
            break;
    }
}

}  // namespace moonlet::jinja
