// SPDX-License-Identifier: Apache-2.0
#include "templates/builtins.h"
#include "templates/parser.h"

namespace moonlet::jinja {
void resolve_scopes(TemplateBody&) {}
}  // namespace moonlet::jinja
