// SPDX-License-Identifier: Apache-2.0
// Jinja: a template is parsed and rendered over a chat, within narrow limits.
#include "core/json.h"
#include "support/target.h"
#include "templates/template.h"

namespace {

using namespace moonlet;

constexpr size_t kText = size_t(1) << 20;

jinja::Value variables() {
    const Json chat = parse_json(R"({"messages": [
        {"role": "system", "content": " Be brief. "},
        {"role": "user", "content": [{"type": "text", "text": "한글 é"}, {"type": "image"}]},
        {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function":
            {"name": "f", "arguments": {"x": 1, "y": [true, null, 1.5]}}}]},
        {"role": "tool", "content": "{}"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
        "add_generation_prompt": true, "bos_token": "<s>", "n": 7, "f": 2.5, "s": "text",
        "l": [3, 1, 2, "x"], "d": {"a": 1, "b": {"c": []}}})",
                                 "the chat");
    return jinja::Value::from_json(chat);
}

void run(std::string_view input) {
    jinja::Limits limits;
    limits.steps = 100'000;
    limits.text_bytes = kText;
    limits.built_bytes = 16 * kText;
    limits.seconds = 5;
    static const jinja::Value chat = variables();
    jinja::RenderInfo info;
    jinja::Template::parse(std::string(input), limits)->render(chat, &info, limits);
}

// A text of the permitted size, in code points of four bytes, and a list of range()'s longest.
const bool registered = fuzz::add("jinja", run, 16 * kText);

}  // namespace
