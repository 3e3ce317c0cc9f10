// SPDX-License-Identifier: Apache-2.0
// What all formats share: the thought in front, white space around calls, JSON into a call.
#include "templates/tool_calls.h"

#include "core/error.h"

namespace moonlet {

namespace {

constexpr std::string_view kThink = "<think>", kEndThink = "</think>";
constexpr std::string_view kSpace = " \t\r\n";

// The same text with control characters inside strings escaped.
std::string escape_controls(std::string_view text) {
    std::string out;
    bool in_string = false, escaped = false;
    for (char c : text) {
        if (in_string && static_cast<unsigned char>(c) < 0x20) {
            static const char* hex = "0123456789abcdef";
            out += "\\u00";
            out += hex[c >> 4];
            out += hex[c & 15];
            escaped = false;
            continue;
        }
        out += c;
        if (in_string && !escaped && c == '\\') {
            escaped = true;
            continue;
        }
        if (c == '"' && !escaped) in_string = !in_string;
        escaped = false;
    }
    return out;
}

Json parse_forgiving(std::string_view text) {
    try {
        return parse_json(text, "the call");
    } catch (const Error&) {
        std::string mended = escape_controls(text);
        if (mended == text) throw;
        return parse_json(mended, "the call");
    }
}

Json arguments_of(const Json& call) {
    auto it = call.find("arguments");
    if (it == call.end()) it = call.find("parameters");
    if (it == call.end() || it->is_null()) return Json::object();
    Json given = *it;
    if (given.is_string()) given = parse_forgiving(given.get_ref<const std::string&>());
    if (!given.is_object())
        throw Error("the arguments are " + quote(dump_json(given, -1), 40), "an object by name");
    return given;
}

std::string_view trimmed(std::string_view text) {
    size_t begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return "";
    return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

ToolCall read_tool_call(std::string_view text) {
    ToolCall call;
    call.raw = trimmed(text);
    try {
        Json json = parse_forgiving(call.raw);
        if (!json.is_object())
            throw Error("the call is " + quote(call.raw, 40), "{\"name\": …, \"arguments\": {…}}");
        auto name = json.find("name");
        if (name == json.end() || !name->is_string() || name->get<std::string>().empty())
            throw Error("the call has no name", "{\"name\": …, \"arguments\": {…}}");
        call.name = name->get<std::string>();
        call.arguments = arguments_of(json);
    } catch (const Error& e) {
        call.error = e.what();
    }
    return call;
}

size_t json_object_end(std::string_view text) {
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            else if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return i + 1;
        }
    }
    return std::string_view::npos;
}

bool inside_json_string(std::string_view text, size_t end) {
    bool in_string = false;
    for (size_t i = 0; i < end; ++i) {
        if (in_string && text[i] == '\\') ++i;
        else if (text[i] == '"') in_string = !in_string;
    }
    return in_string;
}

size_t find_mark(std::string_view text, std::string_view mark, bool ended) {
    if (size_t at = text.find(mark); at != std::string_view::npos) return at;
    if (ended) return text.size();
    size_t longest = std::min(text.size(), mark.size() - 1);
    for (size_t n = longest; n > 0; --n)
        if (text.substr(text.size() - n) == mark.substr(0, n)) return text.size() - n;
    return text.size();
}

std::string tool_format_of(const std::string& chat_template) {
    auto has = [&](const char* word) { return chat_template.find(word) != std::string::npos; };
    if (has("<tool_call>")) return "hermes";
    if (has("python_tag") || has("ipython")) return "llama3";
    return "";
}

std::unique_ptr<ToolCallParser> ToolCallParser::make(const std::string& format, bool thinking) {
    std::unique_ptr<ToolCallParser> parser;
    if (format == "hermes") parser = make_hermes_parser();
    if (format == "llama3") parser = make_llama3_parser();
    if (!parser) throw Error("tool format " + quote(format), "\"hermes\" or \"llama3\"");
    if (thinking) parser->state_ = thought;
    return parser;
}

std::string ToolCallParser::thinking() const {
    size_t begin = thinking_.find_first_not_of("\r\n");
    if (begin == std::string::npos) return "";
    return thinking_.substr(begin, thinking_.find_last_not_of("\r\n") - begin + 1);
}

std::string ToolCallParser::push(std::string_view piece) {
    buffer_ += piece;
    return advance(false);
}

std::string ToolCallParser::finish() {
    std::string out = advance(true);
    if (calls_.empty()) out += space_;
    space_.clear();
    return out;
}

// White space is held back until it is known to stand between two visible words.
std::string ToolCallParser::visible(std::string_view text) {
    if (skip_space_) {
        text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
        if (text.empty()) return "";
        skip_space_ = false;
    }
    size_t end = text.find_last_not_of(kSpace);
    if (end == std::string_view::npos) {
        space_ += text;
        return "";
    }
    std::string out = space_ + std::string(text.substr(0, end + 1));
    space_ = text.substr(end + 1);
    return out;
}

// False while it is open whether the text begins with a thought.
bool ToolCallParser::leave_start(bool ended) {
    std::string_view text = buffer_;
    size_t at = text.find_first_not_of(kSpace);
    if (at == std::string_view::npos) {
        if (ended) state_ = body;
        return ended;
    }
    std::string_view word = text.substr(at, kThink.size());
    if (word == kThink) {
        buffer_.erase(0, at + kThink.size());
        state_ = thought;
        return true;
    }
    if (!ended && word == kThink.substr(0, word.size())) return false;
    state_ = body;
    return true;
}

bool ToolCallParser::leave_thought(bool ended) {
    size_t at = find_mark(buffer_, kEndThink, ended);
    thinking_ += buffer_.substr(0, at);
    buffer_.erase(0, at);
    if (std::string_view(buffer_).substr(0, kEndThink.size()) != kEndThink) return false;
    buffer_.erase(0, kEndThink.size());
    skip_space_ = true;
    state_ = body;
    return true;
}

std::string ToolCallParser::advance(bool ended) {
    std::string out;
    if (state_ == start && !leave_start(ended)) return out;
    if (state_ == thought && !leave_thought(ended)) return out;
    size_t used = 0;
    while (used < buffer_.size()) {
        std::string_view rest = std::string_view(buffer_).substr(used);
        Step step = next(rest, fresh_, ended);
        fresh_ = step.kind != Step::wait;
        if (step.kind == Step::wait) break;
        if (step.kind == Step::text) out += visible(rest.substr(0, step.bytes));
        if (step.kind == Step::call) calls_.push_back(std::move(step.made));
        if (step.kind == Step::call) skip_space_ = true;
        used += step.bytes;
    }
    buffer_.erase(0, used);
    return out;
}

}  // namespace moonlet
