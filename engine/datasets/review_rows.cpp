// SPDX-License-Identifier: Apache-2.0
#include "datasets/review_rows.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "core/error.h"
#include "datasets/near_duplicates.h"
#include "datasets/training_format.h"

namespace moonlet {

namespace {

std::string as_text(const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    return value.is_null() ? "" : dump_json(value, -1);
}

// The first of `names` among the columns, compared without case; "" where none.
std::string column_named(Dataset& data, const std::vector<std::string>& names) {
    for (const std::string& name : names)
        for (const Column& column : data.columns()) {
            std::string low = column.name;
            for (char& c : low) c = char(std::tolower(static_cast<unsigned char>(c)));
            if (low == name) return column.name;
        }
    return "";
}

bool blank(const std::string& text) {
    return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

// "{{name}}": a place that was never filled in.
std::string placeholder(const std::string& text) {
    for (size_t at = 0; (at = text.find("{{", at)) != std::string::npos; at += 2) {
        size_t end = text.find("}}", at);
        if (end == std::string::npos || end - at > 40) continue;
        std::string name = text.substr(at + 2, end - at - 2);
        if (!blank(name) && name.find_first_of("{}\n\\") == std::string::npos)
            return "{{" + name + "}}";
    }
    return "";
}

bool has_control(const std::string& text) {
    return std::any_of(text.begin(), text.end(), [](unsigned char c) {
        return (c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7F;
    });
}

// UTF-8 that was read as Latin-1 or Windows-1252 and written as UTF-8 again: "â€™", "Ã©".
bool twice_encoded(const std::string& text) {
    for (const char* mark :
         {"\xC3\xA2\xE2\x82\xAC", "\xC3\x83\xC2", "\xC3\xAC\xC2", "\xC3\xAD\xC2", "\xC3\xAB\xC2"})
        if (text.find(mark) != std::string::npos) return true;
    return false;
}

// The same words over and over: few distinct shingles for its length.
bool repeats_itself(const std::string& text) {
    if (text.size() < 400) return false;
    std::string low = folded(text);
    size_t characters = 0;
    for (unsigned char c : low) characters += (c & 0xC0) != 0x80;
    return characters > 0 && double(shingles(low).size()) < 0.15 * double(characters);
}

void look_at_text(const std::string& text, std::vector<std::string>& why) {
    if (text.find("\xEF\xBF\xBD") != std::string::npos)
        why.push_back("U+FFFD: bytes that are not UTF-8");
    if (has_control(text)) why.push_back("control characters");
    if (twice_encoded(text)) why.push_back("UTF-8 encoded twice");
    if (std::string name = placeholder(text); !name.empty())
        why.push_back("the place holder " + name);
    if (repeats_itself(text)) why.push_back("repeats itself");
}

// Turns that no chat template expects.
void look_at_turns(const Json& messages, std::vector<std::string>& why) {
    std::string before;
    for (const Json& m : messages) {
        std::string role = m["role"].get<std::string>();
        static const std::set<std::string> known = {"system", "user", "assistant", "tool",
                                                    "developer"};
        if (!known.count(role)) why.push_back("a message of role " + quote(role));
        if (role == before && (role == "user" || role == "assistant"))
            why.push_back("two messages of " + role + " in a row");
        before = role;
    }
    if (before != "assistant") why.push_back("the last message is not the assistant's");
}

}  // namespace

std::string collapsed(const std::string& text) {
    std::string result;
    bool gap = false;
    for (char c : text) {
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            gap = !result.empty();
            continue;
        }
        if (gap) result += ' ';
        gap = false;
        result += c;
    }
    return result;
}

RowReader::RowReader(Dataset& data, const ReviewOptions& options) : format_(data.format()) {
    for (const std::string& column : options.text) check_column(data, column);
    if (!options.label.empty()) check_column(data, options.label);
    columns_ = options.text;
    label_ = options.label;
    const bool text_format = format_ == "text" || format_ == "text_label" || format_.empty();
    if (label_.empty() && text_format)
        label_ = column_named(data, {"label", "labels", "category", "gold_label", "class"});
    conversation_ = columns_.empty() && !text_format;
    preferences_ = conversation_ && format_ == "preferences";
    if (!columns_.empty() || conversation_) return;
    std::string text = column_named(data, {"text", "sentence", "document", "review"});
    if (!text.empty()) columns_ = {text};
    for (const Column& column : data.columns())  // else all texts that are no names of things
        if (text.empty() && column.type == "string" && column.name != label_ &&
            column.name != "id" && column.name != "guid" && column.name != "source")
            columns_.push_back(column.name);
}

std::string RowReader::what() const {
    if (preferences_) return "prompt, chosen and rejected";
    if (conversation_) return "all messages";
    std::string all;
    for (const std::string& column : columns_) all += (all.empty() ? "" : " + ") + column;
    return all;
}

RowTexts RowReader::texts(const Json& row) const {
    RowTexts result;
    if (!conversation_) {
        for (const std::string& column : columns_) {
            auto it = row.find(column);
            std::string text = it == row.end() ? "" : as_text(*it);
            if (blank(text)) result.empty.push_back(column);
            result.text += (result.text.empty() ? "" : "\n") + text;
        }
        result.asked = result.text;
        look_at_text(result.text, result.suspicious);
        return result;
    }
    Json messages;
    try {
        messages = row_messages(row, format_);
    } catch (const Error& e) {
        result.suspicious.push_back("not in the format " + format_ + ": " + e.what());
        result.text = result.asked = dump_json(row, -1);
        return result;
    }
    for (size_t i = 0; i < messages.size(); ++i) {
        auto it = messages[i].find("content");
        std::string text = it == messages[i].end() ? "" : as_text(*it);
        const bool last = i + 1 == messages.size() && messages[i]["role"] == "assistant";
        if (blank(text) && !messages[i].contains("tool_calls"))
            result.empty.push_back(last ? "the answer" : "message " + std::to_string(i + 1));
        result.text += (i ? "\n" : "") + text;
        (last ? result.answer : result.asked) += (i && !last ? "\n" : "") + text;
    }
    look_at_text(result.text, result.suspicious);
    look_at_turns(messages, result.suspicious);
    if (!blank(result.answer) && collapsed(result.answer) == collapsed(result.asked))
        result.suspicious.push_back("the answer repeats the question");
    if (preferences_) {
        std::string rejected = as_text(row.value("rejected", Json()));
        if (rejected == as_text(row.value("chosen", Json())))
            result.suspicious.push_back("chosen and rejected are the same");
        result.text += "\n" + rejected;
        result.answer.clear();  // several pairs for one prompt are nothing to wonder at
    }
    return result;
}

}  // namespace moonlet
