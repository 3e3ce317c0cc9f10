// SPDX-License-Identifier: Apache-2.0
// Byte equality with Python's jinja2: the snippets of tests/golden/templates (made by
// scripts/golden/templates.py), and real models' templates where the shared data is there.
#include <catch2/catch.hpp>
#include <fstream>

#include "support.h"

using namespace templates_test;

namespace {

// Renders one case and compares; an expected error only has to be an error with a place in it.
void check(const std::string& name, const std::string& source, const Json& vars, const Json& golden,
           const char* key) {
    INFO(name);
    INFO(source.substr(0, 2000));
    if (golden.contains(key) && golden[key].is_string()) {
        std::string got;
        try {
            got = render(source, vars);
        } catch (const Error& error) {
            got = std::string("ERROR ") + error.what();
        }
        CHECK(got == golden[key].get<std::string>());
        return;
    }
    INFO("the peer says: " << golden.value("error", ""));
    CHECK_THROWS_AS(render(source, vars), jinja::TemplateError);
}

}  // namespace

TEST_CASE("semantics equal jinja2's", "[golden]") {
    Json golden = read_json((root() / "tests/golden/templates/semantics.json").string());
    REQUIRE(golden["cases"].size() > 300);
    for (size_t i = 0; i < golden["cases"].size(); ++i) {
        const Json& c = golden["cases"][i];
        check("case " + std::to_string(i), c["template"].get<std::string>(), c["variables"], c,
              "expected");
    }
}

TEST_CASE("public chat templates equal jinja2's renderings", "[golden]") {
    std::string folder = shared_data("public chat templates", "chat-templates");
    if (folder.empty()) return;
    std::ifstream lines(folder + "/renderings_jinja2.jsonl");
    std::string line;
    int count = 0;
    while (std::getline(lines, line)) {
        Json c = parse_json(line, "renderings_jinja2.jsonl");
        std::string name = c["template"].get<std::string>(), with = c["context"].get<std::string>();
        Json vars = read_json(folder + "/contexts/" + with);
        vars.erase("tools_in_user_message");
        check(name + " with " + with, read_file(folder + "/" + name), vars, c, "expected");
        ++count;
    }
    CHECK(count > 0);
}

TEST_CASE("llama.cpp's template cases equal jinja2's renderings", "[golden]") {
    std::string file = shared_data("llama.cpp cases", "chat-templates/llama_cpp_cases.json");
    if (file.empty()) return;
    for (const Json& c : read_json(file)) {
        Json vars = {{"messages", c["messages"]},
                     {"bos_token", c["bos_token"]},
                     {"eos_token", c["eos_token"]},
                     {"add_generation_prompt", c["add_generation_prompt"]}};
        check(c["name"].get<std::string>(), c["template"].get<std::string>(), vars, c, "jinja2");
    }
}

// `scripts/golden/templates.py --fuzz N SEED > FILE`, then MOONLET_TEMPLATE_CASES=FILE.
TEST_CASE("cases given from outside equal jinja2's", "[golden]") {
    const char* file = std::getenv("MOONLET_TEMPLATE_CASES");
    if (!file) return;
    std::ifstream lines(file);
    std::string line;
    while (std::getline(lines, line)) {
        Json c = parse_json(line, file);
        check(c.value("name", ""), c["template"].get<std::string>(), c["variables"], c, "expected");
    }
}
