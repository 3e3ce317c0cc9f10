// SPDX-License-Identifier: Apache-2.0
// The call that a cursor stands in: `f(a, |`, `m:g("x", {top_k=|`, `trainers.sft{ l|`. From tokens
// alone; what the callee is, is found elsewhere. Inside a function's body or a block within the
// arguments it is no longer that call's.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "shell/lexer.h"

namespace moonlet {

struct CallSite {
    std::size_t callee_end = 0;     // index of the callee's last token
    std::size_t argument = 0;       // from 0, of the argument at the cursor
    bool in_table = false;          // within a table constructor that is this argument
    bool nested = false;            // deeper: within a table or a bracket in that one
    std::set<std::string> given{};  // keys that the table has so far
    std::string key{};              // whose value stands at the cursor; "" = none
};

// `tokens`: those before the cursor (comments are passed over).
std::optional<CallSite> call_at(std::string_view text, const std::vector<Token>& tokens);

// A chain of names like `models.load` or `m:generate` that ends with token `last`. When it hangs on
// a call (`models.load "x":generate`), `base_call` is the index of that call's callee's last token.
struct NameChain {
    std::vector<std::string> names{};
    bool method = false;  // a colon before the last name
    std::optional<std::size_t> base_call{};
    bool on_string = false;  // `("x"):rep`
    bool empty() const { return names.empty(); }
    std::string dotted() const;
};
NameChain chain_at(std::string_view text, const std::vector<Token>& tokens, std::size_t last);

}  // namespace moonlet
