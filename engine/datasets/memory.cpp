// SPDX-License-Identifier: Apache-2.0
// Rows in memory: one string of JSON lines and where each begins. A row is parsed when asked for
// (some microseconds), so that a million short rows take their text and 8 bytes each.
#include "core/error.h"
#include "datasets/columns.h"
#include "datasets/dataset.h"

namespace moonlet {

struct RowWriter::Store : Dataset {
    std::string text;
    std::vector<uint64_t> begins;
    ColumnCollector collector;

    size_t size() override { return begins.size(); }
    std::optional<size_t> known_size() override { return begins.size(); }
    double estimated_size() override { return double(begins.size()); }
    bool has(size_t i) override { return i < begins.size(); }
    std::string where(size_t i) override { return "row " + std::to_string(i + 1); }
    uint64_t text_bytes() override { return text.size(); }
    size_t memory_bytes() override {
        return text.capacity() + begins.capacity() * sizeof(uint64_t);
    }
    std::vector<Column> find_columns() override { return collector.columns(); }
    const std::vector<Column>* known_columns() override { return &columns(); }

    Json row(size_t i) override {
        if (!has(i))
            throw Error("row " + std::to_string(i + 1) + " of " + std::to_string(begins.size()));
        size_t end = i + 1 < begins.size() ? begins[i + 1] : text.size();
        return parse_json(std::string_view(text).substr(begins[i], end - begins[i]), where(i));
    }
};

RowWriter::RowWriter() : store_(std::make_shared<Store>()) {}
RowWriter::~RowWriter() = default;

void RowWriter::add(const Json& value) {
    Json row = as_row(value, "row " + std::to_string(store_->begins.size() + 1));
    std::string line = dump_json(row, -1);
    store_->collector.add(row);
    store_->begins.push_back(store_->text.size());
    store_->text += line;
}

DatasetPtr RowWriter::finish(const std::string& format) {
    store_->text.shrink_to_fit();
    store_->begins.shrink_to_fit();
    if (!format.empty()) store_->set_format(format);
    return store_;
}

}  // namespace moonlet
