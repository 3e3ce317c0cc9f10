// SPDX-License-Identifier: Apache-2.0
#include "generation/batch.h"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/progress.h"
#include "generation/answer.h"
#include "generation/context.h"

namespace moonlet {

namespace {

using Clock = Answer::Clock;

struct Row {
    size_t index;
    Answer answer;
    Context context;
    at::Tensor logits;      // behind all it has read; undefined: it is reading
    int last = -1;          // written, not yet read
    size_t pages_most = 0;  // that it may come to hold
    size_t reused = 0;
    double seconds = 0;  // of reading the prompt
};

// A prompt that was read and waits for its equals to begin.
struct Read {
    Context context;
    at::Tensor logits;
    size_t waiting;
};

class Batch {
  public:
    Batch(LanguageModel& model, const std::vector<std::vector<int>>& prompts,
          const BatchOptions& options,
          const std::function<bool(size_t, const std::string&)>& on_text)
        : model_(model), prompts_(prompts), options_(options), on_text_(on_text) {
        results_.resize(prompts.size());
        for (size_t i = 0; i < prompts.size(); ++i) {
            waiting_.push_back(i);
            ++equal_[prompts[i]];
        }
    }

    std::vector<GenerationResult> run() {
        while (!waiting_.empty() || !rows_.empty()) {
            if (interrupt::requested()) {
                stop();
                break;
            }
            // One prompt after the other, so that the next finds what it has in common.
            if (Row* row = reading()) read_block(*row);
            else if (!admit()) write();
            leave();
        }
        return std::move(results_);
    }

  private:
    GenerateOptions options_of(size_t index) const {
        GenerateOptions options = options_.generate;
        if (!options_.seeds.empty()) options.seed = options_.seeds[index];
        else if (options.seed) *options.seed += index;
        return options;
    }

    void fail(size_t index, const Error& error) {
        GenerationResult& result = results_[index];
        result.prompt_ids = prompts_[index];
        result.finish_reason = "error";
        result.error = error.what();
    }

    size_t pages_most(const Answer& answer) const {
        auto tokens = int64_t(answer.window().size()) + answer.left();
        if (int64_t room = model_.network->max_positions(); room > 0)
            tokens = std::min(tokens, room);
        return size_t((tokens + kKvPage - 1) / kKvPage) + 1;  // and one to fork
    }

    // What the running rows may still take, and `more`, beside what is held and cannot be dropped.
    bool fits(size_t more) const {
        for (auto& row : rows_) {
            const size_t held = row->context.sequence().pages().size();
            more += row->pages_most - std::min(held, row->pages_most);
        }
        return model_.kv()->pool().fits(more, model_.kv()->counts().idle_bytes);
    }

    // Takes in the next prompt, if there is one and room for it.
    bool admit() {
        if (waiting_.empty() || rows_.size() >= size_t(options_.batch_size)) return false;
        const size_t index = waiting_.front();
        const std::vector<int>& prompt = prompts_[index];
        try {
            Answer::OnText on_text;
            if (on_text_)
                on_text = [this, index](const std::string& piece) {
                    return on_text_(index, piece);
                };
            Answer answer(model_, prompt, options_of(index), std::move(on_text));
            const size_t most = pages_most(answer);
            if (!rows_.empty() && !fits(most)) return false;
            auto read = read_.find(prompt);
            auto row = std::make_unique<Row>(
                Row{index,
                    std::move(answer),
                    read == read_.end() ? Context(model_) : read->second.context,
                    {},
                    -1,
                    most});
            if (read == read_.end()) {
                const auto from = Clock::now();
                row->reused = row->context.begin(row->answer.window());
                row->seconds += Answer::seconds_since(from);
            } else {
                row->logits = read->second.logits;
                row->answer.prompt_read(prompt.size(), 0);
                if (--read->second.waiting == 0) read_.erase(read);
            }
            rows_.push_back(std::move(row));
        } catch (const Error& error) {
            fail(index, error);
            ++done_;
        }
        waiting_.pop_front();
        --equal_[prompt];
        return true;
    }

    Row* reading() {
        for (auto& row : rows_)
            if (!row->logits.defined() && row->last < 0) return row.get();
        return nullptr;
    }

    void read_block(Row& row) {
        const auto from = Clock::now();
        guarded(row, [&] { row.logits = row.context.read_block(); });
        row.seconds += Answer::seconds_since(from);
        if (!row.logits.defined() || row.answer.done()) return;
        row.answer.prompt_read(row.reused, row.seconds);
        const std::vector<int>& prompt = prompts_[row.index];
        if (size_t equals = equal_[prompt]; equals > 0 && !row.answer.slid())
            read_.emplace(prompt, Read{row.context, row.logits, equals});
    }

    // What goes wrong with one row ends that row.
    template <typename F>
    void guarded(Row& row, const F& f) {
        try {
            f();
        } catch (const Error& error) {
            row.answer.result().error = error.what();
            row.answer.end("error");
        }
    }

    // Every row draws its next token; then all of these are read.
    void write() {
        std::vector<Row*> together;
        for (auto& row : rows_) {
            if (interrupt::requested()) return;
            if (row->last < 0) guarded(*row, [&] { row->last = row->answer.take(row->logits); });
            if (row->answer.done()) continue;
            if (!row->answer.slid() && !options_.invariant && row->context.extends(1)) {
                // A page that is not to be had ends this row, not the call for all.
                guarded(*row, [&] { row->context.sequence().reserve(1); });
                if (!row->answer.done()) together.push_back(row.get());
                continue;
            }
            guarded(*row, [&] {
                row->logits = row->answer.slid() ? row->context.read(row->answer.window())
                                                 : row->context.step(row->last);
            });
            if (!row->logits.defined() && !row->answer.done()) return;  // interrupted
            row->last = -1;
        }
        if (together.size() == 1) {
            together[0]->logits = together[0]->context.step(together[0]->last);
            together[0]->last = -1;
        } else if (!together.empty()) {
            step(together);
        }
    }

    void step(const std::vector<Row*>& rows) {
        std::vector<Context*> contexts;
        std::vector<int> ids;
        for (Row* row : rows) {
            contexts.push_back(&row->context);
            ids.push_back(row->last);
        }
        at::Tensor logits = Context::step_all(contexts, ids).cpu();
        for (size_t i = 0; i < rows.size(); ++i) {
            rows[i]->logits = logits[int64_t(i)];
            rows[i]->last = -1;
        }
    }

    // Rows that are done give their place to others.
    void leave() {
        auto done = std::stable_partition(rows_.begin(), rows_.end(),
                                          [](auto& row) { return !row->answer.done(); });
        for (auto row = done; row != rows_.end(); ++row) {
            tokens_ += (*row)->answer.result().tokens.size();
            results_[(*row)->index] = (*row)->answer.finish();
            ++done_;
        }
        rows_.erase(done, rows_.end());
        size_t tokens = tokens_;
        for (auto& row : rows_) tokens += row->answer.result().tokens.size();
        const double seconds = Answer::seconds_since(begin_);
        char detail[48];
        std::snprintf(detail, sizeof detail, "%.0f tok/s",
                      seconds > 0 ? double(tokens) / seconds : 0);
        report_progress({"generating", double(done_), double(prompts_.size()), "texts", detail});
    }

    void stop() {
        interrupt::deliver();
        for (auto& row : rows_) {
            row->answer.end("interrupt");
            results_[row->index] = row->answer.finish();
        }
        for (size_t index : waiting_) {
            results_[index].prompt_ids = prompts_[index];
            results_[index].finish_reason = "interrupt";
        }
    }

    LanguageModel& model_;
    const std::vector<std::vector<int>>& prompts_;
    const BatchOptions& options_;
    const std::function<bool(size_t, const std::string&)>& on_text_;
    std::vector<GenerationResult> results_;
    std::deque<size_t> waiting_;
    std::vector<std::unique_ptr<Row>> rows_;
    std::map<std::vector<int>, size_t> equal_;  // of the waiting prompts, how many are so
    std::map<std::vector<int>, Read> read_;
    size_t done_ = 0, tokens_ = 0;
    Clock::time_point begin_ = Clock::now();
};

}  // namespace

std::vector<GenerationResult> generate_batch(
    LanguageModel& model, const std::vector<std::vector<int>>& prompts, const BatchOptions& given,
    const std::function<bool(size_t, const std::string&)>& on_text) {
    interrupt::check_entry();
    if (given.batch_size < 1)
        throw Error("batch_size " + std::to_string(given.batch_size), "at least 1");
    if (!given.seeds.empty() && given.seeds.size() != prompts.size())
        throw Error(std::to_string(given.seeds.size()) + " seeds",
                    "one for each of " + std::to_string(prompts.size()) + " prompts");
    model.kv();  // an encoder writes nothing
    BatchOptions options = given;
    if (!options.generate.seed && options.generate.temperature > 0)
        options.generate.seed = draw_seed();
    return Batch(model, prompts, options, on_text).run();
}

}  // namespace moonlet
