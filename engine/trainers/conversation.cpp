// SPDX-License-Identifier: Apache-2.0
#include "trainers/conversation.h"

#include <algorithm>

#include "core/error.h"

namespace moonlet {

namespace {

using Spans = std::vector<std::pair<size_t, size_t>>;

bool is_assistant(const Json& message) {
    return message.is_object() && message.value("role", "") == "assistant";
}

bool begins_with(const std::string& text, const std::string& start) {
    return text.compare(0, start.size(), start) == 0;
}

ChatTemplate::Options options_of(const Conversation& c, bool add_generation_prompt) {
    ChatTemplate::Options options;
    options.add_generation_prompt = add_generation_prompt;
    options.tools = c.tools;
    options.extra = c.variables;
    return options;
}

// What the assistant said, by rendering the conversation up to before and behind each answer.
Spans prefix_spans(const ChatTemplate& chat, const Conversation& c, const std::string& whole,
                   const std::string& where) {
    Spans spans;
    Json so_far = Json::array();
    for (size_t i = 0; i < c.messages.size(); ++i) {
        if (!is_assistant(c.messages[i])) {
            so_far.push_back(c.messages[i]);
            continue;
        }
        const std::string before = chat.render(so_far, options_of(c, true));
        so_far.push_back(c.messages[i]);
        const std::string behind = chat.render(so_far, options_of(c, false));
        if (!begins_with(behind, before) || !begins_with(whole, behind))
            throw Error(where +
                            ": the chat template has no {% generation %} marks, and what it "
                            "prints up to message " +
                            std::to_string(i + 1) +
                            " is not how the conversation begins, so nobody can tell which tokens "
                            "the assistant says",
                        "marks around what the assistant says",
                        "put {% generation %} … {% endgeneration %} into the model's "
                        "chat_template.jinja, or train on everything with assistant_only = false");
        spans.emplace_back(before.size(), behind.size());
    }
    return spans;
}

class Marker {
  public:
    Marker(const LanguageModel& model, const Encoding& encoding, const std::string& text)
        : model_(model), encoding_(encoding), text_(text), mask_(encoding.ids.size(), 0) {}

    // Marks the tokens of the answer at these bytes; true if it ends with an end token.
    bool mark(std::pair<size_t, size_t> span, bool trim) {
        const size_t count = encoding_.ids.size();
        size_t first = count, last = 0;  // tokens [first, last)
        for (size_t i = 0; i < count; ++i) {
            auto [begin, end] = encoding_.offsets[i];
            if (begin >= span.second || end <= span.first) continue;
            first = std::min(first, i);
            last = i + 1;
        }
        if (first >= last) return true;
        if (trim) last = trimmed(first, last);
        if (!is_end(last - 1) && last < count && is_end(last)) ++last;
        std::fill(mask_.begin() + long(first), mask_.begin() + long(last), uint8_t(1));
        return is_end(last - 1);
    }
    std::vector<uint8_t> take() { return std::move(mask_); }

  private:
    bool is_end(size_t i) const {
        const auto& ends = model_.generation_config.eos_token_ids;
        return std::find(ends.begin(), ends.end(), encoding_.ids[i]) != ends.end();
    }
    // Without white space that follows an end token or another special one (<|im_end|>\n).
    size_t trimmed(size_t first, size_t last) const {
        for (size_t i = last; i > first; --i) {
            auto [begin, end] = encoding_.offsets[i - 1];
            const bool blank =
                std::all_of(text_.begin() + long(begin), text_.begin() + long(end),
                            [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
            if (is_end(i - 1) || model_.need_tokenizer().is_special(encoding_.ids[i - 1])) return i;
            if (!blank) break;
        }
        return last;
    }

    const LanguageModel& model_;
    const Encoding& encoding_;
    const std::string& text_;
    std::vector<uint8_t> mask_;
};

}  // namespace

Told tell_conversation(const LanguageModel& model, const Conversation& c, bool assistant_only,
                       const std::string& where) {
    const ChatTemplate& chat = model.need_chat_template();
    jinja::RenderInfo info;
    const std::string text = chat.render(c.messages, options_of(c, false), &info);
    const Encoding encoding = model.need_tokenizer().encode_with_offsets(text, false);
    Told told;
    told.sequence.ids = encoding.ids;
    if (!assistant_only) return told;
    Spans spans = info.generation_spans;
    told.by = AssistantMarks::marks;
    if (spans.empty()) {
        spans = prefix_spans(chat, c, text, where);
        told.by = spans.empty() ? AssistantMarks::none : AssistantMarks::prefix;
    }
    Marker marker(model, encoding, text);
    for (const auto& span : spans)
        told.ends &= marker.mark(span, told.by == AssistantMarks::prefix);
    told.sequence.loss_mask = marker.take();
    return told;
}

}  // namespace moonlet
