// SPDX-License-Identifier: Apache-2.0
// A rendering's life: its scopes, namespaces, and how it is taken apart.
#include "templates/interpreter.h"

#include <algorithm>

#include "core/error.h"

namespace moonlet::jinja {

void Frame::set(std::string_view name, Value value) {
    for (auto& [known, slot] : vars) {
        if (known != name) continue;
        slot = std::move(value);
        return;
    }
    vars.emplace_back(name, std::move(value));
}

const Value* Frame::find(std::string_view name) const {
    for (auto& [known, value] : vars)
        if (known == name) return &value;
    return nullptr;
}

std::string Namespace::repr() const {
    static thread_local int depth = 0;
    if (depth >= 3) return "<Namespace …>";  // it may hold itself
    DepthGuard guard(depth, 3, "namespaces");
    std::vector<std::pair<Value, Value>> items;
    for (auto& [name, value] : attributes) items.emplace_back(name, value);
    return "<Namespace " + Value::dict(std::move(items)).repr() + ">";
}

Value Namespace::attribute(const std::string& name) const {
    for (auto& [known, value] : attributes) {
        if (known != name) continue;
        return value.is_absent() ? Value::undefined("'" + name + "' is undefined") : value;
    }
    return Value();
}

void Namespace::set(const std::string& name, Value value) {
    if (!name.empty() && name[0] == '_')
        throw Error("a namespace attribute '" + name + "'", "a name without leading underscore");
    for (auto& [known, slot] : attributes) {
        if (known != name) continue;
        slot = std::move(value);
        return;
    }
    if (attributes.size() >= 10'000) throw Error("a namespace of 10000 attributes", "fewer");
    attributes.emplace_back(name, std::move(value));
}

void check_alive(const std::shared_ptr<bool>& alive) {
    if (!*alive)
        throw Error("a macro or loop of a rendering that is over", "a call while it renders");
}

Interpreter::Interpreter(const TemplateBody& body, const Value& variables, RenderInfo* info)
    : body_(body), variables_(variables), info_(info) {
    root_ = open_scope(body.body, nullptr);
    frame_ = root_;
}

// Namespaces may hold themselves and scopes the macros that hold the scopes: emptying all of them
// here breaks every cycle, and keeps their destruction flat.
Interpreter::~Interpreter() {
    *alive_ = false;
    std::vector<Value> doomed;
    for (auto& space : namespaces_) {
        for (auto& attribute : space->attributes) doomed.push_back(std::move(attribute.second));
        space->attributes.clear();
    }
    std::vector<FramePtr> parents;
    captured_.push_back(root_);
    for (auto& frame : captured_) {
        for (auto& var : frame->vars) doomed.push_back(std::move(var.second));
        frame->vars.clear();
        parents.push_back(std::move(frame->parent));
    }
    frame_.reset();
    root_.reset();
}

std::string Interpreter::run() {
    run_all(body_.body.statements);
    return std::move(output_);
}

}  // namespace moonlet::jinja
