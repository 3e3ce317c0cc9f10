// SPDX-License-Identifier: Apache-2.0
// filter and map. Small data is gone through at once: mistakes in the callback show at the call,
// and it runs once a row. Of big data rows are looked for, and made, when they are asked for: a
// filter remembers the numbers of the rows it kept (4 bytes each) and how far it has looked, a map
// keeps nothing.
#include <algorithm>

#include "core/error.h"
#include "datasets/at_row.h"
#include "datasets/columns.h"
#include "datasets/dataset.h"
#include "datasets/ticker.h"

namespace moonlet {

namespace {

class Filtered : public Dataset {
  public:
    Filtered(DatasetPtr base, Keep keep) : base_(std::move(base)), keep_(std::move(keep)) {
        name = base_->name;
        seed = base_->seed;
    }

    size_t size() override {
        has(UINT32_MAX);
        return kept_.size();
    }
    std::optional<size_t> known_size() override {
        if (done_) return kept_.size();
        return {};
    }
    double estimated_size() override {
        if (done_) return double(kept_.size());
        return looked_ == 0 ? base_->estimated_size()
                            : base_->estimated_size() * double(kept_.size()) / double(looked_);
    }
    bool has(size_t i) override {
        if (done_ || i < kept_.size()) return i < kept_.size();
        Ticker ticker("filter", "rows");
        while (!done_ && kept_.size() <= i) {
            if (!base_->has(looked_)) {
                done_ = true;
                keep_ = nullptr;  // and what it held on to
                break;
            }
            if (looked_ == UINT32_MAX) throw Error("over 4,294,967,295 rows", "fewer");
            ticker.turn(double(looked_), [&] { return base_->estimated_size(); });
            Json row = base_->row(looked_);
            if (at_row(*base_, looked_, [&] { return keep_(row, looked_); }))
                kept_.push_back(uint32_t(looked_));
            ++looked_;
        }
        return i < kept_.size();
    }
    Json row(size_t i) override { return base_->row(place(i)); }
    std::string where(size_t i) override { return base_->where(place(i)); }
    uint64_t text_bytes() override { return base_->text_bytes(); }
    size_t memory_bytes() override { return kept_.capacity() * sizeof(uint32_t); }
    size_t skipped() override { return base_->skipped(); }

    const std::vector<Column>* known_columns() override { return base_->known_columns(); }

  private:
    std::vector<Column> find_columns() override { return base_->columns(); }
    std::string find_format() override { return base_->format(); }
    size_t place(size_t i) {
        if (!has(i)) throw Error("row " + std::to_string(i + 1) + " of " + std::to_string(size()));
        return kept_[i];
    }

    DatasetPtr base_;
    Keep keep_;
    std::vector<uint32_t> kept_;
    size_t looked_ = 0;
    bool done_ = false;
};

// A row made of a callback's result: names that the row had before come first and in its order,
// since a table of the caller's own has none.
Json ordered_like(Json value, const Json& before) {
    Json result = Json::object();
    for (auto& entry : before.items())
        if (auto it = value.find(entry.key()); it != value.end())
            result[entry.key()] = std::move(*it);
    for (auto& [key, item] : value.items())
        if (!before.contains(key)) result[key] = std::move(item);
    return result;
}

Json changed(Dataset& base, const Change& change, size_t i, bool as_before) {
    Json before = base.row(i);
    return at_row(base, i, [&] {
        Json value = change(before, i);
        if (value.is_null())
            throw Error("the function returned nothing", "a row, as {text = …}, or a string");
        value = as_row(std::move(value), "what the function returned");
        return as_before ? ordered_like(std::move(value), before) : value;
    });
}

class Mapped : public Dataset {
  public:
    Mapped(DatasetPtr base, Change change, bool as_before)
        : base_(std::move(base)), change_(std::move(change)), as_before_(as_before) {
        name = base_->name;
        seed = base_->seed;
    }

    size_t size() override { return base_->size(); }
    std::optional<size_t> known_size() override { return base_->known_size(); }
    double estimated_size() override { return base_->estimated_size(); }
    bool has(size_t i) override { return base_->has(i); }
    Json row(size_t i) override { return changed(*base_, change_, i, as_before_); }
    std::string where(size_t i) override { return base_->where(i); }
    uint64_t text_bytes() override { return base_->text_bytes(); }
    size_t memory_bytes() override { return 0; }
    size_t skipped() override { return base_->skipped(); }

  private:
    DatasetPtr base_;
    Change change_;
    bool as_before_;
};

}  // namespace

DatasetPtr filter(DatasetPtr base, Keep keep) {
    const bool now = base->small();
    auto result = std::make_shared<Filtered>(std::move(base), std::move(keep));
    if (now) result->size();
    return result;
}

namespace {

DatasetPtr mapped(DatasetPtr base, Change change, bool as_before) {
    if (!base->small())
        return std::make_shared<Mapped>(std::move(base), std::move(change), as_before);
    RowWriter writer;
    Ticker ticker("map", "rows");
    for (size_t i = 0; base->has(i); ++i) {
        ticker.turn(double(i), [&] { return base->estimated_size(); });
        writer.add(changed(*base, change, i, as_before));
    }
    DatasetPtr result = writer.finish();
    result->name = base->name;
    result->seed = base->seed;
    return result;
}

}  // namespace

DatasetPtr map(DatasetPtr base, Change change) {
    return mapped(std::move(base), std::move(change), true);
}

DatasetPtr map_in_order(DatasetPtr base, Change change) {
    return mapped(std::move(base), std::move(change), false);
}

}  // namespace moonlet
