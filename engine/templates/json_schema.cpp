// SPDX-License-Identifier: Apache-2.0
// The schema is inspected once, when it is made: every keyword has a value it may have, every
// pattern is compiled, every reference leads somewhere.
#include "templates/json_schema.h"

#include <algorithm>

#include "core/error.h"
#include "templates/json_values.h"
#include "tokenizers/regex.h"

namespace moonlet {

namespace {

constexpr int kMaxDepth = 128;

// ECMA's ^ and $ are the ends of the text; in the tokenizers' patterns they are those of a line.
std::string whole_text_anchors(const std::string& pattern) {
    std::string out;
    bool in_class = false;
    for (size_t i = 0; i < pattern.size(); ++i) {
        char c = pattern[i];
        if (c == '\\' && i + 1 < pattern.size()) {
            out += c;
            out += pattern[++i];
        } else if (!in_class && c == '^') {
            out += "\\A";
        } else if (!in_class && c == '$') {
            out += "\\z";
        } else {
            if (c == '[') in_class = true;
            if (c == ']') in_class = false;
            out += c;
        }
    }
    return out;
}

}  // namespace

JsonSchema::~JsonSchema() = default;

JsonSchema::JsonSchema(Json schema) : schema_(std::move(schema)) { inspect(schema_, "", 0); }

const Json* JsonSchema::resolve(const std::string& reference) const {
    if (reference.empty() || reference[0] != '#') return nullptr;
    std::string pointer;
    for (size_t i = 1; i < reference.size(); ++i) {  // %25 and its kin, as in any URL
        if (reference[i] == '%' && i + 2 < reference.size()) {
            pointer += char(std::strtol(reference.substr(i + 1, 2).c_str(), nullptr, 16));
            i += 2;
        } else {
            pointer += reference[i];
        }
    }
    const Json* at = &schema_;
    for (size_t begin = 0; begin < pointer.size();) {
        if (pointer[begin] != '/') return nullptr;
        size_t end = std::min(pointer.find('/', begin + 1), pointer.size());
        std::string name;
        for (size_t i = begin + 1; i < end; ++i) {
            bool escaped = pointer[i] == '~' && i + 1 < end;
            name += !escaped ? pointer[i] : pointer[++i] == '1' ? '/' : '~';
        }
        begin = end;
        if (at->is_object() && at->contains(name)) {
            at = &(*at)[name];
        } else if (at->is_array() && !name.empty() &&
                   name.find_first_not_of("0123456789") == std::string::npos && name.size() < 7 &&
                   size_t(std::stoi(name)) < at->size()) {
            at = &(*at)[size_t(std::stoi(name))];
        } else {
            return nullptr;
        }
    }
    return at->is_object() || at->is_boolean() ? at : nullptr;
}

namespace {

enum class Want {
    schema,
    schemas,
    named_schemas,
    names,
    named_names,
    number,
    count,
    flag,
    pattern
};

// Keywords whose value must have a form; the others mean nothing to a check.
const std::map<std::string, Want>& keywords() {
    static const std::map<std::string, Want> table = {
        {"required", Want::names},
        {"dependentRequired", Want::named_names},
        {"properties", Want::named_schemas},
        {"patternProperties", Want::named_schemas},
        {"$defs", Want::named_schemas},
        {"definitions", Want::named_schemas},
        {"additionalProperties", Want::schema},
        {"propertyNames", Want::schema},
        {"items", Want::schema},
        {"contains", Want::schema},
        {"not", Want::schema},
        {"if", Want::schema},
        {"then", Want::schema},
        {"else", Want::schema},
        {"prefixItems", Want::schemas},
        {"allOf", Want::schemas},
        {"anyOf", Want::schemas},
        {"oneOf", Want::schemas},
        {"minimum", Want::number},
        {"maximum", Want::number},
        {"exclusiveMinimum", Want::number},
        {"exclusiveMaximum", Want::number},
        {"multipleOf", Want::number},
        {"minItems", Want::count},
        {"maxItems", Want::count},
        {"minContains", Want::count},
        {"maxContains", Want::count},
        {"minLength", Want::count},
        {"maxLength", Want::count},
        {"minProperties", Want::count},
        {"maxProperties", Want::count},
        {"uniqueItems", Want::flag},
        {"pattern", Want::pattern},
    };
    return table;
}

bool all_strings(const Json& list) {
    if (list.is_object() && list.empty()) return true;  // {} of a Lua table
    return list.is_array() &&
           std::all_of(list.begin(), list.end(), [](const Json& one) { return one.is_string(); });
}

[[noreturn]] void refuse(const std::string& where, const std::string& keyword, const Json& given,
                         const std::string& wanted) {
    throw Error("JSON Schema" + (where.empty() ? "" : " at " + where) + ": " + keyword + " is " +
                    json_shown(given),
                wanted);
}

void inspect_type(const Json& type, const std::string& where) {
    static const std::vector<std::string> legal = {"string", "number", "integer", "boolean",
                                                   "object", "array",  "null"};
    auto one = [&](const Json& name) {
        if (name.is_string() && std::count(legal.begin(), legal.end(), name.get<std::string>()))
            return;
        std::string near = name.is_string() ? nearest_name(name.get<std::string>(), legal) : "";
        refuse(where, "type", name,
               listed(legal) + (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
    };
    if (!type.is_array()) return one(type);
    for (const Json& name : type) one(name);
}

}  // namespace

void JsonSchema::inspect(const Json& schema, const std::string& where, int depth) {
    if (schema.is_boolean()) return;
    if (!schema.is_object()) refuse(where, "a schema", schema, "an object, true or false");
    if (depth > kMaxDepth) throw Error("JSON Schema nested deeper than 128 levels");
    auto add_pattern = [&](const std::string& pattern) {
        if (!patterns_.count(pattern))
            patterns_[pattern] = std::make_unique<Regex>(whole_text_anchors(pattern));
    };
    for (auto& [name, value] : schema.items()) {
        std::string here = where + "/" + name;
        if (name == "type") inspect_type(value, where);
        if (name == "enum" && !value.is_array()) refuse(where, name, value, "an array");
        if (name == "$ref" && (!value.is_string() || !resolve(value.get<std::string>())))
            refuse(where, name, value, "a place in this schema, as #/$defs/name");
        if (name == "$dynamicRef" || name.compare(0, 11, "unevaluated") == 0)
            throw Error("JSON Schema at " + here + ": " + name + " is not supported");
        auto known = keywords().find(name);
        if (known == keywords().end()) continue;
        switch (known->second) {
            case Want::schema: inspect(value, here, depth + 1); break;
            case Want::schemas:
                if (!value.is_array()) refuse(where, name, value, "an array of schemas");
                for (const Json& one : value) inspect(one, here, depth + 1);
                break;
            case Want::named_schemas:
                if (!value.is_object()) refuse(where, name, value, "an object of schemas");
                for (auto& [key, one] : value.items()) {
                    if (name == "patternProperties") add_pattern(key);
                    inspect(one, here + "/" + key, depth + 1);
                }
                break;
            case Want::names:
                if (!all_strings(value)) refuse(where, name, value, "an array of names");
                break;
            case Want::named_names:
                if (!value.is_object()) refuse(where, name, value, "an object of arrays of names");
                for (auto& entry : value.items())
                    if (!all_strings(entry.value())) refuse(here, name, value, "arrays of names");
                break;
            case Want::number:
                if (!value.is_number() || (name == "multipleOf" && json_compare(value, 0) <= 0))
                    refuse(where, name, value,
                           name == "multipleOf" ? "a number above 0" : "a number");
                break;
            case Want::count:
                if (!json_integral(value) || json_compare(value, 0) < 0)
                    refuse(where, name, value, "an integer of at least 0");
                break;
            case Want::flag:
                if (!value.is_boolean()) refuse(where, name, value, "true or false");
                break;
            case Want::pattern:
                if (!value.is_string()) refuse(where, name, value, "a regular expression");
                add_pattern(value.get<std::string>());
                break;
        }
    }
}

}  // namespace moonlet
