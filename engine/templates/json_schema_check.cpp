// SPDX-License-Identifier: Apache-2.0
// A check walks schema and value side by side and trusts the schema, which was inspected when it
// was made. Combinators (anyOf, not, …) run on lists of problems of their own.
#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "templates/json_schema.h"
#include "templates/json_values.h"
#include "tokenizers/regex.h"

namespace moonlet {

namespace {

using Problems = std::vector<std::string>;

constexpr int kMaxDepth = 128;
constexpr size_t kMaxPatternText = 64 * 1024;

bool has_type(const Json& v, const std::string& type) {
    if (type == "integer") return json_integral(v);
    if (type == "number") return v.is_number();
    if (type == "string") return v.is_string();
    if (type == "boolean") return v.is_boolean();
    if (type == "object") return v.is_object();
    if (type == "array") return v.is_array();
    return v.is_null();  // "null", as inspect() knows no other
}

const char* kind_of(const Json& v) {
    if (v.is_object()) return "an object";
    if (v.is_array()) return "an array";
    if (v.is_string()) return "a string";
    if (v.is_boolean()) return "a boolean";
    if (v.is_null()) return "null";
    return json_integral(v) ? "an integer" : "a number";
}

bool multiple_of(const Json& value, const Json& step) {
    if (value.is_number_integer() && step.is_number_integer() && json_compare(value, 0) >= 0)
        return value.get<uint64_t>() % step.get<uint64_t>() == 0;
    double ratio = value.get<double>() / step.get<double>();
    return std::fabs(ratio - std::round(ratio)) <= 1e-9 * std::max(1.0, std::fabs(ratio));
}

}  // namespace

// One walk over a value.
class SchemaCheck {
  public:
    SchemaCheck(const JsonSchema& schema, const JsonSchema::Options& options)
        : schema_(schema), options_(options) {}

    void run(const Json& schema, const Json& value, const std::string& path, Problems& problems,
             int depth = 0) {
        if (schema.is_boolean()) {
            if (!schema.get<bool>()) say(problems, path, "is not allowed");
            return;
        }
        if (depth > kMaxDepth) return say(problems, path, "is nested too deep for the schema");
        if (const Json* reference = json_member(schema, "$ref"))
            run(*schema_.resolve(reference->get<std::string>()), value, path, problems, depth + 1);
        if (!type(schema, value, path, problems)) return;
        values(schema, value, path, problems);
        if (value.is_number()) numbers(schema, value, path, problems);
        if (value.is_string()) strings(schema, value.get_ref<const std::string&>(), path, problems);
        if (value.is_array()) arrays(schema, value, path, problems, depth + 1);
        if (value.is_object()) objects(schema, value, path, problems, depth + 1);
        combinations(schema, value, path, problems, depth + 1);
    }

  private:
    void say(Problems& problems, const std::string& path, const std::string& text) const {
        problems.push_back((path.empty() ? "the value" : path) + " " + text);
    }

    bool valid(const Json& schema, const Json& value, int depth) {
        Problems own;
        run(schema, value, "", own, depth);
        return own.empty();
    }

    static std::string inside(const std::string& path, const std::string& name) {
        return path.empty() ? name : path + "." + name;
    }
    static std::string inside(const std::string& path, size_t index) {
        return path + "[" + std::to_string(index) + "]";
    }

    bool type(const Json& schema, const Json& value, const std::string& path, Problems& problems) {
        const Json* wanted = json_member(schema, "type");
        if (!wanted) return true;
        std::vector<std::string> names;
        if (wanted->is_string()) names.push_back(wanted->get<std::string>());
        else names = wanted->get<std::vector<std::string>>();
        for (const std::string& name : names) {
            if (has_type(value, name)) return true;
            bool empty = value.is_object() && value.empty();
            if (name == "array" && empty && options_.empty_is_either) return true;
        }
        say(problems, path,
            "is " + json_shown(value) + " (" + kind_of(value) + "); wanted " + listed(names));
        return false;
    }

    void values(const Json& schema, const Json& value, const std::string& path,
                Problems& problems) {
        if (const Json* one = json_member(schema, "const"); one && !json_equal(*one, value))
            say(problems, path, "is " + json_shown(value) + "; wanted " + json_shown(*one));
        const Json* several = json_member(schema, "enum");
        if (!several) return;
        std::vector<std::string> legal;
        for (const Json& one : *several) {
            if (json_equal(one, value)) return;
            if (legal.size() < 20) legal.push_back(json_shown(one));
        }
        if (several->size() > legal.size())
            legal.push_back(std::to_string(several->size() - legal.size()) + " more");
        say(problems, path,
            "is " + json_shown(value) + "; wanted " + (legal.empty() ? "nothing" : listed(legal)));
    }

    void numbers(const Json& schema, const Json& value, const std::string& path,
                 Problems& problems) {
        auto bound = [&](const char* keyword, auto fits, const char* words) {
            const Json* limit = json_member(schema, keyword);
            if (limit && !fits(*limit))
                say(problems, path,
                    "is " + json_shown(value) + "; wanted " + words + json_shown(*limit));
        };
        bound(
            "minimum", [&](auto& x) { return json_compare(value, x) >= 0; }, "at least ");
        bound(
            "maximum", [&](auto& x) { return json_compare(value, x) <= 0; }, "at most ");
        bound(
            "exclusiveMinimum", [&](auto& x) { return json_compare(value, x) > 0; }, "more than ");
        bound(
            "exclusiveMaximum", [&](auto& x) { return json_compare(value, x) < 0; }, "less than ");
        bound(
            "multipleOf", [&](auto& x) { return multiple_of(value, x); }, "a multiple of ");
    }

    // How many there are against a pair of keywords.
    void count(const Json& schema, const char* least, const char* most, size_t number,
               const char* unit, const std::string& path, Problems& problems) {
        const Json *low = json_member(schema, least), *high = json_member(schema, most);
        auto tell = [&](const char* words, const Json& limit) {
            say(problems, path,
                "has " + std::to_string(number) + " " + unit + "; wanted " + words +
                    json_shown(limit));
        };
        if (low && json_compare(Json(number), *low) < 0) tell("at least ", *low);
        if (high && json_compare(Json(number), *high) > 0) tell("at most ", *high);
    }

    bool matches(const std::string& pattern, const std::string& text) const {
        if (text.size() > kMaxPatternText) return false;
        Ranges found;
        try {
            schema_.patterns_.at(pattern)->find_all(text, found);
        } catch (const Error&) {  // it backtracks without end: no match that one could wait for
            return false;
        }
        return !found.empty();
    }

    void strings(const Json& schema, const std::string& text, const std::string& path,
                 Problems& problems) {
        if (schema.contains("minLength") || schema.contains("maxLength")) {
            size_t characters = 0;
            for (unsigned char c : text) characters += (c & 0xC0) != 0x80;
            count(schema, "minLength", "maxLength", characters, "characters", path, problems);
        }
        const Json* pattern = json_member(schema, "pattern");
        if (pattern && !matches(pattern->get<std::string>(), text))
            say(problems, path,
                "is " + json_shown(text) + "; wanted a match of the pattern " +
                    pattern->get<std::string>());
    }

    void arrays(const Json& schema, const Json& value, const std::string& path, Problems& problems,
                int depth) {
        count(schema, "minItems", "maxItems", value.size(), "items", path, problems);
        const Json *first = json_member(schema, "prefixItems"),
                   *rest = json_member(schema, "items");
        size_t fixed = first ? first->size() : 0;
        for (size_t i = 0; i < value.size() && problems.size() < options_.limit; ++i) {
            if (i < fixed) run((*first)[i], value[i], inside(path, i), problems, depth);
            else if (rest) run(*rest, value[i], inside(path, i), problems, depth);
        }
        if (const Json* unique = json_member(schema, "uniqueItems"); unique && unique->get<bool>())
            repeated(value, path, problems);
        const Json* wanted = json_member(schema, "contains");
        if (!wanted) return;
        size_t fitting = 0;
        for (const Json& item : value) fitting += valid(*wanted, item, depth);
        const Json* least = json_member(schema, "minContains");
        if (!least && fitting == 0) say(problems, path, "has no item that fits `contains`");
        count(schema, "minContains", "maxContains", fitting, "items that fit `contains`", path,
              problems);
    }

    void repeated(const Json& value, const std::string& path, Problems& problems) {
        for (size_t i = 0; i < value.size(); ++i)
            for (size_t j = 0; j < i; ++j)
                if (json_equal(value[i], value[j]))
                    return say(problems, path, "has " + json_shown(value[i]) + " twice");
    }

    void objects(const Json& schema, const Json& value, const std::string& path, Problems& problems,
                 int depth) {
        count(schema, "minProperties", "maxProperties", value.size(), "members", path, problems);
        const Json* known = json_member(schema, "properties");
        if (const Json* required = json_member(schema, "required"))
            for (const Json& name : *required)
                if (!value.contains(name.get<std::string>()))
                    missing(known, name.get<std::string>(), path, problems);
        if (const Json* dependent = json_member(schema, "dependentRequired"))
            for (auto& [name, needed] : dependent->items())
                for (const Json& other : needed)
                    if (value.contains(name) && !value.contains(other.get<std::string>()))
                        say(problems, inside(path, other.get<std::string>()),
                            "is missing; " + name + " needs it");
        const Json* names = json_member(schema, "propertyNames");
        for (auto& [name, item] : value.items()) {
            if (problems.size() >= options_.limit) return;
            if (names) run(*names, name, "the name " + quote(name), problems, depth);
            property(schema, known, name, item, path, problems, depth);
        }
    }

    void missing(const Json* known, const std::string& name, const std::string& path,
                 Problems& problems) {
        std::string about;
        if (known && known->contains(name) && (*known)[name].is_object()) {
            const Json &schema = (*known)[name], *type = json_member(schema, "type");
            if (type && type->is_string()) about = type->get<std::string>();
            const Json* doc = json_member(schema, "description");
            if (doc && doc->is_string())
                about += (about.empty() ? "" : ", ") + doc->get<std::string>();
        }
        say(problems, inside(path, name),
            about.empty() ? "is missing" : "is missing (" + about + ")");
    }

    void property(const Json& schema, const Json* known, const std::string& name, const Json& item,
                  const std::string& path, Problems& problems, int depth) {
        bool named = known && known->contains(name);
        if (named) run((*known)[name], item, inside(path, name), problems, depth);
        if (const Json* patterns = json_member(schema, "patternProperties"))
            for (auto& [pattern, wanted] : patterns->items())
                if (matches(pattern, name)) {
                    named = true;
                    run(wanted, item, inside(path, name), problems, depth);
                }
        if (named) return;
        const Json* others = json_member(schema, "additionalProperties");
        bool refused = others ? others->is_boolean() && !others->get<bool>()
                              : options_.closed && path.empty() && &schema == &schema_.source();
        if (!refused) {
            if (others) run(*others, item, inside(path, name), problems, depth);
            return;
        }
        std::vector<std::string> legal;
        if (known)
            for (auto& entry : known->items()) legal.push_back(entry.key());
        std::string near = nearest_name(name, legal);
        say(problems, inside(path, name),
            !near.empty()   ? "is not known; did you mean " + near + "?"
            : legal.empty() ? "is not known; none are wanted"
                            : "is not known; wanted " + listed(legal));
    }

    void combinations(const Json& schema, const Json& value, const std::string& path,
                      Problems& problems, int depth) {
        if (const Json* all = json_member(schema, "allOf"))
            for (const Json& one : *all) run(one, value, path, problems, depth);
        if (const Json* any = json_member(schema, "anyOf"))
            alternatives(*any, value, path, problems, depth);
        if (const Json* one = json_member(schema, "oneOf")) {
            size_t fitting = 0;
            for (const Json& each : *one) fitting += valid(each, value, depth);
            if (fitting == 0) alternatives(*one, value, path, problems, depth);
            else if (fitting > 1)
                say(problems, path,
                    "fits " + std::to_string(fitting) + " of the alternatives; wanted exactly one");
        }
        if (const Json* no = json_member(schema, "not"); no && valid(*no, value, depth))
            say(problems, path, "is " + json_shown(value) + ", which the schema excludes");
        const Json* condition = json_member(schema, "if");
        if (!condition) return;
        const Json* then = json_member(schema, valid(*condition, value, depth) ? "then" : "else");
        if (then) run(*then, value, path, problems, depth);
    }

    // None fits: the problems of the one with the fewest are the likeliest to help.
    void alternatives(const Json& list, const Json& value, const std::string& path,
                      Problems& problems, int depth) {
        Problems best;
        for (size_t i = 0; i < list.size(); ++i) {
            Problems own;
            run(list[i], value, path, own, depth);
            if (own.empty()) return;
            if (i == 0 || own.size() < best.size()) best = std::move(own);
        }
        if (best.empty()) say(problems, path, "fits no alternative: there is none");
        for (const std::string& text : best)
            problems.push_back(text + " (or another of " + std::to_string(list.size()) +
                               " alternatives)");
    }

    const JsonSchema& schema_;
    const JsonSchema::Options& options_;
};

std::vector<std::string> JsonSchema::check(const Json& value, const Options& options) const {
    Problems problems;
    SchemaCheck(*this, options).run(schema_, value, "", problems);
    if (problems.size() > options.limit) problems.resize(options.limit);
    return problems;
}

}  // namespace moonlet
