// SPDX-License-Identifier: Apache-2.0
#include "formats/config.h"

#include <cmath>
#include <filesystem>

#include "core/error.h"
#include "core/files.h"

namespace moonlet {

namespace {

[[noreturn]] void wrong(const Config& config, const char* key, const Json& value,
                        const char* wanted) {
    throw Error("\"" + std::string(key) + "\" in " + config.where() + " is " +
                    quote(value.dump(-1, ' ', false, Json::error_handler_t::replace), 40),
                wanted);
}

[[noreturn]] void missing(const Config& config, const char* key) {
    throw Error(config.where() + " has no \"" + key + "\"");
}

}  // namespace

Config::Config(Json json, std::string where) : json_(std::move(json)), where_(std::move(where)) {
    if (!json_.is_object()) throw Error(where_ + " is not a JSON object");
}

Config Config::read(const std::string& path) { return Config(read_json(path), quote(path, 200)); }

const Json* Config::find(const char* key) const {
    auto it = json_.find(key);
    return it == json_.end() || it->is_null() ? nullptr : &*it;
}

bool Config::has(const char* key) const { return find(key) != nullptr; }

double Config::number(const char* key) const {
    const Json* value = find(key);
    if (!value) missing(*this, key);
    if (!value->is_number()) wrong(*this, key, *value, "a number");
    return value->get<double>();
}

double Config::number(const char* key, double fallback) const {
    return has(key) ? number(key) : fallback;
}

int64_t Config::integer(const char* key) const {
    const Json* value = find(key);
    if (!value) missing(*this, key);
    if (value->is_number_integer()) {
        if (value->is_number_unsigned() && value->get<uint64_t>() > uint64_t(INT64_MAX))
            wrong(*this, key, *value, "a whole number below 2^63");
        return value->get<int64_t>();
    }
    double real = value->is_number() ? value->get<double>() : 0.5;
    // 2^53: beyond it a double no longer tells whole numbers apart.
    if (std::floor(real) != real || std::abs(real) > 9007199254740992.0)
        wrong(*this, key, *value, "a whole number");
    return int64_t(real);
}

int64_t Config::integer(const char* key, int64_t fallback) const {
    return has(key) ? integer(key) : fallback;
}

int64_t Config::size(const char* key) const {
    int64_t value = integer(key);
    // No model comes near 2^31; products of two sizes then stay inside 64 bits.
    if (value < 1 || value > INT32_MAX)
        wrong(*this, key, *find(key), "a whole number of at least 1");
    return value;
}

int64_t Config::size(const char* key, int64_t fallback) const {
    return has(key) ? size(key) : fallback;
}

bool Config::boolean(const char* key, bool fallback) const {
    const Json* value = find(key);
    if (!value) return fallback;
    if (!value->is_boolean()) wrong(*this, key, *value, "true or false");
    return value->get<bool>();
}

std::string Config::string(const char* key) const {
    const Json* value = find(key);
    if (!value) missing(*this, key);
    if (!value->is_string()) wrong(*this, key, *value, "a string");
    return value->get<std::string>();
}

std::string Config::string(const char* key, const std::string& fallback) const {
    return has(key) ? string(key) : fallback;
}

std::vector<std::string> Config::strings(const char* key) const {
    const Json* value = find(key);
    if (!value) return {};
    if (!value->is_array()) wrong(*this, key, *value, "an array of strings");
    std::vector<std::string> result;
    for (const Json& item : *value) {
        if (!item.is_string()) wrong(*this, key, *value, "an array of strings");
        result.push_back(item.get<std::string>());
    }
    return result;
}

int64_t Config::size_or_none(const char* key, int64_t fallback) const {
    return has(key) ? size(key) : json_.contains(key) ? 0 : fallback;
}

double Config::number_or_none(const char* key, double fallback) const {
    return has(key) ? number(key) : json_.contains(key) ? 0 : fallback;
}

std::vector<double> Config::numbers(const char* key) const {
    const Json* value = find(key);
    if (!value) return {};
    if (!value->is_array()) wrong(*this, key, *value, "an array of numbers");
    std::vector<double> result;
    for (const Json& item : *value) {
        if (!item.is_number()) wrong(*this, key, *value, "an array of numbers");
        result.push_back(item.get<double>());
    }
    return result;
}

Config Config::object(const char* key) const {
    const Json* value = find(key);
    std::string where = "\"" + std::string(key) + "\" in " + where_;
    return Config(value ? *value : Json::object(), where);
}

std::optional<Config> read_optional(const std::string& folder, const std::string& name) {
    std::string path = folder + "/" + name;
    if (!std::filesystem::exists(path)) return std::nullopt;
    return Config::read(path);
}

}  // namespace moonlet
