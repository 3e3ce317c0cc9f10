// SPDX-License-Identifier: Apache-2.0
#include "templates/template.h"

#include <new>

#include "templates/interpreter.h"
#include "templates/limits.h"
#include "templates/parser.h"

namespace moonlet::jinja {

std::shared_ptr<Template> Template::parse(std::string source) {
    if (source.size() > kMaxTextBytes)
        throw Error("a template of " + std::to_string(source.size()) + " bytes",
                    "at most " + std::to_string(kMaxTextBytes));
    Meter meter;  // analysing a hostile template's names is work too
    std::shared_ptr<Template> made(new Template());
    made->body_ = parse_template(source);
    made->source_ = std::move(source);
    return made;
}

Template::~Template() = default;

std::string Template::render(const Value& variables, RenderInfo* info) const {
    Meter meter;
    try {
        Interpreter interpreter(*body_, variables, info);
        return interpreter.run();
    } catch (const std::bad_alloc&) {
        throw Error("out of memory while rendering a template", "a smaller result");
    }
}

}  // namespace moonlet::jinja

namespace moonlet {

std::string render_jinja(const std::string& source, const jinja::Value& variables) {
    return jinja::Template::parse(source)->render(variables);
}

}  // namespace moonlet
