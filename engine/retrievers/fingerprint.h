// SPDX-License-Identifier: Apache-2.0
// Whether two models are the same one: a 64-bit number of the weights, their names, shapes and
// dtypes, and of a text that says what else matters (tokenizer, pooling). Not a defence against
// somebody who wants two to be equal; it notices another model, a fine-tuned one, another dtype.
#pragma once

#include <string>
#include <string_view>

#include "models/model.h"

namespace moonlet {

// 16 hexadecimal digits.
std::string fingerprint(Model& model, std::string_view more);

}  // namespace moonlet
