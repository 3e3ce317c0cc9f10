// SPDX-License-Identifier: Apache-2.0
// JSON Schema, draft 2020-12, for the arguments of tools: is a value what the schema asks for, and
// if not, what is wrong, in sentences that a language model can act on. Known keywords: type enum
// const, required properties patternProperties additionalProperties propertyNames minProperties
// maxProperties dependentRequired, items prefixItems contains minContains maxContains minItems
// maxItems uniqueItems, minimum maximum exclusiveMinimum exclusiveMaximum multipleOf, minLength
// maxLength pattern, allOf anyOf oneOf not if then else, $ref within the same schema. Keywords that
// would need more (unevaluated*, $dynamicRef, a $ref elsewhere) are refused, all others (format,
// title, …) are annotations. It fetches nothing and knows no tool.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"

namespace moonlet {

class Regex;

class JsonSchema {
  public:
    // Error: not a schema (a keyword with a value it cannot have, a $ref to nowhere), and where.
    explicit JsonSchema(Json schema);
    ~JsonSchema();

    struct Options {
        bool closed = false;  // object members that the schema does not name are wrong, at the top
        bool empty_is_either = false;  // {} may stand for [] (a Lua table does not tell)
        size_t limit = 8;              // of problems told
    };
    // One sentence per problem, in the schema's order; empty when the value is valid. Array places
    // are named from 0, as JSON's readers count. A string longer than 64 KiB fits no pattern.
    std::vector<std::string> check(const Json& value, const Options& options) const;
    std::vector<std::string> check(const Json& value) const { return check(value, Options{}); }

    const Json& source() const { return schema_; }

  private:
    friend class SchemaCheck;
    void inspect(const Json& schema, const std::string& where, int depth);
    const Json* resolve(const std::string& reference) const;
    Json schema_;
    std::map<std::string, std::unique_ptr<Regex>> patterns_;
};

}  // namespace moonlet
