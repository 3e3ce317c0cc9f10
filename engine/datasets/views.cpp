// SPDX-License-Identifier: Apache-2.0
// Datasets that look through to others: rows by number, and one after the other.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/random.h"
#include "datasets/dataset.h"

namespace moonlet {

namespace {

// Rows of `base` by number: an explicit order, or `count` from `first` on.
class Selection : public Dataset {
  public:
    Selection(DatasetPtr base, std::vector<uint32_t> order)
        : base_(std::move(base)), order_(std::move(order)) {
        inherit();
    }
    Selection(DatasetPtr base, size_t first, size_t count)
        : base_(std::move(base)), first_(first), count_(count), range_(true) {
        inherit();
    }

    size_t size() override {
        if (!range_) return order_.size();
        if (count_ > 0 && base_->has(first_ + count_ - 1)) return count_;
        size_t all = base_->size();
        return count_ = all > first_ ? all - first_ : 0;
    }
    std::optional<size_t> known_size() override {
        if (!range_) return order_.size();
        auto all = base_->known_size();
        if (!all && count_ > 0 && count_ <= kHead && base_->has(first_ + count_ - 1)) return count_;
        if (!all) return {};
        return std::min(count_, *all > first_ ? *all - first_ : 0);
    }
    double estimated_size() override {
        if (auto known = known_size()) return double(*known);
        return std::min(double(count_), std::max(0.0, base_->estimated_size() - double(first_)));
    }
    bool has(size_t i) override {
        return range_ ? i < count_ && base_->has(first_ + i) : i < order_.size();
    }
    Json row(size_t i) override { return base_->row(place(i)); }
    std::string where(size_t i) override { return base_->where(place(i)); }
    uint64_t text_bytes() override {
        double all = base_->estimated_size(), here = estimated_size();
        return all > 0 ? uint64_t(double(base_->text_bytes()) * std::min(1.0, here / all)) : 0;
    }
    size_t memory_bytes() override { return order_.capacity() * sizeof(uint32_t); }
    size_t skipped() override { return base_->skipped(); }

  private:
    void inherit() {
        name = base_->name;
        seed = base_->seed;
    }
    size_t place(size_t i) {
        if (!has(i)) throw Error("row " + std::to_string(i + 1) + " of " + std::to_string(size()));
        return range_ ? first_ + i : order_[i];
    }
    std::vector<Column> find_columns() override { return base_->columns(); }
    const std::vector<Column>* known_columns() override { return base_->known_columns(); }
    std::string find_format() override { return base_->format(); }

    DatasetPtr base_;
    std::vector<uint32_t> order_;
    size_t first_ = 0, count_ = 0;
    bool range_ = false;
};

class Concatenation : public Dataset {
  public:
    explicit Concatenation(std::vector<DatasetPtr> parts) : parts_(std::move(parts)) {
        name = parts_[0]->name;
    }

    size_t size() override {
        return std::accumulate(parts_.begin(), parts_.end(), size_t(0),
                               [](size_t n, const DatasetPtr& p) { return n + p->size(); });
    }
    std::optional<size_t> known_size() override {
        size_t n = 0;
        for (const DatasetPtr& p : parts_) {
            auto known = p->known_size();
            if (!known) return {};
            n += *known;
        }
        return n;
    }
    double estimated_size() override {
        double n = 0;
        for (const DatasetPtr& p : parts_) n += p->estimated_size();
        return n;
    }
    bool has(size_t i) override { return find(i) != nullptr; }
    Json row(size_t i) override { return checked(i).row(i); }
    std::string where(size_t i) override { return checked(i).where(i); }
    uint64_t text_bytes() override {
        uint64_t n = 0;
        for (const DatasetPtr& p : parts_) n += p->text_bytes();
        return n;
    }
    size_t memory_bytes() override {
        size_t n = 0;
        for (const DatasetPtr& p : parts_) n += p->memory_bytes();
        return n;
    }
    size_t skipped() override {
        size_t n = 0;
        for (const DatasetPtr& p : parts_) n += p->skipped();
        return n;
    }

  private:
    std::string find_format() override { return parts_[0]->format(); }
    // The part row i is in, and i made its number there. Sizes are kept: begins_[p] is part p's
    // first row, as far as was looked.
    Dataset* find(size_t& i) {
        auto next = std::upper_bound(begins_.begin(), begins_.end(), i);
        size_t part = size_t(next - begins_.begin()) - 1;
        while (part < parts_.size() && !parts_[part]->has(i - begins_[part])) {
            if (++part == begins_.size())
                begins_.push_back(begins_[part - 1] + parts_[part - 1]->size());
        }
        if (part >= parts_.size()) return nullptr;
        i -= begins_[part];
        return parts_[part].get();
    }
    Dataset& checked(size_t& i) {
        const size_t asked = i;
        if (Dataset* part = find(i)) return *part;
        throw Error("row " + std::to_string(asked + 1) + " of " + std::to_string(size()));
    }

    std::vector<DatasetPtr> parts_;
    std::vector<size_t> begins_ = {0};
};

// Row numbers are kept in 32 bits.
void check_count(size_t n) {
    if (n > UINT32_MAX) throw Error(std::to_string(n) + " rows", "fewer than 4,294,967,296");
}

std::vector<uint32_t> drawn_order(size_t n, uint64_t seed) {
    check_count(n);
    Random random(seed);
    std::vector<uint32_t> order(n);
    std::iota(order.begin(), order.end(), 0u);
    for (size_t i = n; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    return order;
}

}  // namespace

DatasetPtr select_rows(DatasetPtr base, std::vector<uint32_t> order) {
    return std::make_shared<Selection>(std::move(base), std::move(order));
}

DatasetPtr take(DatasetPtr base, size_t first, size_t count) {
    return std::make_shared<Selection>(std::move(base), first, count);
}

DatasetPtr concat(const std::vector<DatasetPtr>& parts) {
    if (parts.empty()) throw Error("no datasets", "at least one");
    return std::make_shared<Concatenation>(parts);
}

DatasetPtr shuffle(DatasetPtr base, std::optional<uint64_t> seed) {
    const uint64_t drawn = seed ? *seed : draw_seed();
    DatasetPtr result = select_rows(base, drawn_order(base->size(), drawn));
    result->seed = drawn;
    return result;
}

std::vector<DatasetPtr> split(DatasetPtr base, const std::vector<double>& shares,
                              std::optional<uint64_t> seed, bool shuffled) {
    double sum = 0;
    for (double share : shares) {
        if (!(share >= 0)) throw Error("a part of " + std::to_string(share), "0 to 1");
        sum += share;
    }
    if (sum > 1 + 1e-9)
        throw Error("parts that add up to " + Json(sum).dump(), "at most 1",
                    "shares, as {train = 0.8, test = 0.2}");
    const size_t n = base->size();
    const uint64_t drawn = seed ? *seed : draw_seed();
    std::vector<uint32_t> order(n);
    if (shuffled) order = drawn_order(n, drawn);
    else std::iota(order.begin(), order.end(), 0u);
    std::vector<DatasetPtr> parts;
    double share = 0;
    size_t begin = 0;
    for (size_t p = 0; p < shares.size(); ++p) {
        share += shares[p];
        size_t end = size_t(std::llround(std::min(1.0, share) * double(n)));
        if (end <= begin && shares[p] > 0) end = begin + 1;
        // the parts that follow get a row each, too
        size_t after = size_t(std::count_if(shares.begin() + long(p) + 1, shares.end(),
                                            [](double s) { return s > 0; }));
        end = std::min(end, n > after ? n - after : 0);
        end = std::max(end, begin);
        parts.push_back(
            select_rows(base, {order.begin() + long(begin), order.begin() + long(end)}));
        if (shuffled) parts.back()->seed = drawn;
        begin = end;
    }
    return parts;
}

}  // namespace moonlet
