// SPDX-License-Identifier: Apache-2.0
#include "templates/chat_template.h"

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "core/files.h"
#include "templates/text.h"

namespace moonlet {

namespace {

namespace fs = std::filesystem;

constexpr const char* kContinueMark = "CONTINUE_FINAL_MESSAGE_TAG ";

bool has_file(const fs::path& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored);
}

// A special token stands as a string or as {content: "…"}.
Json token_text(const Json& token) {
    if (token.is_object() && token.contains("content")) return token["content"];
    return token;
}

// The special tokens of a tokenizer_config.json, with those of special_tokens_map.json below them.
Json read_special_tokens(const fs::path& folder, const Json& config) {
    Json out = Json::object();
    auto take = [&](const Json& from) {
        static const char* kNames[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                       "pad_token", "cls_token", "mask_token"};
        if (!from.is_object()) return;
        for (const char* name : kNames) {
            auto it = from.find(name);
            if (it == from.end()) continue;
            Json text = token_text(*it);
            if (text.is_string()) out[name] = text;
        }
    };
    fs::path map = folder / "special_tokens_map.json";
    if (has_file(map)) take(read_json(map.string()));
    take(config);
    return out;
}

// Newer messages call it reasoning_content, older ones thinking or reasoning; transformers lets
// templates find it under the first two names.
Json alias_reasoning(const Json& message) {
    if (!message.is_object()) return message;
    for (const char* name : {"reasoning_content", "thinking", "reasoning"}) {
        auto it = message.find(name);
        if (it == message.end() || it->is_null()) continue;
        Json out = Json::object();
        out["thinking"] = *it;
        for (auto& [key, value] : message.items()) out[key] = value;
        out["reasoning_content"] = *it;
        return out;
    }
    return message;
}

// Marks the end of the last message's text, so that the cut can be found after rendering.
void mark_last(Json& messages) {
    if (messages.empty()) throw Error("no messages", "at least one to continue");
    Json& content = messages.back()["content"];
    if (content.is_string()) {
        content = content.get<std::string>() + kContinueMark;
        return;
    }
    if (content.is_array())
        for (auto block = content.rbegin(); block != content.rend(); ++block)
            if (block->is_object() && block->contains("text") && (*block)["text"].is_string()) {
                (*block)["text"] = (*block)["text"].get<std::string>() + kContinueMark;
                return;
            }
    throw Error("the last message has no text", "a content to continue");
}

std::string cut_at_mark(const std::string& rendered) {
    std::string mark = kContinueMark, bare = mark.substr(0, mark.size() - 1);
    size_t at = rendered.rfind(bare);
    if (at == std::string::npos)
        throw Error("the last message does not appear in the prompt", "a template that prints it",
                    "leave continue_final_message out");
    std::string kept = rendered.substr(0, at);
    if (rendered.compare(at, mark.size(), mark) == 0) return kept;
    return jinja::text::strip(kept, false, true);
}

}  // namespace

void ChatTemplate::add(const std::string& name, std::string source) {
    for (auto& known : templates_)
        if (known.first == name) return;  // the first source found wins
    try {
        templates_.emplace_back(name, jinja::Template::parse(std::move(source)));
    } catch (const jinja::TemplateError& e) {
        throw jinja::TemplateError(e, "chat template \"" + name + "\": ");
    }
}

std::shared_ptr<ChatTemplate> ChatTemplate::from_source(std::string jinja, Json special_tokens) {
    std::shared_ptr<ChatTemplate> made(new ChatTemplate());
    made->special_tokens_ = Json::object();
    if (special_tokens.is_object())
        for (auto& [name, token] : special_tokens.items())
            if (!token.is_null()) made->special_tokens_[name] = token_text(token);
    made->add("default", std::move(jinja));
    return made;
}

std::shared_ptr<ChatTemplate> ChatTemplate::load(const std::string& folder_name) {
    fs::path folder = folder_name;
    Json config = Json::object();
    if (has_file(folder / "tokenizer_config.json"))
        config = read_json((folder / "tokenizer_config.json").string());
    std::shared_ptr<ChatTemplate> made(new ChatTemplate());
    made->special_tokens_ = read_special_tokens(folder, config);

    auto take = [&](const Json& entry) {
        if (entry.is_string()) made->add("default", entry.get<std::string>());
        if (!entry.is_array()) return;
        for (const Json& one : entry)
            if (one.is_object() && one.contains("name") && one.contains("template") &&
                one["name"].is_string() && one["template"].is_string())
                made->add(one["name"].get<std::string>(), one["template"].get<std::string>());
    };
    if (has_file(folder / "chat_template.jinja"))
        made->add("default", read_file((folder / "chat_template.jinja").string()));
    std::error_code ignored;
    for (auto& entry : fs::directory_iterator(folder / "additional_chat_templates", ignored))
        if (entry.path().extension() == ".jinja")
            made->add(entry.path().stem().string(), read_file(entry.path().string()));
    if (made->templates_.empty() && has_file(folder / "chat_template.json")) {
        Json file = read_json((folder / "chat_template.json").string());
        if (file.is_object() && file.contains("chat_template")) take(file["chat_template"]);
    }
    if (made->templates_.empty() && config.is_object() && config.contains("chat_template"))
        take(config["chat_template"]);
    return made->templates_.empty() ? nullptr : made;
}

const jinja::Template& ChatTemplate::pick(const Options& options) const {
    auto find = [&](const std::string& name) -> const jinja::Template* {
        for (auto& [known, body] : templates_)
            if (known == name) return body.get();
        return nullptr;
    };
    if (!options.name.empty()) {
        if (auto* named = find(options.name)) return *named;
        std::string all;
        for (auto& name : names()) all += (all.empty() ? "" : ", ") + name;
        throw Error("no chat template named " + quote(options.name), "one of: " + all);
    }
    if (!options.tools.is_null())
        if (auto* tools = find("tool_use")) return *tools;
    if (auto* fallback = find("default")) return *fallback;
    return *templates_.front().second;
}

std::string ChatTemplate::render(const Json& messages, const Options& options,
                                 jinja::RenderInfo* info) const {
    if (!messages.is_array()) throw Error("messages are not a list", "a list of {role, content}");
    Json prepared = Json::array();
    for (const Json& message : messages) {
        if (!message.is_object())
            throw Error("a message is " +
                            quote(message.dump(-1, ' ', false, Json::error_handler_t::replace)),
                        "an object with role and content");
        prepared.push_back(alias_reasoning(message));
    }
    if (options.continue_final_message) mark_last(prepared);

    using jinja::Value;
    std::vector<std::pair<Value, Value>> variables;
    for (auto& [name, token] : special_tokens_.items())
        variables.emplace_back(name, Value::from_json(token));
    if (options.extra.is_object())
        for (auto& [name, value] : options.extra.items())
            variables.emplace_back(name, Value::from_json(value));
    variables.emplace_back("messages", Value::from_json(prepared));
    variables.emplace_back("tools", Value::from_json(options.tools));
    variables.emplace_back("documents", Value::from_json(options.documents));
    variables.emplace_back("add_generation_prompt", options.add_generation_prompt);
    std::string text = pick(options).render(Value::dict(std::move(variables)), info);
    return options.continue_final_message ? cut_at_mark(text) : text;
}

const std::string& ChatTemplate::source(const std::string& name) const {
    for (const std::string& wanted : {name, std::string("default")})
        for (auto& [known, body] : templates_)
            if (known == wanted) return body->source();
    return templates_.front().second->source();
}

std::vector<std::string> ChatTemplate::names() const {
    std::vector<std::string> out;
    for (auto& entry : templates_) out.push_back(entry.first);
    return out;
}

}  // namespace moonlet
