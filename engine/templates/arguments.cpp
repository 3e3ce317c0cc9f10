// SPDX-License-Identifier: Apache-2.0
#include "templates/arguments.h"

#include "core/error.h"

namespace moonlet::jinja {

Bound::Bound(const char* function, std::initializer_list<const char*> parameters,
             const Arguments& args, const NamedArguments& kwargs, size_t required)
    : function_(function), names_(parameters), values_(parameters.size(), nullptr) {
    std::string who = std::string(function) + "()";
    if (args.size() > names_.size())
        throw Error(who + " got " + std::to_string(args.size()) + " arguments",
                    "at most " + std::to_string(names_.size()));
    for (size_t i = 0; i < args.size(); ++i) values_[i] = &args[i];
    for (const auto& [name, value] : kwargs) {
        size_t i = 0;
        while (i < names_.size() && name != names_[i]) ++i;
        if (i == names_.size()) {
            std::vector<std::string> legal(names_.begin(), names_.end());
            std::string near = nearest_name(name, legal);
            throw Error(who + " got an unexpected keyword argument '" + name + "'",
                        legal.empty() ? "none" : "one of its parameters",
                        near.empty() ? "" : "did you mean '" + near + "'?");
        }
        if (values_[i]) throw Error(who + " got '" + name + "' twice", "it once");
        values_[i] = &value;
    }
    for (size_t i = 0; i < required; ++i)
        if (!values_[i]) throw Error(who + " misses '" + names_[i] + "'", "a value for it");
}

const Value& Bound::operator[](size_t i) const {
    static const Value absent;
    return values_[i] ? *values_[i] : absent;
}

int64_t Bound::integer(size_t i, int64_t fallback) const {
    if (!values_[i]) return fallback;
    if (values_[i]->is_integer()) return values_[i]->as_integer();
    throw Error(std::string(function_) + "(): '" + names_[i] + "' is " + values_[i]->type_name(),
                "an integer");
}

std::string Bound::text(size_t i, std::string fallback) const {
    if (!values_[i]) return fallback;
    if (values_[i]->is_string()) return values_[i]->as_string();
    throw Error(std::string(function_) + "(): '" + names_[i] + "' is " + values_[i]->type_name(),
                "a string");
}

const std::string* Bound::text_or_none(size_t i) const {
    if (!values_[i] || values_[i]->is_none()) return nullptr;
    if (values_[i]->is_string()) return &values_[i]->as_string();
    throw Error(std::string(function_) + "(): '" + names_[i] + "' is " + values_[i]->type_name(),
                "a string or none");
}

}  // namespace moonlet::jinja
