// SPDX-License-Identifier: Apache-2.0
// Supervised fine-tuning (instruction tuning): the model reads whole conversations and the loss
// counts what the assistant says. Rows may be
//   a conversation in any of the training formats (datasets/training_format.h), with tools where a
//       column says so: rendered by the model's chat template, see conversation.h
//   {prompt, completion} for a model without a chat template: one behind the other, the completion
//       and the end token count
//   a text or {text}: everything counts, with the end token
//   {input_ids} and, to leave tokens out, labels (-100) or a mask: taken as they are
// Defaults are TRL's SFTConfig where it names one: lr 2e-5, max_length 1024, no packing.
#include "core/error.h"
#include "datasets/training_format.h"
#include "trainers/conversation.h"
#include "trainers/rows.h"

namespace moonlet {

namespace {

// A list of tools, as such or as JSON text; each in the form {type, function} that templates read.
Json tools_of(const Json& row, const std::string& where) {
    const Json* given = column(row, "tools");
    if (!given) return {};
    Json tools =
        given->is_string() ? parse_json(given->get<std::string>(), where + ": tools") : *given;
    if (tools.is_object() && tools.empty()) return {};  // Lua's empty table
    if (!tools.is_array())
        throw Error(where + ": tools is a " + tools.type_name(), "a list of tools");
    if (tools.empty()) return {};
    for (Json& tool : tools)
        if (tool.is_object() && !tool.contains("function") && tool.contains("name"))
            tool = {{"type", "function"}, {"function", tool}};
    return tools;
}

class Sft : public Objective {
  public:
    Layout layout() const override { return Layout::whole; }

    std::vector<Sequence> sequences(const LanguageModel& model, const Rows& rows,
                                    const TrainerOptions& options) override {
        assistant_only_ = options.own.value("assistant_only", true);
        if (options.own.contains("template")) variables_ = options.own["template"];
        std::vector<Sequence> result;
        for_each_row(rows.size(), [&](size_t i) {
            result.push_back(sequence(model, rows[i], row_name("sft", i)));
        });
        return result;
    }

    std::vector<std::string> notes() const override {
        std::vector<std::string> result;
        if (prefix_)
            result.push_back(
                "the chat template has no {% generation %} marks: what the assistant "
                "says was found by rendering each turn");
        if (endless_)
            result.push_back(std::to_string(endless_) +
                             " rows have an answer that ends with none of the model's end tokens "
                             "(eos_token_id of generation_config.json): it may not learn to stop");
        return result;
    }

  private:
    Sequence sequence(const LanguageModel& model, const Json& row, const std::string& where) {
        if (column(row, "input_ids")) return given_sequence(row, where);
        if (row.is_string() || column(row, "text"))
            return Sequence{document_ids(model, text_of(row, where))};
        if (!model.chat_template && column(row, "prompt") && column(row, "completion"))
            return completion(model, row, where);
        Conversation conversation;
        try {
            conversation.messages = row_messages(row, detect_format(row));
        } catch (const Error& e) {
            throw Error(where + ": " + e.what());
        }
        if (!model.chat_template)
            throw Error(
                where + " is a conversation, and " + quote(model.name) + " has no chat template",
                "a model with chat_template.jinja",
                "or rows {prompt, completion}, which need none");
        conversation.tools = tools_of(row, where);
        conversation.variables = variables_;
        Told told = tell_conversation(model, conversation, assistant_only_, where);
        prefix_ |= told.by == AssistantMarks::prefix;
        endless_ += !told.ends;
        return std::move(told.sequence);
    }

    Sequence completion(const LanguageModel& model, const Json& row, const std::string& where) {
        const Json &prompt = row["prompt"], &answer = row["completion"];
        if (!prompt.is_string() || !answer.is_string())
            throw Error(where + ": prompt or completion is no text, and " + quote(model.name) +
                            " has no chat template",
                        "two texts");
        Sequence s{model.need_tokenizer().encode(prompt.get<std::string>())};
        const size_t asked = s.ids.size();
        for (int id : model.need_tokenizer().encode(answer.get<std::string>(), false))
            s.ids.push_back(id);
        add_end(model, s.ids);
        if (!assistant_only_) return s;
        s.loss_mask.assign(s.ids.size(), 1);
        std::fill(s.loss_mask.begin(), s.loss_mask.begin() + long(asked), uint8_t(0));
        return s;
    }

    bool assistant_only_ = true, prefix_ = false;
    size_t endless_ = 0;
    Json variables_;
};

std::unique_ptr<Objective> make() { return std::make_unique<Sft>(); }

const OptionTable& options() {
    static const OptionTable rows = {
        {"max_length", "integer", "1024",
         "tokens in one sequence, at most the model's positions; longer rows lose their end"},
        {"packing", "boolean", "false", "several rows in one sequence, attention kept apart"},
        {"assistant_only", "boolean", "true",
         "the loss counts what the assistant says (or the completion); false: everything"},
        {"template", "table", "", "chat template variables, as {enable_thinking=false}"},
    };
    return rows;
}

}  // namespace

MOONLET_OBJECTIVE(sft, make, "supervised fine-tuning on conversations: loss on the answers",
                  options,
                  "t = trainers.sft{model = m, data = {{question = \"Is it late?\", answer = "
                  "\"No.\"}}, max_steps = 2}")

}  // namespace moonlet
