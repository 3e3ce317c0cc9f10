// SPDX-License-Identifier: Apache-2.0
// Reads what a model writes, piece by piece, and tells the visible text from the thought and the
// tool calls in it. Formats: "hermes" (also Qwen: <tool_call>{"name": …, "arguments": {…}}
// </tool_call>, several in a row) and "llama3" (the answer is {"name": …, "parameters": {…}}, after
// <|python_tag|> or alone, several parted by ';'). A thought is <think>…</think> before anything
// else. However the text is cut into pieces, calls, thought and visible text are the same. Nothing
// that a model writes is an error here: a call that cannot be read is a call with `error` set. It
// knows no tool and checks no argument.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace moonlet {

struct ToolCall {
    std::string name;                 // "" when not even that could be read
    Json arguments = Json::object();  // {} with an error
    std::string raw;                  // the call as it was written, without its marks
    std::string error;                // "" = fine
};

class ToolCallParser {
  public:
    // `thinking`: the prompt has opened <think> already. Error: no such format.
    static std::unique_ptr<ToolCallParser> make(const std::string& format, bool thinking = false);
    virtual ~ToolCallParser() = default;

    // Takes the next piece and returns the visible text that is certain now. White space next to a
    // call or after a thought is not visible.
    std::string push(std::string_view piece);
    // The text has ended; the rest of the visible text. Unfinished calls become calls or errors.
    std::string finish();

    const std::vector<ToolCall>& calls() const { return calls_; }  // final after finish()
    std::string thinking() const;  // without the line breaks around it

  protected:
    struct Step {
        enum Kind { wait, text, drop, call } kind;  // wait: only with ended == false
        size_t bytes = 0;                           // of the beginning, used up
        ToolCall made = {};
    };
    // What the beginning of `rest` (never empty) is. An answer other than wait must be the same
    // for every longer `rest`. `fresh`: since the last call `rest` begins somewhere else.
    virtual Step next(std::string_view rest, bool fresh, bool ended) = 0;

  private:
    std::string advance(bool ended);
    bool leave_start(bool ended);
    bool leave_thought(bool ended);
    std::string visible(std::string_view text);
    enum State { start, thought, body } state_ = start;
    bool skip_space_ = false, fresh_ = true;
    std::string buffer_, thinking_, space_;
    std::vector<ToolCall> calls_;
};

// How a model with this chat template writes calls: "hermes", "llama3", or "" when the template
// speaks of neither.
std::string tool_format_of(const std::string& chat_template);

// The call that JSON text stands for: {"name", "arguments" or "parameters"}; line breaks inside
// strings, which small models write, are forgiven. Never throws.
ToolCall read_tool_call(std::string_view text);

// Where the JSON object that begins at text[0] ends (behind its brace), npos when it does not yet.
size_t json_object_end(std::string_view text);
// Whether text[end] would stand inside a JSON string of `text`.
bool inside_json_string(std::string_view text, size_t end);
// The first place where `mark` begins, or where the end of `text` may be the beginning of one;
// text.size() when neither.
size_t find_mark(std::string_view text, std::string_view mark, bool ended);

std::unique_ptr<ToolCallParser> make_hermes_parser();  // hermes_calls.cpp
std::unique_ptr<ToolCallParser> make_llama3_parser();  // llama3_calls.cpp

}  // namespace moonlet
