// SPDX-License-Identifier: Apache-2.0
// Where the template tests find their files, and the fixed clock that the golden renderings use.
#pragma once

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>

#include "core/files.h"
#include "core/json.h"
#include "templates/template.h"
#include "test.h"

namespace templates_test {

using namespace moonlet;

// The repository's root: MOONLET_ROOT, else from this file's own path.
inline std::filesystem::path root() {
    if (const char* given = std::getenv("MOONLET_ROOT"); given && *given) return given;
    return std::filesystem::path(__FILE__).parent_path() / ".." / ".." / "..";
}

// The shared data folder, or "" (said aloud) where it is absent.
inline std::string shared_data(const std::string& test, const std::string& below) {
    const char* given = std::getenv("MOONLET_TEST_DATA");
    std::filesystem::path base = given && *given ? given : root() / ".." / "shared" / "data";
    if (std::filesystem::exists(base / below)) return (base / below).string();
    moonlet::test::skip(test + ", no " + (base / below).string());
    return "";
}

// strftime_now of a Wednesday noon, 15 January 2025.
inline jinja::Value fixed_clock() {
    auto now = [](const jinja::Arguments& args, const jinja::NamedArguments&) -> jinja::Value {
        std::tm t{};
        t.tm_year = 125;
        t.tm_mday = 15;
        t.tm_hour = 12;
        t.tm_wday = 3;
        t.tm_yday = 14;
        char text[256];
        size_t n = std::strftime(text, sizeof text, args.at(0).as_string().c_str(), &t);
        return std::string(text, n);
    };
    return jinja::Value::function("strftime_now", now);
}

// A JSON object as template variables, with the fixed clock.
inline jinja::Value variables(const Json& json) {
    auto items = jinja::Value::from_json(json).as_dict().items;
    items.emplace_back("strftime_now", fixed_clock());
    return jinja::Value::dict(std::move(items));
}

inline std::string render(const std::string& source, const Json& vars = Json::object()) {
    return render_jinja(source, variables(vars));
}

// The message of the error that rendering ends in; fails the caller's comparison when there is
// none.
inline std::string error_of(const std::string& source, const Json& vars = Json::object()) {
    try {
        return "rendered: " + render(source, vars);
    } catch (const Error& error) {
        return error.what();
    }
}

}  // namespace templates_test
