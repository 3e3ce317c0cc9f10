// SPDX-License-Identifier: Apache-2.0
// One row of the table below per format, tried in this order; a column may have several names.
//   messages          messages (or conversation) = [{role, content}, …]
//   sharegpt          conversations = [{from, value}, …], with system where there is one
//   preferences       chosen, rejected (texts or messages), with prompt, instruction or question
//   alpaca            instruction, output (or response), with input or context, system
//   question_answer   question, answer (or q, a)
//   parameters        parameters, generated_text
//   prompt_completion prompt, completion (or response)
//   text_label        text (sentence, document, review), label (labels, category)
//   text              text
// Names are compared without case. Messages keep what else they hold (tool_calls, name, …).
#include "datasets/training_format.h"

#include <algorithm>
#include <cctype>

#include "core/error.h"

namespace moonlet {

namespace {

using Names = std::vector<const char*>;

std::string lower(std::string text) {
    for (char& c : text) c = char(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

// The value of the first of `names` that the row has and that is not null; nullptr where none.
const Json* get(const Json& row, const Names& names) {
    for (const char* name : names)
        for (auto& [key, value] : row.items())
            if (!value.is_null() && lower(key) == name) return &value;
    return nullptr;
}

bool has(const Json& row, const Names& names) { return get(row, names) != nullptr; }

// A value as message content: a text as it is, an object as lines "key: value", others as JSON.
std::string content(const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_object()) return value.is_null() ? "" : dump_json(value, -1);
    std::string text;
    for (auto& [key, item] : value.items())
        text += (text.empty() ? "" : "\n") + key + ": " + content(item);
    return text;
}

Json message(const char* role, const std::string& text) {
    return {{"role", role}, {"content", text}};
}

bool list_of(const Json* value, const char* first, const char* second) {
    return value && value->is_array() && !value->empty() && (*value)[0].is_object() &&
           (*value)[0].contains(first) && ((*value)[0].contains(second) || !*second);
}

// ShareGPT's names of who speaks, and those of chat templates.
const char* role_of(const std::string& from) {
    static const std::vector<std::pair<const char*, Names>> roles = {
        {"user", {"human", "user"}},
        {"assistant", {"gpt", "assistant", "chatgpt", "bing", "bard", "model", "function_call"}},
        {"system", {"system"}},
        {"tool", {"observation", "tool", "function_response"}},
    };
    for (auto& [role, names] : roles)
        for (const char* name : names)
            if (from == name) return role;
    throw Error("a turn from " + quote(from), "human, gpt, system, function_call or observation");
}

// A function_call's JSON text as a tool call; a text that is none stays the content.
void add_call(Json& turn, const std::string& text) {
    try {
        Json call = parse_json(text, "the call");
        if (call.is_object() && call.contains("name")) {
            auto arguments = call.find("arguments");
            turn["content"] = "";
            turn["tool_calls"] = Json::array(
                {{{"name", call["name"]},
                  {"arguments", arguments == call.end() ? Json::object() : *arguments}}});
        }
    } catch (const Error&) {
    }
}

Json from_sharegpt(const Json& turns) {
    Json result = Json::array();
    for (const Json& turn : turns) {
        if (!turn.is_object() || !turn.contains("from") || !turn.contains("value"))
            throw Error("a turn " + quote(dump_json(turn, -1), 60), "{\"from\": …, \"value\": …}");
        std::string from = lower(content(turn["from"])), text = content(turn["value"]);
        result.push_back(message(role_of(from), text));
        if (from == "function_call") add_call(result.back(), text);
    }
    return result;
}

Json check_messages(const Json& turns) {
    for (const Json& turn : turns)
        if (!turn.is_object() || !turn.contains("role") || !turn["role"].is_string())
            throw Error("a message " + quote(dump_json(turn, -1), 60),
                        "{\"role\": …, \"content\": …}");
    return turns;
}

// "\n\nHuman: …\n\nAssistant: …", as the HH-RLHF texts have it; empty when it is something else.
Json from_transcript(const std::string& text) {
    static const std::pair<const char*, const char*> marks[] = {{"\n\nHuman:", "user"},
                                                                {"\n\nAssistant:", "assistant"}};
    Json result = Json::array();
    auto next = [&](size_t from, int& which) {
        size_t found = std::string::npos;
        for (int m = 0; m < 2; ++m)
            if (size_t at = text.find(marks[m].first, from); at < found) found = at, which = m;
        return found;
    };
    int which = 0, following = 0;
    size_t at = next(0, which);
    if (at != 0) return result;
    while (at != std::string::npos) {
        size_t begin = at + std::string(marks[which].first).size();
        size_t end = next(begin, following);
        std::string said = text.substr(begin, end == std::string::npos ? end : end - begin);
        size_t first = said.find_first_not_of(' ');
        result.push_back(
            message(marks[which].second, first == std::string::npos ? "" : said.substr(first)));
        at = end;
        which = following;
    }
    return result;
}

const Names kMessages = {"messages", "conversation", "conversations"};
const Names kOutput = {"output", "response"};
const Names kText = {"text", "sentence", "document", "review"};

Json of_messages(const Json& row) {
    const Json* turns = get(row, kMessages);
    return check_messages(turns->is_array() ? *turns : Json::array());
}

void add_system(const Json& row, Json& messages) {
    const Json* system = get(row, {"system", "system_prompt"});
    if (system && !content(*system).empty())
        messages.push_back(message("system", content(*system)));
}

void append(Json& messages, const Json& more) {
    for (const Json& m : more) messages.push_back(m);
}

Json of_sharegpt(const Json& row) {
    Json messages = Json::array();
    add_system(row, messages);
    append(messages, from_sharegpt(*get(row, {"conversations"})));
    return messages;
}

// An answer as messages: a text, one message in either spelling, or a list of them.
Json answer_messages(const Json& value) {
    if (value.is_object()) return answer_messages(Json::array({value}));
    if (list_of(&value, "from", "value")) return from_sharegpt(value);
    if (list_of(&value, "role", "")) return check_messages(value);
    Json turns = from_transcript(content(value));
    return turns.empty() ? Json::array({message("assistant", content(value))}) : turns;
}

Json of_preferences(const Json& row) {
    Json messages = Json::array();
    add_system(row, messages);
    if (const Json* turns = get(row, {"conversations"}); list_of(turns, "from", "value"))
        append(messages, from_sharegpt(*turns));
    else if (const Json* prompt = get(row, {"prompt", "instruction", "question"}))
        append(messages, list_of(prompt, "role", "")
                             ? check_messages(*prompt)
                             : Json::array({message("user", content(*prompt))}));
    Json answer = answer_messages(*get(row, {"chosen"}));
    // An answer that is the whole conversation begins with what stands already.
    if (answer.size() > 1) return answer;
    append(messages, answer);
    return messages;
}

Json pair_of(const std::string& asked, const Json& answer) {
    return Json::array({message("user", asked), message("assistant", content(answer))});
}

Json of_alpaca(const Json& row) {
    Json messages = Json::array();
    add_system(row, messages);
    if (const Json* history = get(row, {"history"}); history && history->is_array())
        for (const Json& turn : *history)
            if (turn.is_array() && turn.size() == 2)
                append(messages, pair_of(content(turn[0]), turn[1]));
    std::string asked = content(*get(row, {"instruction"}));
    const Json* input = get(row, {"input", "context"});
    if (input && !content(*input).empty()) asked += "\n\n" + content(*input);
    append(messages, pair_of(asked, *get(row, kOutput)));
    return messages;
}

Json of_question(const Json& row) {
    return pair_of(content(*get(row, {"question", "q"})), *get(row, {"answer", "a"}));
}
Json of_parameters(const Json& row) {
    return pair_of(content(*get(row, {"parameters"})), *get(row, {"generated_text"}));
}
Json of_prompt(const Json& row) {
    Json messages = Json::array();
    const Json* prompt = get(row, {"prompt"});
    if (!list_of(prompt, "role", ""))
        return pair_of(content(*prompt), *get(row, {"completion", "response"}));
    append(messages, check_messages(*prompt));
    append(messages, answer_messages(*get(row, {"completion", "response"})));
    return messages;
}

struct Format {
    const char* name;
    bool (*fits)(const Json& row);
    const char* needs;
    Json (*messages)(const Json& row);  // nullptr: it has none
};

const std::vector<Format>& formats() {
    static const std::vector<Format> all = {
        {"messages", [](const Json& r) { return list_of(get(r, kMessages), "role", ""); },
         "messages = [{role, content}, …]", of_messages},
        {"preferences", [](const Json& r) { return has(r, {"chosen"}) && has(r, {"rejected"}); },
         "chosen and rejected", of_preferences},
        {"sharegpt",
         [](const Json& r) { return list_of(get(r, {"conversations"}), "from", "value"); },
         "conversations = [{from, value}, …]", of_sharegpt},
        {"alpaca", [](const Json& r) { return has(r, {"instruction"}) && has(r, kOutput); },
         "instruction and output", of_alpaca},
        {"question_answer",
         [](const Json& r) {
             return has(r, {"question", "q"}) && has(r, {"answer", "a"});
         },
         "question and answer", of_question},
        {"parameters",
         [](const Json& r) { return has(r, {"parameters"}) && has(r, {"generated_text"}); },
         "parameters and generated_text", of_parameters},
        {"prompt_completion",
         [](const Json& r) {
             return has(r, {"prompt"}) && has(r, {"completion", "response"});
         },
         "prompt and completion", of_prompt},
        {"text_label",
         [](const Json& r) {
             return has(r, kText) && has(r, {"label", "labels", "category"});
         },
         "text and label", nullptr},
        {"text", [](const Json& r) { return has(r, {"text"}); }, "text", nullptr},
    };
    return all;
}

const Format& format_of(const std::string& name) {
    for (const Format& f : formats())
        if (name == f.name) return f;
    std::string all, near = nearest_name(name, format_names());
    for (const Format& f : formats()) all += (all.empty() ? "" : ", ") + std::string(f.name);
    throw Error("unknown format " + quote(name), "one of: " + all,
                near.empty() ? "" : "did you mean " + quote(near) + "?");
}

std::string keys(const Json& row) {
    std::string all;
    for (auto& entry : row.items()) all += (all.empty() ? "" : ", ") + entry.key();
    return all.empty() ? "no columns" : "the columns " + all;
}

}  // namespace

std::string detect_format(const Json& row) {
    if (!row.is_object()) return "";
    for (const Format& f : formats())
        if (f.fits(row)) return f.name;
    return "";
}

std::vector<std::string> format_names() {
    std::vector<std::string> names;
    for (const Format& f : formats()) names.push_back(f.name);
    return names;
}

bool has_messages(const std::string& name) {
    return !name.empty() && format_of(name).messages != nullptr;
}

Json row_messages(const Json& row, const std::string& name) {
    std::string all;
    if (name.empty())
        throw Error("rows of no known training format: " + keys(row),
                    "messages, instruction and output, question and answer, …",
                    "map them, or say format = when loading");
    const Format& format = format_of(name);
    if (!format.messages)
        throw Error("rows in the format " + quote(name) + ", which holds no conversation",
                    "messages, instruction and output, question and answer, …");
    if (!format.fits(row)) throw Error(keys(row), name + " needs " + format.needs);
    return format.messages(row);
}

void check_format(const std::string& name, Dataset& data) {
    const Format& format = format_of(name);
    if (!data.has(0)) return;
    Json row = data.row(0);
    if (!format.fits(row))
        throw Error("format " + quote(name) + ", but " + data.where(0) + " has " + keys(row),
                    format.needs);
}

}  // namespace moonlet
