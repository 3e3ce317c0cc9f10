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

constexpr const char* kReasoning[] = {"reasoning_content", "thinking", "reasoning"};

// A message as templates see it: without its null entries (many templates print "None" for them),
// and with its reasoning under the two names that templates read: newer messages call it
// reasoning_content, older ones thinking or reasoning.
Json prepared_message(const Json& given) {
    if (!given.is_object())
        throw Error(
            "a message is " + quote(given.dump(-1, ' ', false, Json::error_handler_t::replace)),
            "an object with role and content");
    Json message = Json::object();
    for (auto& [key, value] : given.items())
        if (!value.is_null()) message[key] = value;
    for (const char* name : kReasoning) {
        auto it = message.find(name);
        if (it == message.end()) continue;
        const Json reasoning = *it;
        Json out = Json::object();
        out["thinking"] = reasoning;
        for (auto& [key, value] : message.items()) out[key] = value;
        out["reasoning_content"] = reasoning;
        return out;
    }
    return message;
}

// Marks the end of the last message's text, so that the cut can be found after rendering. Returns
// the text as it was.
std::string mark_last(Json& messages, const std::string& field, const std::string& source) {
    if (messages.empty()) throw Error("no messages", "at least one to continue");
    Json& last = messages.back();
    if (!last.contains(field))
        throw Error("the last message has no " + quote(field), "a text to continue");
    std::vector<std::string> fields = {field};
    if (std::find(std::begin(kReasoning), std::end(kReasoning), field) != std::end(kReasoning)) {
        const Json text = last[field];  // reasoning stands under several names
        fields.clear();
        for (const char* name : kReasoning)
            if (last.contains(name) && last[name] == text) fields.emplace_back(name);
    }
    if (std::none_of(fields.begin(), fields.end(), [&](const std::string& name) {
            return source.find(name) != std::string::npos;
        }))
        throw Error("the chat template does not print " + quote(field),
                    "another field to continue");
    std::string text;
    auto mark = [&](Json& value) {
        text = value.get<std::string>();
        value = text + kContinueMark;
    };
    if (last[field].is_array()) {
        Json& blocks = last[field];
        for (auto block = blocks.rbegin(); block != blocks.rend(); ++block)
            if (block->is_object() && block->contains("text") && (*block)["text"].is_string()) {
                mark((*block)["text"]);
                return text;
            }
    }
    if (!last[field].is_string())
        throw Error("the last message has no text", "a " + field + " to continue");
    for (const std::string& name : fields) mark(last[name]);
    return text;
}

std::string cut_at_mark(const std::string& rendered, const std::string& text) {
    std::string mark = kContinueMark, bare = mark.substr(0, mark.size() - 1);
    size_t at = rendered.rfind(bare);
    if (at == std::string::npos ||
        rendered.find(jinja::text::strip(text, true, true)) == std::string::npos)
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
    return from_sources({{"default", std::move(jinja)}}, std::move(special_tokens));
}

std::shared_ptr<ChatTemplate> ChatTemplate::from_sources(
    const std::vector<std::pair<std::string, std::string>>& named, Json special_tokens) {
    std::shared_ptr<ChatTemplate> made(new ChatTemplate());
    made->special_tokens_ = Json::object();
    if (special_tokens.is_object())
        for (auto& [name, token] : special_tokens.items())
            if (Json text = token_text(token); text.is_string()) made->special_tokens_[name] = text;
    for (const auto& [name, source] : named) made->add(name, source);
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
        if (entry.is_object())
            for (auto& [name, source] : entry.items())
                if (source.is_string()) made->add(name, source.get<std::string>());
        if (!entry.is_array()) return;
        for (const Json& one : entry)
            if (one.is_object() && one.contains("name") && one.contains("template") &&
                one["name"].is_string() && one["template"].is_string())
                made->add(one["name"].get<std::string>(), one["template"].get<std::string>());
    };
    if (has_file(folder / "chat_template.jinja"))
        made->add("default", read_file((folder / "chat_template.jinja").string()));
    std::error_code ignored;
    std::vector<fs::path> more;
    for (auto& entry : fs::directory_iterator(folder / "additional_chat_templates", ignored))
        if (entry.path().extension() == ".jinja") more.push_back(entry.path());
    std::sort(more.begin(), more.end());
    for (auto& path : more) made->add(path.stem().string(), read_file(path.string()));
    if (made->templates_.empty() && has_file(folder / "chat_template.json")) {
        Json file = read_json((folder / "chat_template.json").string());
        if (file.is_object() && file.contains("chat_template")) take(file["chat_template"]);
    }
    if (made->templates_.empty() && config.is_object() && config.contains("chat_template"))
        take(config["chat_template"]);
    return made->templates_.empty() ? nullptr : made;
}

std::shared_ptr<const jinja::Template> ChatTemplate::pick(const Options& options) const {
    auto find = [&](const std::string& name) -> std::shared_ptr<const jinja::Template> {
        for (auto& [known, body] : templates_)
            if (known == name) return body;
        return nullptr;
    };
    std::string all;
    for (auto& name : names()) all += (all.empty() ? "" : ", ") + name;
    if (!options.name.empty()) {
        if (auto named = find(options.name)) return named;
        if (options.name.find('{') != std::string::npos)
            return jinja::Template::parse(options.name);
        throw Error("no chat template named " + quote(options.name), "one of: " + all,
                    "or Jinja text");
    }
    if (!options.tools.is_null())
        if (auto tools = find("tool_use")) return tools;
    if (auto fallback = find("default")) return fallback;
    throw Error("several chat templates and no default", "the name of one: " + all,
                "template = \"name\"");
}

std::string ChatTemplate::render(const Json& messages, const Options& options,
                                 jinja::RenderInfo* info) const {
    if (!messages.is_array()) throw Error("messages are not a list", "a list of {role, content}");
    const bool continues = !options.continue_field.empty();
    if (continues && options.add_generation_prompt)
        throw Error("continue_final_message and add_generation_prompt", "one of them");
    Json prepared = Json::array();
    for (const Json& message : messages) prepared.push_back(prepared_message(message));
    if (!options.documents.is_null()) {
        if (!options.documents.is_array()) throw Error("documents are not a list", "a list");
        for (const Json& document : options.documents)
            if (!document.is_object())
                throw Error("a document that is no object", "{title = …, text = …}");
    }
    const auto body = pick(options);
    std::string continued;
    if (continues) continued = mark_last(prepared, options.continue_field, body->source());

    using jinja::Value;
    std::vector<std::pair<Value, Value>> variables;
    for (auto& [name, token] : special_tokens_.items())
        variables.emplace_back(name, Value::from_json(token));
    if (options.extra.is_object())
        for (auto& [name, value] : options.extra.items())
            variables.emplace_back(name, Value::from_json(value));
    if (options.variables.is_dict())
        for (auto& [name, value] : options.variables.as_dict().items)
            variables.emplace_back(name, value);
    variables.emplace_back("messages", Value::from_json(prepared));
    variables.emplace_back("tools", Value::from_json(options.tools));
    variables.emplace_back("documents", Value::from_json(options.documents));
    variables.emplace_back("add_generation_prompt", options.add_generation_prompt);
    std::string text = body->render(Value::dict(std::move(variables)), info);
    return continues ? cut_at_mark(text, continued) : text;
}

std::vector<int> assistant_mask(const Encoding& encoding, const jinja::RenderInfo& info) {
    const size_t count = encoding.ids.size();
    std::vector<int> mask(count, 0);
    auto token_at = [&](size_t byte) {
        for (size_t i = 0; i < count; ++i)
            if (encoding.offsets[i].first <= byte && byte < encoding.offsets[i].second) return i;
        return count;
    };
    for (auto [first, last] : info.generation_spans) {
        const size_t begin = token_at(first), end = last ? token_at(last - 1) : count;
        if (begin == count) break;
        // Where the last token is not found, or is the very first, all that follows is marked, as
        // transformers does it.
        const size_t behind = end == count || end == 0 ? count : end + 1;
        for (size_t i = begin; i < behind; ++i) mask[i] = 1;
    }
    return mask;
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
