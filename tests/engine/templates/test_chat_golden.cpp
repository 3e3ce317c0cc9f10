// SPDX-License-Identifier: Apache-2.0
// Chat templates as transformers' apply_chat_template applies them: which one is taken, what the
// messages become, continued answers, ids and the mask of what the assistant says
// (scripts/golden/chat_templates.py).
#include <catch2/catch.hpp>

#include "support.h"
#include "templates/chat_template.h"
#include "tokenizers/tokenizer.h"

using namespace templates_test;

namespace {

ChatTemplate::Options options_of(const Json& given) {
    ChatTemplate::Options options;
    options.add_generation_prompt = false;
    options.extra = Json::object();
    for (auto& [name, value] : given.items()) {
        if (name == "add_generation_prompt") options.add_generation_prompt = value.get<bool>();
        else if (name == "continue_final_message")
            options.continue_field = value.is_string() ? value.get<std::string>() : "content";
        else if (name == "tools") options.tools = value;
        else if (name == "documents") options.documents = value;
        else if (name == "chat_template") options.name = value.get<std::string>();
        else options.extra[name] = value;
    }
    return options;
}

}  // namespace

TEST_CASE("chats are rendered, encoded and masked as transformers does it", "[golden]") {
    const auto golden_folder = root() / "tests" / "golden";
    const Json golden = read_json((golden_folder / "templates" / "chat.json").string());
    const std::string name = golden["tokenizer"].get<std::string>();
    const Json file = read_json((golden_folder / "tokenizers" / name).string());
    auto tokenizer = Tokenizer::from_json(file["tokenizer"], name);
    const auto folder = test::scratch() / "chat";
    std::filesystem::create_directories(folder);
    REQUIRE(golden["cases"].size() > 20);
    for (const Json& c : golden["cases"]) {
        INFO(c.dump());
        Json config = c["special"];
        config["chat_template"] = c["template"];
        write_file((folder / "tokenizer_config.json").string(), config.dump());
        auto chat = ChatTemplate::load(folder.string());
        REQUIRE(chat);
        const auto options = options_of(c["options"]);
        if (c.contains("error")) {
            CHECK_THROWS_AS(chat->render(c["messages"], options), Error);
            continue;
        }
        jinja::RenderInfo info;
        const std::string text = chat->render(c["messages"], options, &info);
        CHECK(text == c["text"].get<std::string>());
        const Encoding encoding = tokenizer->encode_with_offsets(text, false);
        CHECK(encoding.ids == c["ids"].get<std::vector<int>>());
        if (c.contains("mask"))
            CHECK(assistant_mask(encoding, info) == c["mask"].get<std::vector<int>>());
    }
    std::filesystem::remove_all(folder);
}
