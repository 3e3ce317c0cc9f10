// SPDX-License-Identifier: Apache-2.0
// Chat messages as one training sequence: the text that the model's chat template makes of them,
// its ids, and which of them the assistant said. Those are told in one of two ways:
//   marks   the template's own {% generation %} blocks; a token counts if it shares a byte with one
//           (transformers' return_assistant_tokens_mask)
//   prefix  for templates without such blocks: the text up to an answer, with the generation
//           prompt, and the text with it are both rendered; where each is the beginning of the
//           next, what lies between is the answer. White space behind an end token is none.
// Either way the end token that follows an answer directly counts, or the model would not learn to
// stop. It knows no rows and no batches.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "generation/language_model.h"
#include "trainers/trainer.h"

namespace moonlet {

enum class AssistantMarks { none, marks, prefix };

struct Conversation {
    Json messages;   // [{role, content, …}, …]
    Json tools;      // null or a list, as ChatTemplate::Options
    Json variables;  // null or more variables of the template
};

struct Told {
    Sequence sequence;
    AssistantMarks by = AssistantMarks::none;  // none: nobody speaks as assistant
    bool ends = true;  // every answer ends with one of the model's end tokens
};

// Error: no chat template or tokenizer, the template refuses the messages, or it has no marks and
// its prompts are no prefixes (then `where` and what to do are named).
Told tell_conversation(const LanguageModel& model, const Conversation& conversation,
                       bool assistant_only, const std::string& where);

}  // namespace moonlet
