// SPDX-License-Identifier: Apache-2.0
// A model's chat template: Jinja text with the special tokens it may print. Turns messages into the
// exact prompt text that transformers' apply_chat_template(tokenize=False) gives. Knows the layout
// of a Hugging Face folder and nothing of token ids.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "templates/template.h"

namespace moonlet {

class ChatTemplate {
  public:
    // `special_tokens`: {bos_token: "<s>", eos_token: "</s>", …}, strings; null entries are absent.
    // Error: not Jinja (line and column).
    static std::shared_ptr<ChatTemplate> from_source(std::string jinja, Json special_tokens);

    // From a folder: chat_template.jinja (and additional_chat_templates/*.jinja), else
    // chat_template.json, else "chat_template" of tokenizer_config.json (a string, or a list of
    // {name, template}: "default", and "tool_use" when tools are given). nullptr when the folder
    // has none. Error: a file is there and broken.
    static std::shared_ptr<ChatTemplate> load(const std::string& folder);

    struct Options {
        bool add_generation_prompt = true;
        bool continue_final_message = false;  // cut behind the last message's text
        Json tools;        // null, or an array of {type: "function", function: {…}}
        Json documents;    // null, or an array of {title, text}
        Json extra;        // null, or an object of more variables, such as enable_thinking
        std::string name;  // another of the model's templates; "" = default, tool_use with tools
    };

    // The prompt. `messages` is an array of objects with at least "role". `info` receives the
    // assistant spans of {% generation %} blocks. Error: the template refused or failed, where.
    std::string render(const Json& messages, const Options& options,
                       jinja::RenderInfo* info = nullptr) const;

    // The text of a template; where there is none of this name, the default's.
    const std::string& source(const std::string& name = "default") const;
    const Json& special_tokens() const { return special_tokens_; }
    std::vector<std::string> names() const;

  private:
    ChatTemplate() = default;
    void add(const std::string& name, std::string source);
    const jinja::Template& pick(const Options& options) const;
    std::vector<std::pair<std::string, std::shared_ptr<jinja::Template>>> templates_;
    Json special_tokens_;
};

}  // namespace moonlet
