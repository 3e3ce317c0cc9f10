// SPDX-License-Identifier: Apache-2.0
// config.json and its sisters as a folder holds them, read with typed questions: a missing key or a
// value of another type is one error that names the key and the file. null counts as absent, as in
// the files people have. Knows no family: what the keys mean stands in models/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace moonlet {

class Config {
  public:
    // `where` names the source in errors ("tiny/config.json"). Error: not a JSON object.
    Config(Json json, std::string where);
    static Config read(const std::string& path);

    bool has(const char* key) const;  // present and not null
    // Without a fallback the key must be there. Whole numbers may be written as 1e6 or 64.0.
    int64_t integer(const char* key) const;
    int64_t integer(const char* key, int64_t fallback) const;
    double number(const char* key) const;
    double number(const char* key, double fallback) const;
    bool boolean(const char* key, bool fallback) const;
    std::string string(const char* key) const;
    std::string string(const char* key, const std::string& fallback) const;
    std::vector<std::string> strings(const char* key) const;  // absent: empty
    // A whole number of at least 1, as sizes are.
    int64_t size(const char* key) const;
    int64_t size(const char* key, int64_t fallback) const;
    // For keys where null says "none" and absence says "the usual": 0 when null.
    int64_t size_or_none(const char* key, int64_t fallback) const;
    double number_or_none(const char* key, double fallback) const;
    std::vector<double> numbers(const char* key) const;  // absent: empty
    // A nested object; empty when absent.
    Config object(const char* key) const;

    const Json& json() const { return json_; }
    const std::string& where() const { return where_; }

  private:
    const Json* find(const char* key) const;
    Json json_;
    std::string where_;
};

// The `name`d JSON file of a model folder (generation_config.json …), or nothing when it is absent.
std::optional<Config> read_optional(const std::string& folder, const std::string& name);

}  // namespace moonlet
