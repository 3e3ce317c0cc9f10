// SPDX-License-Identifier: Apache-2.0
// Tokens to syntax tree, by Jinja2's grammar with the tags of Hugging Face's environment: break,
// continue and generation; no loader, so extends, include and import are refused. Knows no values
// beyond literals.
#pragma once

#include <memory>
#include <string>

#include "templates/ast.h"

namespace moonlet::jinja {

// TemplateError: what was found, what was wanted, where.
std::unique_ptr<TemplateBody> parse_template(const std::string& source);

// Fills Body::shadowed throughout and checks that filters and tests exist (scopes.cpp).
// TemplateError: an unknown filter or test outside of any {% if %}, as Jinja2 refuses it.
void resolve_scopes(TemplateBody& body);

}  // namespace moonlet::jinja
