// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/error.h"
#include "templates/builtins.h"
#include "templates/interpreter.h"
#include "templates/loop.h"
#include "templates/macro.h"

namespace moonlet::jinja {

namespace {

constexpr int kMaxDepth = 1500;

// Puts a value back when the scope ends, also by an exception.
template <class T>
class Restore {
  public:
    Restore(T& slot, T value) : slot_(slot), old_(std::exchange(slot, std::move(value))) {}
    ~Restore() { slot_ = std::move(old_); }
    Restore(const Restore&) = delete;
    Restore& operator=(const Restore&) = delete;

  private:
    T& slot_;
    T old_;
};

}  // namespace

void Interpreter::write_text(std::string_view text) {
    const size_t most = limits().text_bytes;
    if (out_->size() + text.size() > most)
        throw Error("the template writes more than " + std::to_string(most) + " bytes",
                    "a shorter output");
    out_->append(text);
}

void Interpreter::write(const Value& value) {
    if (autoescape_) write_text(value.html());
    else if (value.is_string()) write_text(value.as_string());
    else write_text(value.str());
}

Value Interpreter::text_value(std::string text) const {
    return autoescape_ ? Value::markup(std::move(text)) : Value(std::move(text));
}

FramePtr Interpreter::open_scope(const Body& body, FramePtr parent) {
    auto frame = std::make_shared<Frame>();
    frame->parent = std::move(parent);
    for (const std::string& name : body.shadowed) frame->vars.emplace_back(name, Value());
    return frame;
}

Interpreter::Flow Interpreter::run_scoped(const Body& body) {
    Restore<FramePtr> scope(frame_, open_scope(body, frame_));
    return run_all(body.statements);
}

std::string Interpreter::capture(const Body& body, FramePtr frame) {
    std::string text;
    Restore<std::string*> target(out_, &text);
    Restore<FramePtr> scope(frame_, std::move(frame));
    run_all(body.statements);
    spend_text(text.size());
    return text;
}

Interpreter::Flow Interpreter::run_all(const std::vector<StmtPtr>& statements) {
    for (const StmtPtr& stmt : statements) {
        Flow flow = run_one(*stmt);
        if (flow != Flow::normal) return flow;
    }
    return Flow::normal;
}

Interpreter::Flow Interpreter::run_one(const Stmt& stmt) {
    try {
        spend();
        DepthGuard guard(depth_, kMaxDepth, "the template");
        return run_statement(stmt);
    } catch (const TemplateError&) {
        throw;
    } catch (const Error& error) {
        throw TemplateError(stmt.at.line, stmt.at.column, error.what());
    }
}

Interpreter::Flow Interpreter::run_statement(const Stmt& stmt) {
    switch (stmt.kind) {
        case StmtKind::text: write_text(static_cast<const Text&>(stmt).text); break;
        case StmtKind::output: write(eval(*static_cast<const Output&>(stmt).value)); break;
        case StmtKind::loop: return run_loop(static_cast<const Loop&>(stmt));
        case StmtKind::branch: return run_branch(static_cast<const Branch&>(stmt));
        case StmtKind::set: run_set(static_cast<const Set&>(stmt)); break;
        case StmtKind::set_block: run_set_block(static_cast<const SetBlock&>(stmt)); break;
        case StmtKind::macro: run_macro(static_cast<const MacroStmt&>(stmt)); break;
        case StmtKind::call_block: run_call_block(static_cast<const CallBlock&>(stmt)); break;
        case StmtKind::filter_block: {
            auto& block = static_cast<const FilterBlock&>(stmt);
            Value text = text_value(capture(block.body, open_scope(block.body, frame_)));
            write(eval_filter(static_cast<const FilterExpr&>(*block.filter), &text));
            break;
        }
        case StmtKind::with: return run_with(static_cast<const With&>(stmt));
        case StmtKind::block: run_block(static_cast<const BlockStmt&>(stmt)); break;
        case StmtKind::generation: run_generation(static_cast<const BlockStmt&>(stmt)); break;
        case StmtKind::autoescape: {
            auto& node = static_cast<const Autoescape&>(stmt);
            Restore<bool> escape(autoescape_, eval(*node.enabled).truthy());
            return run_scoped(node.body);
        }
        case StmtKind::other_template:
            throw Error(
                "'" + static_cast<const OtherTemplate&>(stmt).tag + "' needs other templates",
                "a template that stands alone");
        case StmtKind::flow:
            return static_cast<const jinja::Flow&>(stmt).is_break ? Flow::breaks : Flow::continues;
    }
    return Flow::normal;
}

void Interpreter::assign(const Expr& target, const Value& value) {
    switch (target.kind) {
        case ExprKind::name: frame_->set(static_cast<const Name&>(target).name, value); return;
        case ExprKind::attribute: {
            auto& node = static_cast<const Attribute&>(target);
            Value object = eval(*node.object);
            auto space = object.kind() == Kind::object
                             ? std::dynamic_pointer_cast<Namespace>(object.as_object())
                             : nullptr;
            if (!space)
                throw Error(
                    "cannot assign attribute on non-namespace object (" + object.type_name() + ")",
                    "namespace() to hold it");
            space->set(node.name, value);
            return;
        }
        default: break;
    }
    auto& names = static_cast<const Items&>(target).items;
    if (value.is_undefined()) throw Error(value.undefined_message(), "values to unpack");
    if (!value.iterable())
        throw Error("cannot unpack non-iterable " + value.type_name() + " object", "a list");
    auto items = value.to_vector();
    if (items.size() != names.size())
        throw Error("cannot unpack " + std::to_string(items.size()) + " values",
                    std::to_string(names.size()) + " of them");
    for (size_t i = 0; i < names.size(); ++i) assign(*names[i], items[i]);
}

Interpreter::Flow Interpreter::run_loop(const Loop& loop) {
    return run_loop_over(loop, eval(*loop.iterable), frame_, 0);
}

namespace {

// Drops the items that the loop's own condition refuses, one by one as the loop asks for them.
template <class Passes>
class Filtered : public Iterator {
  public:
    Filtered(std::unique_ptr<Iterator> source, Passes passes)
        : source_(std::move(source)), passes_(std::move(passes)) {}
    bool next(Value& out) override {
        while (source_->next(out)) {
            spend();
            if (passes_(out)) return true;
        }
        return false;
    }

  private:
    std::unique_ptr<Iterator> source_;
    Passes passes_;
};

}  // namespace

Interpreter::Flow Interpreter::run_loop_over(const Loop& loop, const Value& iterable,
                                             FramePtr outer, int depth) {
    std::unique_ptr<Iterator> items;
    try {
        items = iterable.iterate();
    } catch (const Error& error) {
        throw TemplateError(loop.iterable->at.line, loop.iterable->at.column, error.what());
    }
    int64_t known_length = loop.condition ? -1 : iterable.length();
    if (loop.condition) {
        auto passes = [&](const Value& item) {
            Restore<FramePtr> scope(frame_, std::make_shared<Frame>());
            frame_->parent = outer;
            assign(*loop.target, item);
            return eval(*loop.condition).truthy();
        };
        items = std::make_unique<Filtered<decltype(passes)>>(std::move(items), passes);
    }
    auto state =
        std::make_shared<LoopState>(*this, loop, outer, std::move(items), known_length, depth);
    Value state_value = std::shared_ptr<Object>(state);
    LoopFinisher finisher(*state);
    bool completed = false;  // a round came to its end: Jinja2 asks this for {% else %}
    Value item;
    FramePtr scope;
    while (state->advance(item)) {
        spend();
        // A scope that nothing captured can serve the next round.
        if (!scope || scope.use_count() > 1) scope = open_scope(loop.body, outer);
        scope->vars.clear();
        for (const std::string& name : loop.body.shadowed) scope->vars.emplace_back(name, Value());
        scope->vars.emplace_back("loop", state_value);
        Restore<FramePtr> inside(frame_, scope);
        assign(*loop.target, item);
        Flow flow = run_all(loop.body.statements);
        if (flow == Flow::breaks) break;
        completed = completed || flow == Flow::normal;
    }
    if (!completed && !loop.otherwise.statements.empty()) {
        Restore<FramePtr> inside(frame_, open_scope(loop.otherwise, outer));
        return run_all(loop.otherwise.statements);
    }
    return Flow::normal;
}

std::string Interpreter::capture_loop(const Loop& loop, const Value& iterable, FramePtr outer,
                                      int depth) {
    std::string text;
    Restore<std::string*> target(out_, &text);
    Restore<FramePtr> scope(frame_, outer);
    run_loop_over(loop, iterable, outer, depth);
    spend_text(text.size());
    return text;
}

Interpreter::Flow Interpreter::run_branch(const Branch& branch) {
    for (auto& [test, statements] : branch.arms)
        if (!test || eval(*test).truthy()) return run_all(statements);
    return Flow::normal;
}

void Interpreter::run_set(const Set& set) { assign(*set.target, eval(*set.value)); }

void Interpreter::run_set_block(const SetBlock& block) {
    Value text = text_value(capture(block.body, open_scope(block.body, frame_)));
    if (block.filter) text = eval_filter(static_cast<const FilterExpr&>(*block.filter), &text);
    assign(*block.target, text);
}

Interpreter::Flow Interpreter::run_with(const With& with) {
    // Values are read in the outer scope, as Jinja2 2.9 and later do.
    std::vector<Value> values;
    for (auto& binding : with.bindings) values.push_back(eval(*binding.second));
    Restore<FramePtr> scope(frame_, open_scope(with.body, frame_));
    for (size_t i = 0; i < values.size(); ++i) assign(*with.bindings[i].first, values[i]);
    return run_all(with.body.statements);
}

void Interpreter::run_block(const BlockStmt& block) {
    if (block.required)
        throw Error("required block '" + block.name + "' has no content", "a plain block");
    Restore<FramePtr> scope(frame_, open_scope(block.body, block.scoped ? frame_ : root_));
    run_all(block.body.statements);
}

void Interpreter::run_generation(const BlockStmt& block) {
    std::string text = capture(block.body, open_scope(block.body, frame_));
    // What is captured into a variable or macro stands where the output has got to, as the tracker
    // of transformers counts it.
    if (info_) info_->generation_spans.emplace_back(output_.size(), output_.size() + text.size());
    write_text(text);
}

Value Interpreter::make_macro(std::string name, const Signature& signature, const Body& body) {
    if (captured_.empty() || captured_.back() != frame_) {
        if (captured_.size() >= kMaxObjects)
            throw Error("more than " + std::to_string(kMaxObjects) + " macros", "fewer");
        captured_.push_back(frame_);
    }
    return std::shared_ptr<Object>(
        std::make_shared<Macro>(*this, std::move(name), signature, body, frame_));
}

void Interpreter::run_macro(const MacroStmt& macro) {
    frame_->set(macro.name, make_macro(macro.name, macro.signature, macro.body));
}

void Interpreter::run_call_block(const CallBlock& block) {
    Value caller = make_macro("caller", block.signature, block.body);
    write(eval_call(static_cast<const Call&>(*block.call), &caller));
}

std::string Interpreter::call_macro(const Macro& macro, const Arguments& args,
                                    const NamedArguments& kwargs) {
    FramePtr frame = open_scope(macro.body(), macro.frame());
    macro.bind(*frame, args, kwargs);
    {
        // Defaults may use the parameters before them.
        Restore<FramePtr> scope(frame_, frame);
        auto& signature = macro.signature();
        size_t first = signature.names.size() - signature.defaults.size();
        for (size_t i = 0; i < signature.names.size(); ++i) {
            const Value* given = frame->find(signature.names[i]);
            if (given && !given->is_absent()) continue;
            const std::string& name = signature.names[i];
            frame->set(name, i >= first
                                 ? eval(*signature.defaults[i - first])
                                 : Value::undefined("parameter '" + name + "' was not provided"));
        }
    }
    return capture(macro.body(), frame);
}

}  // namespace moonlet::jinja
