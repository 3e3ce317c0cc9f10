// SPDX-License-Identifier: Apache-2.0
// A model's chat template: Jinja text with the special tokens it may print. Turns messages into the
// exact prompt text that transformers' apply_chat_template(tokenize=False) gives. Knows the layout
// of a Hugging Face folder and, but for the mask of what the assistant says, nothing of token ids.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "templates/template.h"
#include "tokenizers/tokenizer.h"

namespace moonlet {

class ChatTemplate {
  public:
    // `special_tokens`: {bos_token: "<s>", eos_token: "</s>", …}, strings; null entries are absent.
    // Error: not Jinja (line and column).
    static std::shared_ptr<ChatTemplate> from_source(std::string jinja, Json special_tokens);

    // The same from several by name, "default" and others.
    static std::shared_ptr<ChatTemplate> from_sources(
        const std::vector<std::pair<std::string, std::string>>& named, Json special_tokens);

    // From a folder: chat_template.jinja (and additional_chat_templates/*.jinja), else
    // chat_template.json, else "chat_template" of tokenizer_config.json (a string, or a list of
    // {name, template}: "default", and "tool_use" when tools are given). nullptr when the folder
    // has none. Error: a file is there and broken.
    static std::shared_ptr<ChatTemplate> load(const std::string& folder);

    struct Options {
        bool add_generation_prompt = true;
        std::string continue_field;  // "content": cut behind this text of the last message
        Json tools;                  // null, or an array of {type: "function", function: {…}}
        Json documents;              // null, or an array of {title, text}
        Json extra;              // null, or an object of more variables, such as enable_thinking
        jinja::Value variables;  // the same with what JSON has not: a dict, or nothing
        std::string name;        // one of the model's templates, or Jinja text; "" = the default,
                                 // tool_use where there are tools
    };

    // The prompt. `messages` is an array of objects with at least "role"; entries of null are as
    // if they were not there. `info` receives the assistant spans of {% generation %} blocks.
    // Error: the template refused or failed, where; no default among several templates.
    std::string render(const Json& messages, const Options& options,
                       jinja::RenderInfo* info = nullptr) const;

    // The text of a template; where there is none of this name, the default's.
    const std::string& source(const std::string& name = "default") const;
    const Json& special_tokens() const { return special_tokens_; }
    std::vector<std::string> names() const;

  private:
    ChatTemplate() = default;
    void add(const std::string& name, std::string source);
    std::shared_ptr<const jinja::Template> pick(const Options& options) const;
    std::vector<std::pair<std::string, std::shared_ptr<jinja::Template>>> templates_;
    Json special_tokens_;
};

// 1 for every token that the assistant says by the spans of {% generation %} blocks, else 0, as
// transformers' return_assistant_tokens_mask tells them. `encoding` is that of the rendered text.
std::vector<int> assistant_mask(const Encoding& encoding, const jinja::RenderInfo& info);

}  // namespace moonlet
