// SPDX-License-Identifier: Apache-2.0
// What an OpenAI-compatible server answers to POST /chat/completions, read from one whole answer or
// from the chunks of a stream; both give the same result. Servers differ: chunks of tool calls may
// lack an index or an id, all stand at index 0, repeat the name, or give arguments as an object;
// the thought may be reasoning_content or reasoning; finish_reason may be "" or wrong. It knows no
// network.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace moonlet {

class CompletionReader {
  public:
    // One chunk of a stream ("choices[].delta"). Gives the text of the first choice in it.
    // Error: it is an error message of the provider, or no completion chunk.
    std::string add_chunk(const Json& chunk);
    // A whole answer ("choices[].message"). Same errors.
    std::string add_answer(const Json& answer);

    // Text, thought or a call has come.
    bool begun() const { return begun_; }
    // Every choice said why it ended.
    bool finished() const;

    // {id, model, usage, choices = [{text, thinking, refusal, calls, logprobs, finish_reason}]};
    // calls = [{id, name, arguments (an object, absent where the text is no JSON object), raw,
    // error}], ordered by index, else as they came; logprobs = [{token, logprob, top = [{token,
    // logprob}]}]. With `cut`, a choice that did not say why it ended has finish_reason "cut".
    Json result(bool cut) const;

  private:
    struct Call {
        int index = -1;
        std::string id, name, arguments;
    };
    struct Choice {
        std::string text, thinking, refusal, finish_reason;
        std::vector<Call> calls;
        Json logprobs = Json::array();
    };
    Choice& choice(const Json& from);
    void add_message(Choice& to, const Json& message);
    void add_call(Choice& to, const Json& call);
    static Call& find_call(Choice& in, int index, const std::string& id, const std::string& name);
    std::string add(const Json& body, const char* message_key);

    std::vector<Choice> choices_;
    Json usage_ = Json::object();
    std::string id_, model_;
    bool begun_ = false;
};

// The provider's own words in an error answer of any of the usual shapes, or "" when there are
// none.
std::string provider_message(const Json& body);

}  // namespace moonlet
