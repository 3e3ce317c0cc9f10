// SPDX-License-Identifier: Apache-2.0
// A file as records: lines of JSONL, rows of CSV (which may hold line ends), elements of a JSON
// array. Where a record ends is a Splitter's matter; here is the index, made only as far as rows
// are asked for: the place of every 32nd row, so that ten million rows take 5 MB. Reading on from
// one row to the next searches nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/file_window.h"

namespace moonlet {

// Told where a record begins, says where it ends. Keeps no state: it may be asked again with more.
struct Splitter {
    virtual ~Splitter() = default;
    static constexpr size_t kMore = size_t(-1);
    // Bytes of the record that `bytes` begins with, its separator included, or kMore when it does
    // not end in them; `last`: nothing follows `bytes`, which are never empty.
    virtual size_t length(std::string_view bytes, bool last) const = 0;
    // No row at all: a blank line.
    virtual bool blank(std::string_view record) const;
    // The separator taken off.
    virtual std::string_view trimmed(std::string_view record) const;
};

// Lines that end in \n or \r\n.
struct LineSplitter : Splitter {
    size_t length(std::string_view bytes, bool last) const override;
};

class RecordFile : public Dataset {
  public:
    // What one record says. Error: it is broken; the message says why, not where.
    using Parse = std::function<Json(std::string_view record)>;
    // Records from byte `begin` (line `line`) on, up to byte `end`. `skip`: broken ones are no
    // rows.
    RecordFile(std::shared_ptr<const OpenFile> file, std::shared_ptr<const Splitter> splitter,
               Parse parse, bool skip, uint64_t begin, size_t line, uint64_t end);

    size_t size() override;
    std::optional<size_t> known_size() override;
    double estimated_size() override;
    bool has(size_t i) override;
    Json row(size_t i) override;
    std::string where(size_t i) override;
    uint64_t text_bytes() override { return end_ - begin_; }
    size_t memory_bytes() override;
    size_t skipped() override;

    // Row i's own text, invalid UTF-8 replaced.
    std::string text(size_t i);
    // The byte and the line behind row i.
    std::pair<uint64_t, size_t> behind(size_t i);
    void set_columns(std::vector<Column> columns) { known_columns_ = std::move(columns); }

  private:
    std::vector<Column> find_columns() override;
    struct Place {
        uint64_t offset;
        size_t line;  // 1-based
    };
    struct Record {
        std::string_view bytes;  // in the window that was used
        Place next;
    };
    Record read(FileWindow& window, Place at);
    bool is_row(std::string_view record) const;
    bool advance();  // finds one more row; false at the end
    Record find(size_t i);

    std::shared_ptr<const OpenFile> file_;
    std::shared_ptr<const Splitter> splitter_;
    Parse parse_;
    const bool skip_;
    const uint64_t begin_, end_;
    const size_t stride_;
    FileWindow scan_, fetch_;
    std::vector<Column> known_columns_;
    std::vector<Place> places_;  // of rows 0, stride, 2 stride, …
    Place front_;                // behind the last row found
    size_t rows_ = 0, skipped_ = 0;
    size_t near_row_ = 0;  // row whose record, or blank space before it, begins at near_
    Place near_;
};

// The line of a byte offset's file, for messages: "reviews.jsonl:17".
std::string at_line(const std::string& path, size_t line);

}  // namespace moonlet
