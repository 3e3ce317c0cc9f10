// SPDX-License-Identifier: Apache-2.0
// The registry's rows, one per public function, as the build embedded them ("moonlet.registry").
// Read on the first use, so that the prompt does not wait; reading them loads no engine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

struct lua_State;

namespace moonlet {

struct RowField {
    std::string name, type, default_value, doc;
    bool optional = false;
};

struct HelpRow {
    std::string name;  // "tokenizers.load", "Tokenizer:encode", "Model.name", "compare"
    std::vector<RowField> params, options;
    std::string result, doc, example, library;
};

class Rows {
  public:
    explicit Rows(lua_State* L) : L_(L) {}

    const std::vector<HelpRow>& all();
    const HelpRow* find(std::string_view name);
    // Rows whose name starts with `owner` and a dot or colon: members of a module or class.
    std::vector<const HelpRow*> members(std::string_view owner);

  private:
    lua_State* L_;
    bool read_ = false;
    std::vector<HelpRow> rows_;
};

// "m:generate(prompt: string, opts?: table) -> Generation"
std::string signature(const HelpRow& row);

}  // namespace moonlet
