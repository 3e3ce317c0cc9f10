// SPDX-License-Identifier: Apache-2.0
// Python's operators on template values. Every Error says which operator met which types.
#pragma once

#include "templates/ast.h"
#include "templates/value.h"

namespace moonlet::jinja {

Value binary(BinaryOp op, const Value& a, const Value& b);
Value negate(const Value& v);
Value positive(const Value& v);
// value[start:stop:step]; undefined or none bounds mean the end of the value.
Value slice(const Value& value, const Value& start, const Value& stop, const Value& step);
Value repeat(const Value& sequence, int64_t times);
// A method of Python's str, dict, list or tuple bound to the value; undefined (unnamed) where there
// is none or the sandbox forbids it (methods.cpp).
Value bound_method(const Value& value, const std::string& name);

}  // namespace moonlet::jinja
