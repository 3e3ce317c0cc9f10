// SPDX-License-Identifier: Apache-2.0
// Walks a syntax tree and writes text. One Interpreter is one rendering: it holds the scopes, the
// output and everything a template can create that may refer to itself (namespaces, macros), which
// it takes apart at the end so that nothing leaks. Values that outlive it know that it is over.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "templates/ast.h"
#include "templates/limits.h"
#include "templates/template.h"

namespace moonlet::jinja {

// One scope. Names point into the syntax tree. An absent Value marks a name that is in scope but
// not set yet.
struct Frame {
    std::shared_ptr<Frame> parent;
    std::vector<std::pair<std::string_view, Value>> vars;

    void set(std::string_view name, Value value);
    const Value* find(std::string_view name) const;  // in this frame only
};
using FramePtr = std::shared_ptr<Frame>;

class Namespace : public Object {
  public:
    std::string type_name() const override { return "Namespace"; }
    std::string repr() const override;
    Value attribute(const std::string& name) const override;
    void set(const std::string& name, Value value);  // Error: a name that begins with "_"
    std::vector<std::pair<std::string, Value>> attributes;
};

class LoopState;

class Interpreter {
  public:
    Interpreter(const TemplateBody& body, const Value& variables, RenderInfo* info);
    ~Interpreter();
    Interpreter(const Interpreter&) = delete;
    Interpreter& operator=(const Interpreter&) = delete;

    std::string run();

  private:
    friend class LoopState;
    friend class Macro;
    enum class Flow { normal, breaks, continues };

    // interpreter_statements.cpp
    Flow run_all(const std::vector<StmtPtr>& statements);
    Flow run_one(const Stmt& stmt);
    Flow run_statement(const Stmt& stmt);
    // Runs a body in a scope of its own, below `parent`.
    FramePtr open_scope(const Body& body, FramePtr parent);
    Flow run_scoped(const Body& body);
    // The text a body writes.
    std::string capture(const Body& body, FramePtr frame);
    Flow run_loop(const Loop& loop);
    Flow run_loop_over(const Loop& loop, const Value& iterable, FramePtr outer, int depth);
    std::string capture_loop(const Loop& loop, const Value& iterable, FramePtr outer, int depth);
    Flow run_branch(const Branch& branch);
    void run_set(const Set& set);
    void run_set_block(const SetBlock& block);
    void run_macro(const MacroStmt& macro);
    void run_call_block(const CallBlock& block);
    Flow run_with(const With& with);
    void run_block(const BlockStmt& block);
    void run_generation(const BlockStmt& block);
    void write(const Value& value);
    void write_text(std::string_view text);
    void assign(const Expr& target, const Value& value);
    Value text_value(std::string text) const;  // markup under autoescape
    Value make_macro(std::string name, const Signature& signature, const Body& body);
    std::string call_macro(const class Macro& macro, const Arguments&, const NamedArguments&);

    // interpreter_expressions.cpp
    Value eval(const Expr& expr);
    Value eval_kind(const Expr& expr);
    Value eval_name(const Name& name);
    Value eval_items(const Items& items);
    Value eval_dict(const DictLiteral& dict);
    Value eval_slice(const Slice& slice);
    Value eval_call(const Call& call, const Value* caller = nullptr);
    Value eval_filter(const FilterExpr& filter, const Value* head = nullptr);
    Value eval_test(const TestExpr& test);
    Value eval_binary(const Binary& node);
    Value eval_compare(const Compare& compare);
    Value eval_concat(const Concat& concat);
    Value eval_conditional(const Conditional& conditional);
    void eval_args(const CallArgs& args, Arguments& positional, NamedArguments& named);
    Value make_namespace(const Arguments& args, const NamedArguments& kwargs);
    Value lookup(std::string_view name);
    Value make_self();  // {name: function that renders the block}

    const TemplateBody& body_;
    const Value& variables_;
    RenderInfo* info_;
    FramePtr root_, frame_;
    std::string output_;
    std::string* out_ = &output_;
    bool autoescape_ = false;
    int depth_ = 0, calls_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    std::vector<std::shared_ptr<Namespace>> namespaces_;
    std::vector<FramePtr> captured_;  // scopes that macros hold
};

// Throws when the rendering that made a macro or loop is over.
void check_alive(const std::shared_ptr<bool>& alive);

}  // namespace moonlet::jinja
