// SPDX-License-Identifier: Apache-2.0
// A macro, or the `caller` of a {% call %} block: a body with parameters and the scope it was
// written in.
#pragma once

#include <memory>
#include <string>

#include "templates/interpreter.h"

namespace moonlet::jinja {

class Macro : public Object {
  public:
    Macro(Interpreter& interpreter, std::string name, const Signature& signature, const Body& body,
          FramePtr frame);

    const Signature& signature() const { return *signature_; }
    const Body& body() const { return *body_; }
    const FramePtr& frame() const { return frame_; }
    // Puts the arguments into the macro's new scope. Error: too many, unknown ones.
    void bind(Frame& scope, const Arguments& args, const NamedArguments& kwargs) const;

    std::string type_name() const override { return "Macro"; }
    std::string repr() const override { return "<Macro '" + name_ + "'>"; }
    bool is_callable() const override { return true; }
    Value attribute(const std::string& name) const override;
    Value call(const Arguments& args, const NamedArguments& kwargs) override;

  private:
    Interpreter* interpreter_;
    std::shared_ptr<bool> alive_;
    std::string name_;
    const Signature* signature_;
    const Body* body_;
    FramePtr frame_;
};

}  // namespace moonlet::jinja
