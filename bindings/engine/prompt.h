// SPDX-License-Identifier: Apache-2.0
// A prompt as Lua gives it (a text, encoded as the model wants it, or ids as they are), and what is
// pushed for an answer.
#pragma once

#include <vector>

#include "bindings/convert.h"
#include "bindings/engine/classes.h"
#include "generation/generator.h"

namespace moonlet::bindings {

// The value at `index`. special: whether special tokens are added to a text; the token that begins
// a text is not put twice where m:render wrote it already.
std::vector<int> prompt_ids(lua_State* L, int index, LanguageModel& model, bool special);

// The fields of a Generation; stdlib/generation.lua completes it.
void push_result(lua_State* L, const GenerationResult& result);

}  // namespace moonlet::bindings
