// SPDX-License-Identifier: Apache-2.0
// The schema is inspected once, when it is made, so that a check can trust it. Then a check walks
// schema and value side by side; combinators (anyOf, not, …) run on lists of problems of their own.
#include "templates/json_schema.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "templates/text.h"
#include "tokenizers/regex.h"

namespace moonlet {

namespace {

using Problems = std::vector<std::string>;

constexpr int kMaxDepth = 128;
constexpr size_t kMaxPatternText = 64 * 1024;

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

bool integral(const Json& v) {
    return v.is_number_integer() ||
           (v.is_number_float() && std::floor(v.get<double>()) == v.get<double>());
}

bool has_type(const Json& v, const std::string& type) {
    if (type == "integer") return integral(v);
    if (type == "number") return v.is_number();
    if (type == "string") return v.is_string();
    if (type == "boolean") return v.is_boolean();
    if (type == "object") return v.is_object();
    if (type == "array") return v.is_array();
    return v.is_null();  // "null", as inspect() knows no other
}

// As JSON, cut at a character's border.
std::string shown(const Json& v) {
    std::string text = dump_json(v, -1);
    if (text.size() <= 60) return text;
    size_t end = 60;
    while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end) + "…";
}

const char* kind_of(const Json& v) {
    if (v.is_object()) return "an object";
    if (v.is_array()) return "an array";
    if (v.is_string()) return "a string";
    if (v.is_boolean()) return "a boolean";
    if (v.is_null()) return "null";
    return integral(v) ? "an integer" : "a number";
}

// "a", "a or b", "a, b or c"
std::string listed(const std::vector<std::string>& words) {
    std::string out;
    for (size_t i = 0; i < words.size(); ++i)
        out += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
    return out;
}

// Greater, equal or less without losing a 64-bit integer's last digits.
int compare(const Json& a, const Json& b) {
    if (a.is_number_integer() && b.is_number_integer()) {
        if (a.is_number_unsigned() && b.is_number_unsigned()) {
            auto x = a.get<uint64_t>(), y = b.get<uint64_t>();
            return x < y ? -1 : x > y;
        }
        if (a.is_number_unsigned() && a.get<uint64_t>() > uint64_t(INT64_MAX)) return 1;
        if (b.is_number_unsigned() && b.get<uint64_t>() > uint64_t(INT64_MAX)) return -1;
        auto x = a.get<int64_t>(), y = b.get<int64_t>();
        return x < y ? -1 : x > y;
    }
    double x = a.get<double>(), y = b.get<double>();
    return x < y ? -1 : x > y;
}

bool multiple_of(const Json& value, const Json& step) {
    if (value.is_number_integer() && step.is_number_integer() && compare(value, 0) >= 0)
        return value.get<uint64_t>() % step.get<uint64_t>() == 0;
    double ratio = value.get<double>() / step.get<double>();
    return std::fabs(ratio - std::round(ratio)) <= 1e-9 * std::max(1.0, std::fabs(ratio));
}

const Json* member(const Json& object, const char* name) {
    auto it = object.find(name);
    return it == object.end() ? nullptr : &*it;
}

}  // namespace

bool json_equal(const Json& a, const Json& b) {
    if (a.is_number() && b.is_number()) return compare(a, b) == 0;
    if (a.type() != b.type()) return false;
    if (a.is_array()) {
        return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), json_equal);
    }
    if (!a.is_object()) return a == b;
    if (a.size() != b.size()) return false;
    for (auto& [name, value] : a.items()) {
        auto it = b.find(name);
        if (it == b.end() || !json_equal(value, *it)) return false;
    }
    return true;
}

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
        if (const Json* reference = member(schema, "$ref"))
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
        const Json* wanted = member(schema, "type");
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
            "is " + shown(value) + " (" + kind_of(value) + "); wanted " + listed(names));
        return false;
    }

    void values(const Json& schema, const Json& value, const std::string& path,
                Problems& problems) {
        if (const Json* one = member(schema, "const"); one && !json_equal(*one, value))
            say(problems, path, "is " + shown(value) + "; wanted " + shown(*one));
        const Json* several = member(schema, "enum");
        if (!several) return;
        std::vector<std::string> legal;
        for (const Json& one : *several) {
            if (json_equal(one, value)) return;
            if (legal.size() < 20) legal.push_back(shown(one));
        }
        if (several->size() > legal.size())
            legal.push_back(std::to_string(several->size() - legal.size()) + " more");
        say(problems, path,
            "is " + shown(value) + "; wanted " + (legal.empty() ? "nothing" : listed(legal)));
    }

    void numbers(const Json& schema, const Json& value, const std::string& path,
                 Problems& problems) {
        auto bound = [&](const char* keyword, auto fits, const char* words) {
            const Json* limit = member(schema, keyword);
            if (limit && !fits(*limit))
                say(problems, path, "is " + shown(value) + "; wanted " + words + shown(*limit));
        };
        bound(
            "minimum", [&](auto& x) { return compare(value, x) >= 0; }, "at least ");
        bound(
            "maximum", [&](auto& x) { return compare(value, x) <= 0; }, "at most ");
        bound(
            "exclusiveMinimum", [&](auto& x) { return compare(value, x) > 0; }, "more than ");
        bound(
            "exclusiveMaximum", [&](auto& x) { return compare(value, x) < 0; }, "less than ");
        bound(
            "multipleOf", [&](auto& x) { return multiple_of(value, x); }, "a multiple of ");
    }

    // How many there are against a pair of keywords.
    void count(const Json& schema, const char* least, const char* most, size_t number,
               const char* unit, const std::string& path, Problems& problems) {
        const Json *low = member(schema, least), *high = member(schema, most);
        auto tell = [&](const char* words, const Json& limit) {
            say(problems, path,
                "has " + std::to_string(number) + " " + unit + "; wanted " + words + shown(limit));
        };
        if (low && compare(Json(number), *low) < 0) tell("at least ", *low);
        if (high && compare(Json(number), *high) > 0) tell("at most ", *high);
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
        const Json* pattern = member(schema, "pattern");
        if (pattern && !matches(pattern->get<std::string>(), text))
            say(problems, path,
                "is " + shown(text) + "; wanted a match of the pattern " +
                    pattern->get<std::string>());
    }

    void arrays(const Json& schema, const Json& value, const std::string& path, Problems& problems,
                int depth) {
        count(schema, "minItems", "maxItems", value.size(), "items", path, problems);
        const Json *first = member(schema, "prefixItems"), *rest = member(schema, "items");
        size_t fixed = first ? first->size() : 0;
        for (size_t i = 0; i < value.size() && problems.size() < options_.limit; ++i) {
            if (i < fixed) run((*first)[i], value[i], inside(path, i), problems, depth);
            else if (rest) run(*rest, value[i], inside(path, i), problems, depth);
        }
        if (const Json* unique = member(schema, "uniqueItems"); unique && unique->get<bool>())
            repeated(value, path, problems);
        const Json* wanted = member(schema, "contains");
        if (!wanted) return;
        size_t fitting = 0;
        for (const Json& item : value) fitting += valid(*wanted, item, depth);
        const Json* least = member(schema, "minContains");
        if (!least && fitting == 0) say(problems, path, "has no item that fits `contains`");
        count(schema, "minContains", "maxContains", fitting, "items that fit `contains`", path,
              problems);
    }

    void repeated(const Json& value, const std::string& path, Problems& problems) {
        for (size_t i = 0; i < value.size(); ++i)
            for (size_t j = 0; j < i; ++j)
                if (json_equal(value[i], value[j]))
                    return say(problems, path, "has " + shown(value[i]) + " twice");
    }

    void objects(const Json& schema, const Json& value, const std::string& path, Problems& problems,
                 int depth) {
        count(schema, "minProperties", "maxProperties", value.size(), "members", path, problems);
        const Json* known = member(schema, "properties");
        if (const Json* required = member(schema, "required"))
            for (const Json& name : *required)
                if (!value.contains(name.get<std::string>()))
                    missing(known, name.get<std::string>(), path, problems);
        if (const Json* dependent = member(schema, "dependentRequired"))
            for (auto& [name, needed] : dependent->items())
                for (const Json& other : needed)
                    if (value.contains(name) && !value.contains(other.get<std::string>()))
                        say(problems, inside(path, other.get<std::string>()),
                            "is missing; " + name + " needs it");
        const Json* names = member(schema, "propertyNames");
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
            const Json &schema = (*known)[name], *type = member(schema, "type");
            if (type && type->is_string()) about = type->get<std::string>();
            const Json* doc = member(schema, "description");
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
        if (const Json* patterns = member(schema, "patternProperties"))
            for (auto& [pattern, wanted] : patterns->items())
                if (matches(pattern, name)) {
                    named = true;
                    run(wanted, item, inside(path, name), problems, depth);
                }
        if (named) return;
        const Json* others = member(schema, "additionalProperties");
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
        if (const Json* all = member(schema, "allOf"))
            for (const Json& one : *all) run(one, value, path, problems, depth);
        if (const Json* any = member(schema, "anyOf"))
            alternatives(*any, value, path, problems, depth);
        if (const Json* one = member(schema, "oneOf")) {
            size_t fitting = 0;
            for (const Json& each : *one) fitting += valid(each, value, depth);
            if (fitting == 0) alternatives(*one, value, path, problems, depth);
            else if (fitting > 1)
                say(problems, path,
                    "fits " + std::to_string(fitting) + " of the alternatives; wanted exactly one");
        }
        if (const Json* no = member(schema, "not"); no && valid(*no, value, depth))
            say(problems, path, "is " + shown(value) + ", which the schema excludes");
        const Json* condition = member(schema, "if");
        if (!condition) return;
        const Json* then = member(schema, valid(*condition, value, depth) ? "then" : "else");
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
                    shown(given),
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
                if (!value.is_number() || (name == "multipleOf" && compare(value, 0) <= 0))
                    refuse(where, name, value,
                           name == "multipleOf" ? "a number above 0" : "a number");
                break;
            case Want::count:
                if (!integral(value) || compare(value, 0) < 0)
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
