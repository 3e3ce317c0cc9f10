// SPDX-License-Identifier: Apache-2.0
// Keys that were typed: what goes to a file (history, saved sessions) holds none of them.
#pragma once

#include <string>
#include <string_view>

namespace moonlet {

// `code` with os.getenv "OPENAI_API_KEY" for every literal that stands behind `api_key =` (the
// name, or "api_key" as in ["api_key"] =), and os.getenv "HF_TOKEN" for a literal "hf_…" behind
// `token =`, so that it still runs where the variable is set.
std::string without_keys(std::string_view code);

}  // namespace moonlet
