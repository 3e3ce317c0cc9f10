// SPDX-License-Identifier: Apache-2.0
#include "templates/template.h"

#include <new>

#include "templates/interpreter.h"
#include "templates/limits.h"
#include "templates/parser.h"

namespace moonlet::jinja {

std::shared_ptr<Template> Template::parse(std::string source, const Limits& most) {
    if (source.size() > most.text_bytes)
        throw Error("a template of " + std::to_string(source.size()) + " bytes",
                    "at most " + std::to_string(most.text_bytes));
    Meter meter(most);  // analysing a hostile template's names is work too
    std::shared_ptr<Template> made(new Template());
    made->body_ = parse_template(source);
    made->source_ = std::move(source);
    return made;
}

Template::~Template() = default;

std::string Template::render(const Value& variables, RenderInfo* info, const Limits& most) const {
    Meter meter(most);
    try {
        Interpreter interpreter(*body_, variables, info);
        return interpreter.run();
    } catch (const std::bad_alloc&) {
        throw Error("out of memory while rendering a template", "a smaller result");
    }
}

}  // namespace moonlet::jinja

namespace moonlet {

std::string render_jinja(const std::string& source, const jinja::Value& variables,
                         const jinja::Limits& limits) {
    return jinja::Template::parse(source, limits)->render(variables, nullptr, limits);
}

}  // namespace moonlet
