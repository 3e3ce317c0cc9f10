// SPDX-License-Identifier: Apache-2.0
// Continued pre-training: every token of every document counts. A row is a string, {text = …} or
// {input_ids = …}; text is encoded with the tokenizer's own special tokens and ends with the
// model's first eos token, ids are taken as they are.
#include "trainers/rows.h"

namespace moonlet {

namespace {

class Cpt : public Objective {
  public:
    std::vector<Sequence> sequences(const LanguageModel& model, const Rows& rows,
                                    const TrainerOptions&) override {
        std::vector<Sequence> result;
        for_each_row(rows.size(), [&](size_t i) {
            const std::string where = row_name("cpt", i);
            if (column(rows[i], "input_ids"))
                result.push_back({given_ids(rows[i]["input_ids"], where)});
            else result.push_back({document_ids(model, text_of(rows[i], where))});
        });
        return result;
    }
};

std::unique_ptr<Objective> make() { return std::make_unique<Cpt>(); }

}  // namespace

MOONLET_OBJECTIVE(cpt, make, "continued pre-training: the next token of plain text", nullptr,
                  "t = trainers.cpt{model = m, data = {\"one text\"}, max_steps = 2}")

}  // namespace moonlet
