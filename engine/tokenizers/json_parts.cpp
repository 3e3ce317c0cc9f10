// SPDX-License-Identifier: Apache-2.0
#include "tokenizers/json_parts.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace moonlet::json_parts {

namespace {

constexpr const char* kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

void put(Json& object, std::string key, Json value) {
    using Items = Json::object_t::Container;
    static_cast<Items&>(object.get_ref<Json::object_t&>())
        .emplace_back(std::move(key), std::move(value));
}

void put(Json& array, Json value) { array.get_ref<Json::array_t&>().push_back(std::move(value)); }

Json sequence(const char* field, Json parts) {
    return {{"type", "Sequence"}, {field, std::move(parts)}};
}

Json split(const std::string& regex, const char* behavior) {
    return {{"type", "Split"},
            {"pattern", {{"Regex", regex}}},
            {"behavior", behavior},
            {"invert", false}};
}

Json byte_level(bool use_regex) {
    return {{"type", "ByteLevel"},
            {"add_prefix_space", false},
            {"trim_offsets", true},
            {"use_regex", use_regex}};
}

Json digits(bool individual) { return {{"type", "Digits"}, {"individual_digits", individual}}; }

Json replace(const std::string& text, const std::string& content) {
    return {{"type", "Replace"}, {"pattern", {{"String", text}}}, {"content", content}};
}

Json replace_regex(const std::string& regex, const std::string& content) {
    return {{"type", "Replace"}, {"pattern", {{"Regex", regex}}}, {"content", content}};
}

Json added_token(int id, std::string_view content, bool special) {
    return {{"id", id},
            {"content", std::string(content)},
            {"single_word", false},
            {"lstrip", false},
            {"rstrip", false},
            {"normalized", false},
            {"special", special}};
}

namespace {

Json special_token(const std::string& name, int type) {
    return {{"SpecialToken", {{"id", name}, {"type_id", type}}}};
}

Json text_of(const char* which, int type) {
    return {{"Sequence", {{"id", which}, {"type_id", type}}}};
}

void name_tokens(Json& special, const Tokens& tokens) {
    for (auto& [name, id] : tokens)
        special[name] = {{"id", name}, {"ids", Json::array({id})}, {"tokens", Json::array({name})}};
}

}  // namespace

Json around(const Tokens& before, const Tokens& behind) {
    Json special = Json::object();
    name_tokens(special, before);
    name_tokens(special, behind);
    auto one = [&](Json& out, const char* which, int type) {
        for (auto& token : before) out.push_back(special_token(token.first, type));
        out.push_back(text_of(which, type));
        for (auto& token : behind) out.push_back(special_token(token.first, type));
    };
    Json single = Json::array(), pair = Json::array();
    one(single, "A", 0);
    one(pair, "A", 0);
    one(pair, "B", 1);
    return {{"type", "TemplateProcessing"},
            {"single", single},
            {"pair", pair},
            {"special_tokens", special}};
}

Json bert(const std::pair<std::string, int>& cls, const std::pair<std::string, int>& sep) {
    Json special = Json::object();
    name_tokens(special, {cls, sep});
    Json single = {special_token(cls.first, 0), text_of("A", 0), special_token(sep.first, 0)};
    Json pair = single;
    pair.push_back(text_of("B", 1));
    pair.push_back(special_token(sep.first, 1));
    return {{"type", "TemplateProcessing"},
            {"single", single},
            {"pair", pair},
            {"special_tokens", special}};
}

Json merge(std::string left, std::string right) {
    if (left.find(' ') != std::string::npos || right.find(' ') != std::string::npos)
        return Json::array({std::move(left), std::move(right)});
    left += ' ';
    left += right;
    return left;
}

bool base64_bytes(std::string_view text, std::string& bytes) {
    static const std::array<int8_t, 256> kValues = [] {
        std::array<int8_t, 256> values;
        values.fill(-1);
        for (int8_t i = 0; i < 64; ++i) values[static_cast<unsigned char>(kDigits[i])] = i;
        return values;
    }();
    bytes.clear();
    if (text.size() % 4 != 0) return false;
    while (!text.empty() && text.back() == '=' && text.size() % 4 != 2) text.remove_suffix(1);
    if (text.size() % 4 == 1) return false;
    uint32_t bits = 0;
    int have = 0;
    for (char c : text) {
        int value = kValues[static_cast<unsigned char>(c)];
        if (value < 0) return false;
        bits = bits << 6 | static_cast<uint32_t>(value);
        have += 6;
        if (have >= 8) bytes += static_cast<char>(bits >> (have -= 8) & 0xFF);
    }
    return true;
}

std::string base64(std::string_view bytes) {
    std::string text;
    for (size_t i = 0; i < bytes.size(); i += 3) {
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; ++k)
            bits =
                bits << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0);
        size_t whole = std::min<size_t>(3, bytes.size() - i);
        for (size_t k = 0; k < 4; ++k)
            text += k <= whole ? kDigits[bits >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

Json bpe() {
    return {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"ignore_merges", false},
            {"vocab", Json::object()},
            {"merges", Json::array()}};
}

Json tokenizer() {
    return {{"version", "1.0"},          {"truncation", nullptr},
            {"padding", nullptr},        {"added_tokens", Json::array()},
            {"normalizer", nullptr},     {"pre_tokenizer", nullptr},
            {"post_processor", nullptr}, {"decoder", nullptr},
            {"model", Json::object()}};
}

}  // namespace moonlet::json_parts
