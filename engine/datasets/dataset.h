// SPDX-License-Identifier: Apache-2.0
// A list of rows that is read on demand. A row is a JSON object; its keys keep the file's order. A
// dataset never changes: filter, map, shuffle and the others give new ones that look through to the
// one below (an array of row numbers, or a function called on access). Numbers here are 0-based.
// Small data (small()) is checked and worked on at once, so that mistakes show where they are made;
// of big data only what is asked for is read. Not for use from two threads. Knows no Lua.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/options.h"

namespace moonlet {

// type: "integer" "number" "boolean" "string" "list" "object", "null" (nothing but nulls seen),
// "mixed" (several of them; an integer among numbers is a number).
struct Column {
    std::string name, type;
};

class Dataset {
  public:
    virtual ~Dataset() = default;

    // How many rows. Where nobody knows yet the data is read to its end, once, with progress.
    virtual size_t size() = 0;
    // The size where it is known without reading, else nothing; and what it may be.
    virtual std::optional<size_t> known_size() = 0;
    virtual double estimated_size() = 0;
    // Whether there is a row i; reads no further than that needs.
    virtual bool has(size_t i) = 0;
    // Row i, an object. Error: no such row; broken (names file and line); what a callback threw.
    virtual Json row(size_t i) = 0;
    // Where row i comes from, for messages: "reviews.jsonl:17", "row 17".
    virtual std::string where(size_t i) = 0;
    // Bytes of the text behind the rows; bytes held in memory.
    virtual uint64_t text_bytes() = 0;
    virtual size_t memory_bytes() = 0;
    // Broken rows left out by on_error = "skip"; reads to the end.
    virtual size_t skipped() { return 0; }

    // All rows are in reach at no great cost: at most kSmall bytes of text.
    static constexpr uint64_t kSmall = 16 << 20;
    bool small() { return text_bytes() <= kSmall; }

    // Names in order of appearance and types: over all rows of small data, the first kHead of big.
    static constexpr size_t kHead = 1000;
    const std::vector<Column>& columns();
    // The same as far as they are known by now; null = not. Reads nothing and calls no one back.
    virtual const std::vector<Column>* known_columns() { return columns_ ? &*columns_ : nullptr; }
    // The training format (training_format.h) the rows are in, "" = none that is known.
    const std::string& format();

    std::string name;              // "reviews.jsonl", "3 files", "" = made by hand
    std::optional<uint64_t> seed;  // what shuffle or split drew or was given

    void set_format(const std::string& name) { format_ = name; }

  protected:
    virtual std::vector<Column> find_columns();
    virtual std::string find_format();
    std::optional<std::vector<Column>> columns_;
    std::optional<std::string> format_;
};

using DatasetPtr = std::shared_ptr<Dataset>;

// ---- opening and making

// Options of load_dataset as data; the readers' own among them. See load.cpp.
const OptionTable& load_options();
// Files by path or glob pattern (* ? [ab] **), each list sorted, rows one file after the other.
// Error: nothing matches a pattern, unknown kind of file, options; in small data a broken row.
DatasetPtr load_dataset(const std::vector<std::string>& patterns, const Json& options = {});

// Collects rows in memory as JSON text, some 2 to 5 times smaller than Json values.
class RowWriter {
  public:
    RowWriter();
    ~RowWriter();
    // A string counts as {"text": string}. Error: neither an object nor a string.
    void add(const Json& row);
    DatasetPtr finish(const std::string& format = "");

  private:
    struct Store;
    std::shared_ptr<Store> store_;
};

// ---- datasets from datasets

// Row i of the result is row order[i] of `base`.
DatasetPtr select_rows(DatasetPtr base, std::vector<uint32_t> order);
DatasetPtr take(DatasetPtr base, size_t first, size_t count);

// The rows for which keep(row, i) holds: of big data they are looked for when they are asked for.
using Keep = std::function<bool(const Json& row, size_t i)>;
DatasetPtr filter(DatasetPtr base, Keep keep);
// Each row as change(row, i) gives it: of big data on every access, so keep what you need with
// save(). A string counts as {"text": string}.
using Change = std::function<Json(Json row, size_t i)>;
DatasetPtr map(DatasetPtr base, Change change);
// The same with the order of keys that change gives (map keeps that of the row before).
DatasetPtr map_in_order(DatasetPtr base, Change change);

DatasetPtr concat(const std::vector<DatasetPtr>& parts);
DatasetPtr shuffle(DatasetPtr base, std::optional<uint64_t> seed);

// Parts by share (at most 1 in all) of the rows, shuffled before unless told not to; what the
// shares leave over is in no part. A part that asks for more than nothing gets at least one row.
std::vector<DatasetPtr> split(DatasetPtr base, const std::vector<double>& shares,
                              std::optional<uint64_t> seed, bool shuffled);

// Stable; keys are numbers, then strings (by bytes), then false, true; null last in both orders.
using Key = std::function<Json(const Json& row, size_t i)>;
DatasetPtr sort(DatasetPtr base, Key key, bool descending);
// The values of key(row) in order of first appearance, with the rows of each.
std::vector<std::pair<Json, DatasetPtr>> group(DatasetPtr base, Key key);

// The value of a column as a Key. Error: no such column, with the nearest name.
Key column_key(DatasetPtr base, const std::string& column);
void check_column(Dataset& data, const std::string& column);

// ---- writing

// Writes all rows, atomically, by the path's extension: jsonl, json, csv, tsv. Returns how many.
// Error: another extension, a row with a column that the CSV's header cannot have.
size_t save_dataset(Dataset& data, const std::string& path);

}  // namespace moonlet
