// SPDX-License-Identifier: Apache-2.0
// @path engine/trainers/@name@.cpp
// The objective @name@: which rows it takes, which tokens the loss counts, the paper it follows.
#include "core/error.h"
#include "trainers/trainer.h"

namespace moonlet {

namespace {

class @Name@ : public Objective {
  public:
    std::vector<Sequence> sequences(const LanguageModel& model, const Rows& rows,
                                    const TrainerOptions&) override {
        std::vector<Sequence> result;
        for (size_t i = 0; i < rows.size(); ++i) {
            auto text = rows[i].is_object() ? rows[i].find("text") : rows[i].end();
            if (!rows[i].is_object() || text == rows[i].end() || !text->is_string())
                throw Error("trainers.@name@: row " + std::to_string(i + 1), "a column text");
            Sequence sequence;
            sequence.ids = model.need_tokenizer().encode(text->get<std::string>());
            sequence.loss_mask = {};  // empty: all tokens but the first count
            result.push_back(std::move(sequence));
        }
        return result;
    }
};

std::unique_ptr<Objective> make() { return std::make_unique<@Name@>(); }

}  // namespace

MOONLET_OBJECTIVE(@name@, make, "one line for ?trainers.@name@")

}  // namespace moonlet
