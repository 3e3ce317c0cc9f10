// SPDX-License-Identifier: Apache-2.0
// Writing: rows go to the file one by one, under a temporary name until all are there.
#include <cctype>
#include <filesystem>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "datasets/csv.h"
#include "datasets/dataset.h"
#include "datasets/ticker.h"

namespace moonlet {

namespace {

using Append = std::function<void(const std::string& text)>;

template <class Use>
size_t each_row(Dataset& data, Use use) {
    size_t i = 0;
    Ticker ticker("saving", "rows");
    for (; data.has(i); ++i) {
        ticker.turn(double(i), [&] { return data.estimated_size(); });
        use(data.row(i), i);
    }
    return i;
}

size_t write_lines(Dataset& data, const Append& append) {
    return each_row(data, [&](const Json& row, size_t) { append(dump_json(row, -1) + "\n"); });
}

size_t write_list(Dataset& data, const Append& append) {
    append("[");
    size_t count = each_row(data, [&](const Json& row, size_t i) {
        append((i == 0 ? "\n" : ",\n") + dump_json(row, -1));
    });
    append(count == 0 ? "]\n" : "\n]\n");
    return count;
}

// A null is an empty cell, an empty string a quoted one; lists and objects are JSON text.
std::string cells_of(const Json& row, const std::vector<Column>& columns, CsvDialect dialect) {
    std::string line;
    for (const Column& column : columns) {
        if (&column != &columns[0]) line += dialect.delimiter;
        auto it = row.find(column.name);
        if (it == row.end() || it->is_null()) continue;
        append_csv_cell(line, it->is_string() ? it->get<std::string>() : dump_json(*it, -1),
                        dialect);
    }
    // a row of one null would be a blank line, which is no row
    return (line.empty() ? "\"\"" : line) + "\n";
}

size_t write_cells(Dataset& data, const Append& append, char delimiter) {
    const CsvDialect dialect{delimiter, '"'};
    const std::vector<Column>& columns = data.columns();
    std::set<std::string> known;
    std::string header;
    for (const Column& column : columns) {
        if (!known.empty()) header += delimiter;
        known.insert(column.name);
        append_csv_cell(header, column.name, dialect);
    }
    append(header + "\n");
    return each_row(data, [&](const Json& row, size_t i) {
        for (auto& entry : row.items())
            if (!known.count(entry.key()))
                throw Error(data.where(i) + " has a column " + quote(entry.key()) +
                                " that the rows at the head have not",
                            "", "save as .jsonl, or map the rows to the same columns");
        append(cells_of(row, columns, dialect));
    });
}

}  // namespace

size_t save_dataset(Dataset& data, const std::string& path) {
    std::string extension = std::filesystem::path(path).extension().string();
    for (char& c : extension) c = char(std::tolower(static_cast<unsigned char>(c)));
    if (extension != ".jsonl" && extension != ".json" && extension != ".csv" && extension != ".tsv")
        throw Error("cannot save a dataset as " + quote(path, 200), ".jsonl, .json, .csv or .tsv");
    size_t count = 0;
    write_file(path, [&](const std::function<void(const void*, size_t)>& write) {
        std::string block;
        Append append = [&](const std::string& text) {
            block += text;
            if (block.size() < (1 << 16)) return;
            write(block.data(), block.size());
            block.clear();
        };
        count = extension == ".jsonl" ? write_lines(data, append)
                : extension == ".json"
                    ? write_list(data, append)
                    : write_cells(data, append, extension == ".csv" ? ',' : '\t');
        write(block.data(), block.size());
    });
    return count;
}

}  // namespace moonlet
