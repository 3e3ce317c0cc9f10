// SPDX-License-Identifier: Apache-2.0
// A Jinja2 template: parsed once, rendered often and from any thread. The environment is the one
// Hugging Face transformers sets up for chat templates: immutable sandbox, trim_blocks and
// lstrip_blocks on, autoescape off, loop controls, {% generation %}, tojson that writes plain JSON,
// raise_exception and strftime_now. No loader, so extends/include/import are errors.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "templates/limits.h"
#include "templates/value.h"

namespace moonlet::jinja {

// Where in the template it went wrong; what() begins with "template line L, column C: ". Both count
// from 1, columns in characters.
class TemplateError : public Error {
  public:
    TemplateError(int line, int column, const std::string& message)
        : Error("template line " + std::to_string(line) + ", column " + std::to_string(column) +
                ": " + message),
          line_(line),
          column_(column) {}
    // The same error with words before it that say whose template it is.
    TemplateError(const TemplateError& inner, const std::string& prefix)
        : Error(prefix + inner.what()), line_(inner.line_), column_(inner.column_) {}
    int line() const { return line_; }
    int column() const { return column_; }

  private:
    int line_, column_;
};

struct RenderInfo {
    // Byte ranges [first, last) of the output that came from {% generation %} blocks.
    std::vector<std::pair<size_t, size_t>> generation_spans;
};

struct TemplateBody;  // the syntax tree

class Template {
  public:
    // TemplateError: not Jinja, and where.
    static std::shared_ptr<Template> parse(std::string source, const Limits& limits = {});

    // `variables` is a dict with string keys. They hide the globals (range, dict, namespace, …) of
    // the same name. TemplateError: what failed and where, also when a limit is reached (of time,
    // steps or bytes, or 150 nested calls). Interrupted on Ctrl-C. `info` may be null.
    std::string render(const Value& variables, RenderInfo* info = nullptr,
                       const Limits& limits = {}) const;

    const std::string& source() const { return source_; }
    ~Template();

  private:
    Template() = default;
    std::string source_;
    std::unique_ptr<TemplateBody> body_;
};

}  // namespace moonlet::jinja

namespace moonlet {
// Parses and renders in one go.
std::string render_jinja(const std::string& source, const jinja::Value& variables,
                         const jinja::Limits& limits = {});
}  // namespace moonlet
