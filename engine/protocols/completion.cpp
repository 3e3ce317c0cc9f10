// SPDX-License-Identifier: Apache-2.0
// Every field is read as "if it is there and of the right type": a server that leaves one out or
// sends null must not end the answer.
#include "protocols/completion.h"

#include <algorithm>

#include "core/error.h"

namespace moonlet {

namespace {

constexpr int kMaxChoices = 128, kMaxCalls = 1024;

std::string text_of(const Json& object, const char* key) {
    auto it = object.find(key);
    return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

const Json* member(const Json& object, const char* key) {
    if (!object.is_object()) return nullptr;
    auto it = object.find(key);
    return it != object.end() && !it->is_null() ? &*it : nullptr;
}

// The text of parts of one type: content may be [{type = "text", text}, {type = "thinking", …}].
std::string parts_text(const Json& parts, const char* type) {
    std::string text;
    for (const Json& part : parts) {
        if (!part.is_object() || text_of(part, "type") != type) continue;
        const Json* inner = member(part, type);
        if (inner && inner->is_array()) text += parts_text(*inner, "text");
        else if (inner && inner->is_string()) text += inner->get<std::string>();
    }
    return text;
}

int int_of(const Json& object, const char* key, int otherwise) {
    const Json* value = member(object, key);
    return value && value->is_number_integer() ? value->get<int>() : otherwise;
}

void copy_number(Json& to, const char* name, const Json* from, const char* key) {
    const Json* value = from ? member(*from, key) : nullptr;
    if (value && value->is_number()) to[name] = *value;
}

Json logprob_row(const Json& row) {
    Json result = {{"token", text_of(row, "token")}};
    copy_number(result, "logprob", &row, "logprob");
    if (const Json* top = member(row, "top_logprobs"); top && top->is_array() && !top->empty()) {
        result["top"] = Json::array();
        for (const Json& item : *top) {
            if (!item.is_object()) continue;
            Json entry = {{"token", text_of(item, "token")}};
            copy_number(entry, "logprob", &item, "logprob");
            result["top"].push_back(entry);
        }
    }
    return result;
}

}  // namespace

std::string provider_message(const Json& body) {
    if (body.is_string()) return body.get<std::string>();
    if (body.is_array()) return body.empty() ? "" : provider_message(body[0]);
    for (const char* key : {"error", "message", "detail", "msg", "error_msg"})
        if (const Json* inner = member(body, key)) {
            std::string text = provider_message(*inner);
            if (!text.empty()) return text;
        }
    return "";
}

CompletionReader::Choice& CompletionReader::choice(const Json& from) {
    int index = std::clamp(int_of(from, "index", 0), 0, kMaxChoices - 1);
    if (size_t(index) >= choices_.size()) choices_.resize(size_t(index) + 1);
    return choices_[size_t(index)];
}

// Which call a piece belongs to. An id seen at this index decides; else a name opens a new call
// (unless the one there still waits for its own); else it goes on with the last one.
CompletionReader::Call& CompletionReader::find_call(Choice& in, int index, const std::string& id,
                                                    const std::string& name) {
    Call* last = nullptr;  // at this index; without an index the last of all
    Call* same_id = nullptr;
    for (Call& call : in.calls) {
        if (index >= 0 && call.index != index) {
            if (!id.empty() && call.id == id && name.empty()) same_id = &call;
            continue;
        }
        if (!id.empty() && call.id == id) return call;
        last = &call;
    }
    if (same_id) return *same_id;
    if (last && name.empty()) return *last;
    if (last && last->name.empty() && last->arguments.empty()) return *last;
    bool other = last && !id.empty() && !last->id.empty();  // another id than the one there
    if (last && index >= 0 && !other && !Json::accept(last->arguments)) return *last;
    if (in.calls.size() >= kMaxCalls) throw Error("more than 1024 tool calls in one answer");
    in.calls.push_back({index, "", "", ""});
    return in.calls.back();
}

void CompletionReader::add_call(Choice& to, const Json& piece) {
    if (!piece.is_object()) return;
    const Json* function = member(piece, "function");
    const Json& inner = function && function->is_object() ? *function : piece;
    std::string id = text_of(piece, "id"), name = text_of(inner, "name");
    const Json* arguments = member(inner, "arguments");
    Call& call = find_call(to, int_of(piece, "index", -1), id, name);
    if (call.id.empty()) call.id = id;
    if (call.name.empty()) call.name = name;
    else if (name != call.name && call.arguments.empty()) call.name += name;
    if (arguments && arguments->is_string()) call.arguments += arguments->get<std::string>();
    else if (arguments && arguments->is_object()) call.arguments = dump_json(*arguments, -1);
    begun_ = true;
}

void CompletionReader::add_message(Choice& to, const Json& message) {
    if (const Json* content = member(message, "content")) {
        if (content->is_string()) to.text += content->get<std::string>();
        if (content->is_array()) {
            to.text += parts_text(*content, "text");
            to.thinking += parts_text(*content, "thinking");
        }
    }
    std::string thought = text_of(message, "reasoning_content");
    to.thinking += thought.empty() ? text_of(message, "reasoning") : thought;
    to.refusal += text_of(message, "refusal");
    if (const Json* calls = member(message, "tool_calls"); calls && calls->is_array())
        for (const Json& call : *calls) add_call(to, call);
    begun_ = begun_ || !to.text.empty() || !to.thinking.empty() || !to.refusal.empty();
}

std::string CompletionReader::add(const Json& body, const char* message_key) {
    if (!body.is_object())
        throw Error("an answer that is no completion: " + quote(dump_json(body, -1)));
    if (const Json* problem = member(body, "error")) {
        std::string words = provider_message(*problem);
        throw Error("the provider says: " +
                    (words.empty() ? quote(dump_json(*problem, -1)) : words));
    }
    if (id_.empty()) id_ = text_of(body, "id");
    if (model_.empty()) model_ = text_of(body, "model");
    if (const Json* usage = member(body, "usage"); usage && usage->is_object()) {
        for (const char* key : {"prompt_tokens", "completion_tokens", "total_tokens"})
            copy_number(usage_, key, usage, key);
        copy_number(usage_, "cached_tokens", member(*usage, "prompt_tokens_details"),
                    "cached_tokens");
        copy_number(usage_, "reasoning_tokens", member(*usage, "completion_tokens_details"),
                    "reasoning_tokens");
    }
    const Json* list = member(body, "choices");
    bool any = list && list->is_array();
    if (!any && !member(body, "usage") && !member(body, "object"))
        throw Error("an answer that is no completion: " + quote(dump_json(body, -1)));
    std::string visible;
    static const Json kNone = Json::array();
    for (const Json& entry : any ? *list : kNone) {
        if (!entry.is_object()) continue;
        Choice& to = choice(entry);
        size_t before = to.text.size();
        if (const Json* message = member(entry, message_key); message && message->is_object())
            add_message(to, *message);
        if (const Json* logprobs = member(entry, "logprobs"))
            if (const Json* rows = member(*logprobs, "content"); rows && rows->is_array())
                for (const Json& row : *rows)
                    if (row.is_object()) to.logprobs.push_back(logprob_row(row));
        std::string reason = text_of(entry, "finish_reason");
        if (!reason.empty()) to.finish_reason = reason;
        if (&to == &choices_.front()) visible += to.text.substr(before);
    }
    return visible;
}

std::string CompletionReader::add_chunk(const Json& chunk) { return add(chunk, "delta"); }
std::string CompletionReader::add_answer(const Json& answer) {
    const Json* list = member(answer, "choices");
    if (answer.is_object() && !member(answer, "error") &&
        (!list || !list->is_array() || list->empty()))
        throw Error("an answer without choices: " + quote(dump_json(answer, -1)));
    std::string visible = add(answer, "message");
    for (Choice& each : choices_)
        if (each.finish_reason.empty()) each.finish_reason = "stop";
    return visible;
}

bool CompletionReader::finished() const {
    return !choices_.empty() &&
           std::none_of(choices_.begin(), choices_.end(),
                        [](const Choice& each) { return each.finish_reason.empty(); });
}

Json CompletionReader::result(bool cut) const {
    Json choices = Json::array();
    for (const Choice& each : choices_) {
        Json calls = Json::array();
        std::vector<Call> ordered = each.calls;
        if (std::all_of(ordered.begin(), ordered.end(), [](auto& c) { return c.index >= 0; }))
            std::stable_sort(ordered.begin(), ordered.end(),
                             [](auto& a, auto& b) { return a.index < b.index; });
        for (const Call& call : ordered) {
            std::string id = call.id.empty() ? "call_" + std::to_string(calls.size() + 1) : call.id;
            Json row = {{"id", id}, {"name", call.name}, {"raw", call.arguments}};
            bool open = cut && each.finish_reason.empty();
            std::string text = call.arguments.empty() && !open ? "{}" : call.arguments;
            try {
                Json arguments = parse_json(text, "the arguments");
                if (!arguments.is_object()) throw Error("the arguments are no JSON object");
                row["arguments"] = arguments;
            } catch (const Error& e) {
                row["error"] = open ? "the stream broke off inside this call" : e.what();
            }
            calls.push_back(row);
        }
        std::string reason = each.finish_reason;
        if (reason.empty()) reason = cut ? "cut" : "stop";
        if (reason == "function_call" || (reason == "stop" && !calls.empty()))
            reason = "tool_calls";
        choices.push_back({{"text", each.text},
                           {"thinking", each.thinking},
                           {"refusal", each.refusal},
                           {"calls", calls},
                           {"logprobs", each.logprobs},
                           {"finish_reason", reason}});
    }
    return {{"id", id_}, {"model", model_}, {"usage", usage_}, {"choices", choices}};
}

}  // namespace moonlet
