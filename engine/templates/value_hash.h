// SPDX-License-Identifier: Apache-2.0
// Hashes of dict keys: equal values (1, 1.0 and true) hash alike. For the value files only.
#pragma once

#include "templates/value.h"

namespace moonlet::jinja {

// Error: the value is a list or dict, as in Python.
size_t hash_of(const Value& value);

}  // namespace moonlet::jinja
