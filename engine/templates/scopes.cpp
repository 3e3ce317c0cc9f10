// SPDX-License-Identifier: Apache-2.0
// What Jinja2 decides about names before it runs a template. Its compiler gives each scope a table
// of names: one that is set before it is used, and that no scope around it knows, starts as
// "missing" and hides the render variable; any other starts as what the scope around it holds. The
// interpreter looks names up through the scopes as they are, which agrees but for the hidden ones;
// those are found here. Also checked here: filters and tests exist, unless an {% if %} guards them.
#include <map>
#include <set>

#include "core/error.h"
#include "templates/ast_walk.h"
#include "templates/builtins.h"
#include "templates/limits.h"
#include "templates/parser.h"
#include "templates/template.h"

namespace moonlet::jinja {

namespace {

enum class Origin { parameter, outer, variable, missing };

struct Names {
    const Names* parent = nullptr;
    std::map<std::string, Origin> known;
    std::set<std::string> stored;

    bool outside(const std::string& name) const {
        for (const Names* n = parent; n; n = n->parent)
            if (n->known.count(name)) return true;
        return false;
    }
    void load(const std::string& name) {
        if (!known.count(name) && !outside(name)) known[name] = Origin::variable;
    }
    void store(const std::string& name) {
        stored.insert(name);
        if (!known.count(name)) known[name] = outside(name) ? Origin::outer : Origin::missing;
    }
    void parameter(const std::string& name) {
        stored.insert(name);
        known[name] = Origin::parameter;
    }
    // After if/elif/else: what only branches set may not have been set, so it starts from outside.
    void join(const std::vector<Names>& branches) {
        std::set<std::string> fresh;
        for (const Names& b : branches)
            for (const std::string& name : b.stored)
                if (!stored.count(name)) fresh.insert(name);
        for (const Names& b : branches) {
            for (auto& [name, origin] : b.known) known[name] = origin;
            stored.insert(b.stored.begin(), b.stored.end());
        }
        for (const std::string& name : fresh)
            known[name] = outside(name) ? Origin::outer : Origin::variable;
    }
};

class Analysis {
  public:
    void root(TemplateBody& body) {
        Names names;
        names.parameter("self");
        finish(body.body, names);
    }

  private:
    using Statements = std::vector<StmtPtr>;

    // Collects the names of a scope's statements, notes the hidden ones, goes into inner scopes.
    void finish(Body& body, Names& names) {
        for (StmtPtr& stmt : body.statements) collect(*stmt, names);
        for (auto& [name, origin] : names.known)
            if (origin == Origin::missing) body.shadowed.push_back(name);
        descend(body.statements, names, false);
    }

    void use(const ExprPtr& expr, Names& names) {
        if (expr) use(*expr, names);
    }
    void use(const Expr& expr, Names& names) {
        if (expr.kind == ExprKind::name) names.load(static_cast<const Name&>(expr).name);
        for_each_child(expr, [&](const Expr& child) { use(child, names); });
    }

    void define(const Expr& target, Names& names, bool as_parameter = false) {
        switch (target.kind) {
            case ExprKind::name: {
                const std::string& name = static_cast<const Name&>(target).name;
                as_parameter ? names.parameter(name) : names.store(name);
                break;
            }
            case ExprKind::attribute:
                use(*static_cast<const Attribute&>(target).object, names);
                break;
            default:
                for (auto& item : static_cast<const Items&>(target).items)
                    define(*item, names, as_parameter);
        }
    }

    // One statement's names as far as they belong to the scope it stands in.
    void collect(const Stmt& stmt, Names& names) {
        switch (stmt.kind) {
            case StmtKind::output: use(static_cast<const Output&>(stmt).value, names); break;
            case StmtKind::loop: use(static_cast<const Loop&>(stmt).iterable, names); break;
            case StmtKind::branch: collect_branch(static_cast<const Branch&>(stmt), names); break;
            case StmtKind::set: {
                auto& set = static_cast<const Set&>(stmt);
                use(set.value, names);
                define(*set.target, names);
                break;
            }
            case StmtKind::set_block:
                define(*static_cast<const SetBlock&>(stmt).target, names);
                break;
            case StmtKind::macro: names.store(static_cast<const MacroStmt&>(stmt).name); break;
            case StmtKind::other_template: {
                auto& node = static_cast<const OtherTemplate&>(stmt);
                use(node.name, names);
                for (auto& target : node.targets) names.store(target);
                break;
            }
            case StmtKind::call_block: use(static_cast<const CallBlock&>(stmt).call, names); break;
            case StmtKind::filter_block:
                use(static_cast<const FilterBlock&>(stmt).filter, names);
                break;
            case StmtKind::with:
                for (auto& binding : static_cast<const With&>(stmt).bindings)
                    use(binding.second, names);
                break;
            default: break;
        }
    }

    // As Jinja2: the first arm, all elif arms together, and the else are three branches.
    void collect_branch(const Branch& branch, Names& names) {
        spend(8 * names.known.size() * branch.arms.size());  // copies below
        use(branch.arms[0].first, names);
        Names then = names, elifs = names, otherwise = names;
        for (auto& stmt : branch.arms[0].second) collect(*stmt, then);
        for (size_t i = 1; i < branch.arms.size(); ++i) {
            auto& [test, body] = branch.arms[i];
            if (!test) {
                for (auto& stmt : body) collect(*stmt, otherwise);
                continue;
            }
            use(test, elifs);
            Names arm = elifs;
            for (auto& stmt : body) collect(*stmt, arm);
            elifs.join({arm});
        }
        names.join({then, elifs, otherwise});
    }

    // Goes through a scope's statements for the scopes inside them. `soft`: an {% if %} of this
    // scope is around, so unknown filters only matter when they are reached.
    void descend(Statements& statements, const Names& names, bool soft) {
        for (StmtPtr& stmt : statements) enter(*stmt, names, soft);
    }

    Names below(const Names& names) {
        Names inner;
        inner.parent = &names;
        return inner;
    }

    void enter(Stmt& stmt, const Names& names, bool soft) {
        switch (stmt.kind) {
            case StmtKind::output: check(static_cast<Output&>(stmt).value, soft); break;
            case StmtKind::set: check(static_cast<Set&>(stmt).value, soft); break;
            case StmtKind::branch:
                for (auto& [test, body] : static_cast<Branch&>(stmt).arms) {
                    check(test, true);
                    descend(body, names, true);
                }
                break;
            case StmtKind::loop: enter_loop(static_cast<Loop&>(stmt), names, soft); break;
            case StmtKind::macro: {
                auto& macro = static_cast<MacroStmt&>(stmt);
                enter_function(macro.signature, macro.body, names);
                break;
            }
            case StmtKind::call_block: {
                auto& block = static_cast<CallBlock&>(stmt);
                check(block.call, soft);
                enter_function(block.signature, block.body, names);
                break;
            }
            case StmtKind::set_block: {
                auto& block = static_cast<SetBlock&>(stmt);
                check(block.filter, soft);
                Names inner = below(names);
                finish(block.body, inner);
                break;
            }
            case StmtKind::filter_block: {
                auto& block = static_cast<FilterBlock&>(stmt);
                check(block.filter, soft);
                Names inner = below(names);
                finish(block.body, inner);
                break;
            }
            case StmtKind::with: {
                auto& with = static_cast<With&>(stmt);
                Names inner = below(names);
                for (auto& [target, value] : with.bindings) {
                    check(value, soft);
                    define(*target, inner, true);
                }
                finish(with.body, inner);
                break;
            }
            case StmtKind::block: {
                Names own;  // blocks see the template's variables, not the scope around them
                finish(static_cast<BlockStmt&>(stmt).body, own);
                break;
            }
            case StmtKind::generation: {
                Names inner = below(names);
                finish(static_cast<BlockStmt&>(stmt).body, inner);
                break;
            }
            case StmtKind::autoescape: {
                auto& node = static_cast<Autoescape&>(stmt);
                check(node.enabled, soft);
                Names inner = below(names);
                finish(node.body, inner);
                break;
            }
            default: break;
        }
    }

    void enter_loop(Loop& loop, const Names& names, bool soft) {
        check(loop.iterable, soft);
        check(loop.condition, false);
        Names body = below(names), otherwise = below(names);
        body.parameter("loop");
        define(*loop.target, body, true);
        finish(loop.body, body);
        finish(loop.otherwise, otherwise);
    }

    void enter_function(Signature& signature, Body& body, const Names& names) {
        Names inner = below(names);
        for (auto& name : signature.names) inner.parameter(name);
        for (auto& value : signature.defaults) {
            check(value, false);
            use(value, inner);
        }
        std::set<std::string> special = {"caller", "kwargs", "varargs"}, found;
        mentions(body.statements, special, found);
        auto declared = [&](const char* name) {
            for (auto& known : signature.names)
                if (known == name) return true;
            return false;
        };
        signature.uses_caller = found.count("caller") && !declared("caller");
        signature.uses_kwargs = found.count("kwargs") && !declared("kwargs");
        signature.uses_varargs = found.count("varargs") && !declared("varargs");
        for (auto& name : found) inner.parameter(name);
        finish(body, inner);
    }

    // Which of `names` the statements use before they set them, inner scopes included.
    void mentions(const Statements& statements, std::set<std::string>& names,
                  std::set<std::string>& found) {
        auto use_in = [&](const ExprPtr& e) {
            if (e) mentions_expr(*e, names, found);
        };
        auto drop = [&](const Expr& target) {
            Names stored;
            define(target, stored);
            for (auto& name : stored.stored) names.erase(name);
        };
        for (const StmtPtr& stmt : statements) {
            switch (stmt->kind) {
                case StmtKind::output: use_in(static_cast<const Output&>(*stmt).value); break;
                case StmtKind::set:
                    use_in(static_cast<const Set&>(*stmt).value);
                    drop(*static_cast<const Set&>(*stmt).target);
                    break;
                case StmtKind::branch:
                    for (auto& [test, body] : static_cast<const Branch&>(*stmt).arms) {
                        use_in(test);
                        mentions(body, names, found);
                    }
                    break;
                case StmtKind::loop: {
                    auto& loop = static_cast<const Loop&>(*stmt);
                    use_in(loop.iterable);
                    use_in(loop.condition);
                    drop(*loop.target);
                    mentions(loop.body.statements, names, found);
                    mentions(loop.otherwise.statements, names, found);
                    break;
                }
                case StmtKind::set_block: {
                    auto& block = static_cast<const SetBlock&>(*stmt);
                    use_in(block.filter);
                    mentions(block.body.statements, names, found);
                    break;
                }
                case StmtKind::macro:
                    mentions(static_cast<const MacroStmt&>(*stmt).body.statements, names, found);
                    break;
                case StmtKind::call_block:
                    use_in(static_cast<const CallBlock&>(*stmt).call);
                    mentions(static_cast<const CallBlock&>(*stmt).body.statements, names, found);
                    break;
                case StmtKind::filter_block:
                    use_in(static_cast<const FilterBlock&>(*stmt).filter);
                    mentions(static_cast<const FilterBlock&>(*stmt).body.statements, names, found);
                    break;
                case StmtKind::with:
                    for (auto& binding : static_cast<const With&>(*stmt).bindings)
                        use_in(binding.second);
                    mentions(static_cast<const With&>(*stmt).body.statements, names, found);
                    break;
                case StmtKind::generation:
                    mentions(static_cast<const BlockStmt&>(*stmt).body.statements, names, found);
                    break;
                case StmtKind::autoescape:
                    mentions(static_cast<const Autoescape&>(*stmt).body.statements, names, found);
                    break;
                default: break;
            }
        }
    }

    void mentions_expr(const Expr& expr, const std::set<std::string>& names,
                       std::set<std::string>& found) {
        if (expr.kind == ExprKind::name) {
            const std::string& name = static_cast<const Name&>(expr).name;
            if (names.count(name)) found.insert(name);
        }
        for_each_child(expr, [&](const Expr& child) { mentions_expr(child, names, found); });
    }

    void check(const ExprPtr& expr, bool soft) {
        if (expr) check(*expr, soft);
    }
    void check(const Expr& expr, bool soft) {
        if (soft || expr.kind == ExprKind::conditional) return;
        auto refuse = [&](const char* kind, const std::string& name,
                          const std::vector<std::string>& legal) {
            std::string near = nearest_name(name, legal);
            throw TemplateError(expr.at.line, expr.at.column,
                                std::string("no ") + kind + " named '" + name + "'; wanted a " +
                                    kind + " of Jinja2" +
                                    (near.empty() ? "" : "; did you mean '" + near + "'?"));
        };
        if (expr.kind == ExprKind::filter) {
            auto& name = static_cast<const FilterExpr&>(expr).name;
            if (!find_filter(name)) refuse("filter", name, filter_names());
        } else if (expr.kind == ExprKind::test) {
            auto& name = static_cast<const TestExpr&>(expr).name;
            if (!find_test(name)) refuse("test", name, test_names());
        }
        for_each_child(expr, [&](const Expr& child) { check(child, false); });
    }
};

}  // namespace

void resolve_scopes(TemplateBody& body) { Analysis().root(body); }

}  // namespace moonlet::jinja
