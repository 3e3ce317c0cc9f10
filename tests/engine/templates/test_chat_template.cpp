// SPDX-License-Identifier: Apache-2.0
// Chat templates: our own in the manner of well-known families, special tokens, tools, spans, and
// every place of a model folder that may hold a template.
#include <catch2/catch.hpp>
#include <fstream>

#include "support.h"
#include "templates/chat_template.h"

using namespace templates_test;
namespace fs = std::filesystem;

namespace {

const Json kTalk = Json::parse(R"([
    {"role": "system", "content": " Be brief. "},
    {"role": "user", "content": "Weather?"},
    {"role": "assistant", "content": "", "tool_calls": [
        {"type": "function", "function": {"name": "get_weather",
                                          "arguments": {"city": "서울", "days": 2}}}]},
    {"role": "tool", "content": "{\"sky\": \"clear\"}"},
    {"role": "assistant", "content": "Clear."}])");
const Json kTools = Json::parse(R"([{"type": "function", "function": {"name": "get_weather",
    "description": "Weather <now>", "parameters": {"type": "object", "properties": {}}}}])");

// Header tokens around each role, BOS first, tools in the system turn.
const char* kHeaders =
    "{{- bos_token }}\n"
    "{%- set ns = namespace(system='') %}\n"
    "{%- if messages[0].role == 'system' %}\n"
    "    {%- set ns.system = messages[0]['content'] | trim %}\n"
    "    {%- set messages = messages[1:] %}\n"
    "{%- endif %}\n"
    "{{- '<|start_header_id|>system<|end_header_id|>\\n\\n' + ns.system }}\n"
    "{%- if tools is not none %}\n"
    "    {%- for t in tools %}\n"
    "        {{- '\\n' + (t | tojson(indent=2)) }}\n"
    "    {%- endfor %}\n"
    "{%- endif %}\n"
    "{{- '<|eot_id|>' }}\n"
    "{%- for m in messages %}\n"
    "    {%- set role = 'ipython' if m.role == 'tool' else m.role %}\n"
    "    {{- '<|start_header_id|>' + role + '<|end_header_id|>\\n\\n' }}\n"
    "    {%- if m.tool_calls is defined %}\n"
    "        {{- {'name': m.tool_calls[0].function.name, 'parameters': "
    "m.tool_calls[0].function.arguments} | tojson }}\n"
    "    {%- endif %}\n"
    "    {{- m.content | trim + '<|eot_id|>' }}\n"
    "{%- endfor %}\n"
    "{%- if add_generation_prompt %}\n"
    "    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}\n"
    "{%- endif %}\n";

// ChatML with thinking that can be switched off.
const char* kThinking =
    "{%- for m in messages %}\n"
    "<|im_start|>{{ m.role }}\n"
    "{% if m.reasoning_content %}\n"
    "<think>\n{{ m.reasoning_content.strip('\\n') }}\n</think>\n"
    "{% endif %}\n"
    "{% generation %}{{ m.content }}{% endgeneration %}<|im_end|>\n"
    "{% endfor %}\n"
    "{% if add_generation_prompt %}\n"
    "<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking is false %}\n"
    "<think>\n\n</think>\n\n"
    "{% endif %}\n"
    "{% endif %}";

struct TemporaryFolder {
    fs::path path = test::scratch() / ("chat-" + std::to_string(std::rand()));
    TemporaryFolder() { fs::create_directories(path); }
    ~TemporaryFolder() { fs::remove_all(path); }
    void write(const std::string& name, const std::string& text) {
        fs::create_directories((path / name).parent_path());
        std::ofstream(path / name) << text;
    }
};

const Json kHi = Json::parse(R"([{"role": "user", "content": "hi"}])");

}  // namespace

TEST_CASE("headers, tools and calls come out in their order") {
    auto chat = ChatTemplate::from_source(kHeaders, {{"bos_token", "<s>"}, {"pad_token", nullptr}});
    ChatTemplate::Options options;
    options.tools = kTools;
    CHECK(chat->render(kTalk, options) ==
          "<s><|start_header_id|>system<|end_header_id|>\n\nBe brief.\n"
          "{\n  \"type\": \"function\",\n  \"function\": {\n    \"name\": \"get_weather\",\n"
          "    \"description\": \"Weather <now>\",\n    \"parameters\": {\n      \"type\": "
          "\"object\",\n"
          "      \"properties\": {}\n    }\n  }\n}<|eot_id|>"
          "<|start_header_id|>user<|end_header_id|>\n\nWeather?<|eot_id|>"
          "<|start_header_id|>assistant<|end_header_id|>\n\n"
          "{\"name\": \"get_weather\", \"parameters\": {\"city\": \"서울\", \"days\": 2}}<|eot_id|>"
          "<|start_header_id|>ipython<|end_header_id|>\n\n{\"sky\": \"clear\"}<|eot_id|>"
          "<|start_header_id|>assistant<|end_header_id|>\n\nClear.<|eot_id|>"
          "<|start_header_id|>assistant<|end_header_id|>\n\n");
}

TEST_CASE("tools and documents are none, not undefined, when they are not given") {
    auto chat = ChatTemplate::from_source(
        "{{ tools is none }}{{ documents is none }}{{ bos_token is defined }}{{ "
        "add_generation_prompt }}",
        Json());
    ChatTemplate::Options options;
    options.add_generation_prompt = false;
    CHECK(chat->render(kHi, options) == "TrueTrueFalseFalse");
}

TEST_CASE("extra variables, thinking and generation spans") {
    auto chat = ChatTemplate::from_source(kThinking, Json::object());
    ChatTemplate::Options options;
    options.extra = {{"enable_thinking", false}};
    Json talk = {{{"role", "user"}, {"content", "é?"}},
                 {{"role", "assistant"}, {"content", "yes"}, {"thinking", "\nhm\n"}}};
    jinja::RenderInfo info;
    std::string text = chat->render(talk, options, &info);
    CHECK(text ==
          "<|im_start|>user\né?<|im_end|>\n<|im_start|>assistant\n<think>\nhm\n</think>\n"
          "yes<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n");
    REQUIRE(info.generation_spans.size() == 2);
    auto piece = [&](size_t i) {
        auto [first, last] = info.generation_spans[i];
        return text.substr(first, last - first);
    };
    CHECK(piece(0) == "é?");
    CHECK(piece(1) == "yes");
}

TEST_CASE("the last message can be left open") {
    Json talk = {{{"role", "user"}, {"content", "hi"}},
                 {{"role", "assistant"}, {"content", "Well, "}}};
    ChatTemplate::Options options;
    options.add_generation_prompt = false;
    options.continue_field = "content";
    const char* form = "{% for m in messages %}<{{ m.role }}>{{ m.content }}</>{% endfor %}";
    const char* trims = "{% for m in messages %}<{{ m.role }}>{{ m.content|trim }}</>{% endfor %}";
    CHECK(ChatTemplate::from_source(form, {})->render(talk, options) ==
          "<user>hi</><assistant>Well, ");
    CHECK(ChatTemplate::from_source(trims, {})->render(talk, options) ==
          "<user>hi</><assistant>Well,");
    CHECK_THROWS_AS(ChatTemplate::from_source("x", {})->render(talk, options), Error);
}

TEST_CASE("the demo model's template") {
    auto chat = ChatTemplate::load((root() / "examples/models/demo").string());
    REQUIRE(chat);
    jinja::RenderInfo info;
    Json talk = {{{"role", "system"}, {"content", " Be brief.\n"}},
                 {{"role", "user"}, {"content", "hi"}},
                 {{"role", "assistant"}, {"content", "yo"}}};
    std::string text = chat->render(talk, {}, &info);
    CHECK(text ==
          "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n"
          "<|im_start|>assistant\nyo<|im_end|>\n<|im_start|>assistant\n");
    REQUIRE(info.generation_spans.size() == 1);
    CHECK(text.substr(info.generation_spans[0].first, 12) == "yo<|im_end|>");
    CHECK_THROWS_WITH(chat->render({{{"role", "king"}, {"content", ""}}}, {}),
                      Catch::Contains("unknown role 'king'"));
}

TEST_CASE("the demo model's template with tools") {
    auto chat = ChatTemplate::load((root() / "examples/models/demo").string());
    REQUIRE(chat);
    ChatTemplate::Options options;
    options.tools = Json::parse(R"([{"type": "function", "function": {"name": "get_weather",
        "description": "Weather", "parameters": {"type": "object",
        "properties": {"city": {"type": "string"}}, "required": ["city"]}}}])");
    options.add_generation_prompt = false;
    Json call = {{"type", "function"},
                 {"function", {{"name", "get_weather"}, {"arguments", {{"city", "Oslo"}}}}}};
    Json talk = {{{"role", "user"}, {"content", "hi"}},
                 {{"role", "assistant"}, {"content", ""}, {"tool_calls", {call, call}}},
                 {{"role", "tool"}, {"content", "{\"celsius\":3}"}}};
    const std::string one =
        "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}\n"
        "</tool_call>";
    const std::string tools =
        "<tools>\n{\"name\": \"get_weather\", \"description\": \"Weather\", "
        "\"parameters\": {\"city\": \"string\"}}\n</tools><|im_end|>\n";
    const std::string rest = "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n" + one +
                             "\n" + one + "<|im_end|>\n<|im_start|>tool\n" +
                             "{\"celsius\":3}<|im_end|>\n";
    CHECK(chat->render(talk, options) == "<|im_start|>system\n" + tools + rest);
    talk.insert(talk.begin(), Json{{"role", "system"}, {"content", "Be brief."}});
    CHECK(chat->render(talk, options) == "<|im_start|>system\nBe brief.\n" + tools + rest);
}

TEST_CASE("a folder's template is found wherever it is kept") {
    CHECK(ChatTemplate::load("/no/such/folder") == nullptr);
    TemporaryFolder folder;
    CHECK(ChatTemplate::load(folder.path.string()) == nullptr);
    folder.write("tokenizer_config.json",
                 R"({"bos_token": {"content": "<b>", "lstrip": false}, "eos_token": "<e>",
                     "pad_token": null,
                     "chat_template": [{"name": "default", "template": "{{ bos_token }}d"},
                                       {"name": "tool_use",
                                        "template": "{{ eos_token }}t{{ tools|length }}"}]})");
    auto chat = ChatTemplate::load(folder.path.string());
    REQUIRE(chat);
    ChatTemplate::Options options;
    CHECK(chat->render(kHi, options) == "<b>d");
    options.tools = kTools;
    CHECK(chat->render(kHi, options) == "<e>t1");
    options.name = "rag";
    CHECK_THROWS_WITH(chat->render(kHi, options), Catch::Contains("default, tool_use"));
    CHECK(chat->source() == "{{ bos_token }}d");

    folder.write("chat_template.jinja", "file{{ eos_token }}\n");
    folder.write("additional_chat_templates/rag.jinja", "rag");
    chat = ChatTemplate::load(folder.path.string());
    CHECK(chat->render(kHi, options) == "rag");
    options.name = "";
    CHECK(chat->render(kHi, options) == "file<e>");
    CHECK(chat->special_tokens()["bos_token"] == "<b>");
    CHECK_FALSE(chat->special_tokens().contains("pad_token"));

    folder.write("chat_template.jinja", "{% if %}");
    CHECK_THROWS_WITH(ChatTemplate::load(folder.path.string()),
                      Catch::Contains("line 1, column 7"));
}

TEST_CASE("messages must be a list of objects") {
    auto chat = ChatTemplate::from_source("x", {});
    CHECK_THROWS_AS(chat->render(Json("hi"), {}), Error);
    CHECK_THROWS_AS(chat->render(Json::array({"hi"}), {}), Error);
}
