// SPDX-License-Identifier: Apache-2.0
#include "templates/macro.h"

#include <algorithm>

#include "core/error.h"

namespace moonlet::jinja {

Macro::Macro(Interpreter& interpreter, std::string name, const Signature& signature,
             const Body& body, FramePtr frame)
    : interpreter_(&interpreter),
      alive_(interpreter.alive_),
      name_(std::move(name)),
      signature_(&signature),
      body_(&body),
      frame_(std::move(frame)) {}

Value Macro::call(const Arguments& args, const NamedArguments& kwargs) {
    check_alive(alive_);
    return interpreter_->text_value(interpreter_->call_macro(*this, args, kwargs));
}

void Macro::bind(Frame& scope, const Arguments& args, const NamedArguments& kwargs) const {
    auto& names = signature_->names;
    size_t positional = std::min(args.size(), names.size());
    for (size_t i = 0; i < names.size(); ++i)
        scope.set(names[i], i < positional ? args[i] : Value());
    std::vector<std::pair<Value, Value>> rest;
    Value caller = Value::undefined("No caller defined");
    for (auto& [name, value] : kwargs) {
        auto it = std::find(names.begin() + long(positional), names.end(), name);
        if (it != names.end()) scope.set(*it, value);
        else if (name == "caller" && signature_->uses_caller) caller = value;
        else rest.emplace_back(name, value);
    }
    if (signature_->uses_caller) scope.set("caller", caller);
    if (signature_->uses_kwargs) {
        scope.set("kwargs", Value::dict(std::move(rest)));
    } else if (!rest.empty()) {
        std::string first = rest[0].first.as_string();
        if (first == "caller")
            throw Error("macro '" + name_ + "' got a {% call %} block",
                        "a macro that uses caller()");
        throw Error("macro '" + name_ + "' takes no keyword argument '" + first + "'",
                    "one of its parameters", nearest_name(first, names));
    }
    std::vector<Value> more(args.begin() + long(positional), args.end());
    if (signature_->uses_varargs) scope.set("varargs", Value::tuple(std::move(more)));
    else if (!more.empty())
        throw Error("macro '" + name_ + "' got " + std::to_string(args.size()) + " arguments",
                    "at most " + std::to_string(names.size()));
}

Value Macro::attribute(const std::string& name) const {
    if (name == "name") return name_;
    if (name == "catch_kwargs") return signature_->uses_kwargs;
    if (name == "catch_varargs") return signature_->uses_varargs;
    if (name == "caller") return signature_->uses_caller;
    if (name == "arguments") {
        std::vector<Value> names(signature_->names.begin(), signature_->names.end());
        return Value::tuple(std::move(names));
    }
    return Value();
}

}  // namespace moonlet::jinja
