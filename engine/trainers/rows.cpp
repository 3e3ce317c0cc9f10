// SPDX-License-Identifier: Apache-2.0
#include "trainers/rows.h"

#include "core/error.h"
#include "core/interrupt.h"
#include "core/progress.h"
#include "ops/cross_entropy.h"

namespace moonlet {

std::string row_name(const char* objective, size_t index) {
    return "trainers." + std::string(objective) + ": row " + std::to_string(index + 1);
}

std::string row_shape(const Json& row) {
    if (!row.is_object()) return std::string("is a ") + row.type_name();
    std::string columns;
    for (const auto& item : row.items()) columns += (columns.empty() ? "" : ", ") + item.key();
    return "has columns " + (columns.empty() ? "none" : columns);
}

const Json* column(const Json& row, const char* name) {
    if (!row.is_object()) return nullptr;
    auto found = row.find(name);
    return found == row.end() || found->is_null() ? nullptr : &*found;
}

namespace {

// Lua's numbers are doubles.
std::vector<int> integers(const Json& list, int lowest, const std::string& where,
                          const char* name) {
    const std::string wanted = "integers from " + std::to_string(lowest);
    if (!list.is_array())
        throw Error(where + ": " + name + " is a " + list.type_name(), "an array of " + wanted);
    std::vector<int> result;
    for (const Json& item : list) {
        const double value = item.is_number() ? item.get<double>() : double(lowest) - 1;
        if (value < lowest || value > 1e9 || value != double(int(value)))
            throw Error(where + ": " + name + " holds " + quote(item.dump()), wanted);
        result.push_back(int(value));
    }
    return result;
}

}  // namespace

std::vector<int> given_ids(const Json& ids, const std::string& where) {
    return integers(ids, 0, where, "input_ids");
}

const std::string& text_of(const Json& row, const std::string& where) {
    if (row.is_string()) return row.get_ref<const std::string&>();
    if (const Json* text = column(row, "text"); text && text->is_string())
        return text->get_ref<const std::string&>();
    throw Error(where + " " + row_shape(row), "a column text or input_ids",
                "data:map can make one");
}

void add_end(const LanguageModel& model, std::vector<int>& ids) {
    const auto& ends = model.generation_config.eos_token_ids;
    if (!ends.empty() && (ids.empty() || ids.back() != ends[0])) ids.push_back(ends[0]);
}

std::vector<int> document_ids(const LanguageModel& model, const std::string& text) {
    std::vector<int> ids = model.need_tokenizer().encode(text);
    add_end(model, ids);
    return ids;
}

Sequence given_sequence(const Json& row, const std::string& where) {
    Sequence s{given_ids(row["input_ids"], where)};
    for (const char* name : {"labels", "assistant_masks", "completion_mask", "loss_mask"}) {
        const Json* given = column(row, name);
        if (!given) continue;
        const bool labels = std::string(name) == "labels";
        std::vector<int> values = integers(*given, labels ? int(ops::kIgnore) : 0, where, name);
        if (values.size() != s.ids.size())
            throw Error(where + ": " + name + " of " + std::to_string(values.size()) +
                            " values for " + std::to_string(s.ids.size()) + " input_ids",
                        "one for each");
        for (size_t i = 0; i < values.size(); ++i) {
            const bool on = labels ? values[i] == s.ids[i] : values[i] == 1;
            if (!on && values[i] != (labels ? int(ops::kIgnore) : 0))
                throw Error(where + ": " + name + " has " + std::to_string(values[i]) +
                                " at position " + std::to_string(i + 1),
                            labels ? "the id there, " + std::to_string(s.ids[i]) + ", or -100"
                                   : std::string("0 or 1"));
            s.loss_mask.push_back(on);
        }
        break;
    }
    return s;
}

void for_each_row(size_t rows, const std::function<void(size_t)>& make) {
    for (size_t i = 0; i < rows; ++i) {
        if (i % 64 == 0) {
            interrupt::check();
            report_progress({"encoding", double(i), double(rows), "rows", ""});
        }
        make(i);
    }
    report_progress({"encoding", double(rows), double(rows), "rows", ""});
}

}  // namespace moonlet
