// SPDX-License-Identifier: Apache-2.0
// The five registries and the reading of fields.
#include "tokenizers/pipeline.h"

MOONLET_DEFINE_REGISTRY(moonlet::Make<moonlet::Normalizer>, moonlet::NormalizerTag)
MOONLET_DEFINE_REGISTRY(moonlet::Make<moonlet::PreTokenizer>, moonlet::PreTokenizerTag)
MOONLET_DEFINE_REGISTRY(moonlet::Make<moonlet::TokenModel>, moonlet::ModelTag)
MOONLET_DEFINE_REGISTRY(moonlet::Make<moonlet::PostProcessor>, moonlet::PostProcessorTag)
MOONLET_DEFINE_REGISTRY(moonlet::Make<moonlet::Decoder>, moonlet::DecoderTag)

namespace moonlet {

namespace {

const Json* find(const Json& json, const char* key) {
    if (!json.is_object()) return nullptr;
    auto it = json.find(key);
    return it == json.end() || it->is_null() ? nullptr : &*it;
}

[[noreturn]] void wrong(const Json* value, const char* key, const std::string& where,
                        const char* wanted) {
    std::string given = value ? " is " + quote(dump_json(*value, -1), 40) : " is missing";
    throw Error(where + "." + key + given, wanted);
}

}  // namespace

std::string string_field(const Json& json, const char* key, const std::string& where,
                         std::optional<std::string> fallback) {
    const Json* value = find(json, key);
    if (!value && fallback) return *fallback;
    if (!value || !value->is_string()) wrong(value, key, where, "a string");
    return value->get<std::string>();
}

bool bool_field(const Json& json, const char* key, const std::string& where,
                std::optional<bool> fallback) {
    const Json* value = find(json, key);
    if (!value && fallback) return *fallback;
    if (!value || !value->is_boolean()) wrong(value, key, where, "true or false");
    return value->get<bool>();
}

int64_t integer_field(const Json& json, const char* key, const std::string& where,
                      std::optional<int64_t> fallback) {
    const Json* value = find(json, key);
    if (!value && fallback) return *fallback;
    if (!value || !value->is_number_integer()) wrong(value, key, where, "an integer");
    return value->get<int64_t>();
}

const Json& object_field(const Json& json, const char* key, const std::string& where) {
    const Json* value = find(json, key);
    if (!value || !value->is_object()) wrong(value, key, where, "an object");
    return *value;
}

const Json& array_field(const Json& json, const char* key, const std::string& where) {
    const Json* value = find(json, key);
    if (!value || !value->is_array()) wrong(value, key, where, "an array");
    return *value;
}

TextPattern::TextPattern(const Json& json, const std::string& where) {
    const Json& pattern = object_field(json, "pattern", where);
    if (pattern.size() == 1 && pattern.contains("String")) {
        literal_ = string_field(pattern, "String", where + ".pattern");
        if (literal_.empty()) regex_ = std::make_shared<Regex>("");
    } else if (pattern.size() == 1 && pattern.contains("Regex")) {
        regex_ = std::make_shared<Regex>(string_field(pattern, "Regex", where + ".pattern"));
    } else {
        throw Error(where + ".pattern is " + quote(dump_json(pattern, -1), 60),
                    "{\"String\": …} or {\"Regex\": …}");
    }
}

void TextPattern::find_all(std::string_view text, Ranges& out) const {
    if (regex_) regex_->find_all(text, out);
    else out = occurrences(text, literal_);
}

}  // namespace moonlet
