// SPDX-License-Identifier: Apache-2.0
// Continued pre-training: every token of every document counts. A row is a string, {text = …} or
// {input_ids = …}; text is encoded with the tokenizer's own special tokens and ends with the
// model's first eos token, ids are taken as they are.
#include "core/error.h"
#include "core/interrupt.h"
#include "core/progress.h"
#include "trainers/trainer.h"

namespace moonlet {

namespace {

std::vector<int> given_ids(const Json& ids, const std::string& where) {
    if (!ids.is_array())
        throw Error(where + ": input_ids is a " + ids.type_name(), "an array of token ids");
    std::vector<int> result;
    for (const Json& id : ids) {
        // Lua's numbers are doubles.
        double value = id.is_number() ? id.get<double>() : -1;
        if (value < 0 || value > 1e9 || value != double(int(value)))
            throw Error(where + ": input_ids holds " + quote(id.dump()), "integers from 0");
        result.push_back(int(value));
    }
    return result;
}

const std::string& text_of(const Json& row, const std::string& where) {
    if (row.is_string()) return row.get_ref<const std::string&>();
    if (row.is_object())
        if (auto text = row.find("text"); text != row.end() && text->is_string())
            return text->get_ref<const std::string&>();
    std::string columns;
    if (row.is_object())
        for (const auto& item : row.items()) columns += (columns.empty() ? "" : ", ") + item.key();
    throw Error(where + (row.is_object() ? " has columns " + (columns.empty() ? "none" : columns)
                                         : std::string(" is a ") + row.type_name()),
                "a column text or input_ids", "data:map can make one");
}

class Cpt : public Objective {
  public:
    std::vector<Sequence> sequences(const LanguageModel& model, const Rows& rows,
                                    const TrainerOptions&) override {
        std::vector<Sequence> result;
        for (size_t i = 0; i < rows.size(); ++i) {
            if (i % 64 == 0) {
                interrupt::check();
                report_progress({"encoding", double(i), double(rows.size()), "rows", ""});
            }
            const std::string where = "trainers.cpt: row " + std::to_string(i + 1);
            const Json& row = rows[i];
            if (row.is_object() && row.contains("input_ids")) {
                result.push_back({given_ids(row["input_ids"], where), {}});
                continue;
            }
            const std::string& text = text_of(row, where);
            Sequence s{model.need_tokenizer().encode(text), {}};
            const auto& ends = model.generation_config.eos_token_ids;
            if (!ends.empty() && (s.ids.empty() || s.ids.back() != ends[0]))
                s.ids.push_back(ends[0]);
            result.push_back(std::move(s));
        }
        report_progress({"encoding", double(rows.size()), double(rows.size()), "rows", ""});
        return result;
    }
};

std::unique_ptr<Objective> make() { return std::make_unique<Cpt>(); }

}  // namespace

MOONLET_OBJECTIVE(cpt, make, "continued pre-training: the next token of plain text")

}  // namespace moonlet
