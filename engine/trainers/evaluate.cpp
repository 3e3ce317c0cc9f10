// SPDX-License-Identifier: Apache-2.0
#include "trainers/evaluate.h"

#include "core/error.h"
#include "core/interrupt.h"
#include "core/progress.h"

namespace moonlet {

HeldOut hold_out(Objective& objective, const LanguageModel& model, const Rows& rows,
                 const TrainerOptions& options) {
    if (rows.empty()) throw Error("no rows to evaluate on", "at least one");
    HeldOut data;
    data.sequences = objective.sequences(model, rows, options);
    check_sequences(data.sequences, model.network->vocab_size());
    data.rows = make_rows(data.sequences, options.max_length, options.packing, objective.layout());
    return data;
}

Score evaluate_rows(Objective& objective, LanguageModel& model, const HeldOut& data,
                    const TrainerOptions& options) {
    Score total;
    const size_t count = data.rows.size(), step = size_t(options.batch_size);
    for (size_t begin = 0; begin < count; begin += step) {
        interrupt::check();
        report_progress({"evaluating", double(begin), double(count), "rows", ""});
        std::vector<size_t> which;
        for (size_t i = begin; i < std::min(count, begin + step); ++i) which.push_back(i);
        const MicroBatch batch = collate(data.sequences, data.rows, which, objective.layout());
        const Score score = objective.score(model, batch);
        total.loss += score.loss;
        total.counted += score.counted;
        total.correct += score.correct;
    }
    report_progress({"evaluating", double(count), double(count), "rows", ""});
    return total;
}

}  // namespace moonlet
