// SPDX-License-Identifier: Apache-2.0
// Comma and tab separated values after RFC 4180: a cell in quotes may hold separators, line ends
// and doubled quotes; \n and \r\n end a row. What the RFC leaves open is as in Python's csv: a
// quote inside an unquoted cell is a character like others, and what follows a closing quote is
// added to the cell. Types are found by looking at cells: at all of small files, at the first
// 10,000 rows of others. An empty cell is null, a quoted empty one the empty string.
#include "datasets/csv.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "core/error.h"
#include "core/interrupt.h"
#include "datasets/cell_types.h"
#include "datasets/reader.h"
#include "datasets/records.h"

namespace moonlet {

namespace {

constexpr size_t kSample = 10000;

struct CsvSplitter : Splitter {
    CsvDialect dialect;
    explicit CsvSplitter(CsvDialect d) : dialect(d) {}

    // A line of tabs is a row of empty cells.
    bool blank(std::string_view record) const override { return trimmed(record).empty(); }

    size_t length(std::string_view bytes, bool last) const override {
        size_t line = bytes.find('\n');
        if (line == std::string_view::npos && !last) return kMore;
        std::string_view first = bytes.substr(0, line);
        if (!dialect.quote || first.find(dialect.quote) == std::string_view::npos)
            return line == std::string_view::npos ? bytes.size() : line + 1;
        CsvCursor cursor(dialect);
        for (size_t i = 0; i < bytes.size(); ++i)
            if (!cursor.put(bytes[i]) && bytes[i] == '\n') return i + 1;
        return last ? bytes.size() : kMore;
    }
};

// What the cells of a file mean: names, types, which are wanted.
struct Schema {
    CsvDialect dialect;
    std::vector<std::string> names;  // one a cell
    std::vector<std::string> types;  // one a cell; "" while the file is being sampled
    std::vector<size_t> wanted;      // which cells make the row, in its order
    std::vector<std::string> null;

    bool is_null(const CsvCell& cell) const {
        if (cell.text.empty() && !cell.quoted) return true;
        return std::find(null.begin(), null.end(), cell.text) != null.end();
    }

    std::vector<CsvCell> cells(std::string_view record) const {
        std::vector<CsvCell> result = parse_csv(record, dialect);
        if (result.size() == names.size()) return result;
        std::string all;
        for (size_t i = 0; i < names.size() && i < 8; ++i) all += (i ? ", " : "") + names[i];
        throw Error(std::to_string(result.size()) + " cells",
                    std::to_string(names.size()) + " (" + all + (names.size() > 8 ? ", …)" : ")"));
    }

    Json row(std::string_view record) const {
        std::vector<CsvCell> found = cells(record);
        Json result = Json::object();
        auto& entries = result.get_ref<Json::object_t&>();
        for (size_t i : wanted) {
            CsvCell& cell = found[i];
            Json value;
            if (!is_null(cell) && !read_cell(cell.text, types[i], value))
                throw Error("column " + quote(names[i]) + " holds " + quote(cell.text, 40),
                            types[i],
                            "columns = {[" + quote(names[i]) + "] = \"string\"} takes any");
            entries.emplace_back(names[i], std::move(value));
        }
        return result;
    }
};

// Names that can be keys: none empty, none twice.
std::vector<std::string> usable_names(std::vector<std::string> names) {
    std::set<std::string> used;
    for (size_t i = 0; i < names.size(); ++i) {
        if (names[i].empty()) names[i] = "column" + std::to_string(i + 1);
        std::string name = names[i];
        for (int n = 2; !used.insert(name).second; ++n) name = names[i] + "_" + std::to_string(n);
        names[i] = name;
    }
    return names;
}

size_t place_of(const std::vector<std::string>& names, const std::string& name) {
    auto at = std::find(names.begin(), names.end(), name);
    if (at != names.end()) return size_t(at - names.begin());
    std::string all, near = nearest_name(name, names);
    for (const std::string& n : names) all += (all.empty() ? "" : ", ") + n;
    throw Error("no column " + quote(name), "one of: " + all,
                near.empty() ? "" : "did you mean " + quote(near) + "?");
}

// Option `columns`: with a header the wanted ones, without one their names; or types by name.
std::map<std::string, std::string> apply_columns(Schema& schema, const LoadOptions& options) {
    std::map<std::string, std::string> types;
    for (size_t i = 0; i < schema.names.size(); ++i) schema.wanted.push_back(i);
    if (options.columns.is_array()) {
        std::vector<std::string> names;
        for (const Json& name : options.columns) {
            if (!name.is_string()) throw Error("columns hold " + dump_json(name, -1), "names");
            names.push_back(name.get<std::string>());
        }
        if (!options.header) {
            if (names.size() != schema.names.size())
                throw Error(std::to_string(names.size()) + " names in columns",
                            std::to_string(schema.names.size()) + ", one for each cell of a row");
            schema.names = usable_names(names);
        } else {
            schema.wanted.clear();
            for (const std::string& name : names)
                schema.wanted.push_back(place_of(schema.names, name));
        }
    } else if (options.columns.is_object()) {
        for (auto& [name, type] : options.columns.items()) {
            place_of(schema.names, name);
            const std::string given = type.is_string() ? type.get<std::string>() : "";
            if (given != "string" && given != "integer" && given != "number" && given != "boolean")
                throw Error("columns." + name + " = " + dump_json(type, -1),
                            "\"string\", \"integer\", \"number\" or \"boolean\"");
            types[name] = given;
        }
    }
    return types;
}

// Text rows of the same file, for looking at cells before their types are known.
std::shared_ptr<RecordFile> raw_rows(std::shared_ptr<const OpenFile> file,
                                     const CsvDialect& dialect, uint64_t begin, size_t line) {
    auto parse = [](std::string_view record) { return Json(std::string(record)); };
    return std::make_shared<RecordFile>(file, std::make_shared<CsvSplitter>(dialect), parse, false,
                                        begin, line, file->size());
}

void find_types(Schema& schema, RecordFile& raw, const std::map<std::string, std::string>& forced) {
    std::vector<CellTypes> seen(schema.names.size());
    const bool all = raw.small();
    for (size_t i = 0; (all || i < kSample) && raw.has(i); ++i) {
        if (i % 256 == 0) interrupt::check();
        std::vector<CsvCell> cells;
        if (!try_parse_csv(raw.text(i), schema.dialect, cells) || cells.size() != seen.size())
            continue;  // told, or left out, when the row is read
        for (size_t c = 0; c < cells.size(); ++c)
            if (!schema.is_null(cells[c])) seen[c].add(cells[c].text);
    }
    for (size_t c = 0; c < seen.size(); ++c) {
        auto given = forced.find(schema.names[c]);
        schema.types.push_back(given == forced.end() ? seen[c].type() : given->second);
    }
}

char one_character(const std::string& text, const char* what) {
    if (text.size() != 1 || text == "\n" || text == "\r")
        throw Error(std::string(what) + " = " + quote(text), "one character");
    return text[0];
}

CsvDialect dialect_of(std::string_view head, const LoadOptions& options, char delimiter) {
    CsvDialect dialect{delimiter, '"'};
    if (!options.delimiter.empty())
        dialect.delimiter = one_character(options.delimiter, "delimiter");
    else if (delimiter == ',') dialect.delimiter = likely_delimiter(head);
    if (options.quote.empty()) dialect.quote = 0;
    else if (options.quote != "?") dialect.quote = one_character(options.quote, "quote");
    else if (delimiter == '\t' && !quotes_cells(head, dialect)) dialect.quote = 0;
    return dialect;
}

// Names the columns by the first row and moves behind it, or by number.
void read_header(Schema& schema, std::shared_ptr<const OpenFile> file, const LoadOptions& options,
                 uint64_t& begin, size_t& line) {
    auto raw = raw_rows(file, schema.dialect, begin, line);
    if (!raw->has(0)) return;
    std::vector<std::string> names;
    for (CsvCell& cell : parse_csv(raw->text(0), schema.dialect))
        names.push_back(options.header ? std::move(cell.text) : "");
    schema.names = usable_names(names);
    if (options.header) std::tie(begin, line) = raw->behind(0);
}

}  // namespace

DatasetPtr open_separated(const std::string& path, const LoadOptions& options, char delimiter) {
    auto file = std::make_shared<OpenFile>(path);
    FileWindow head(file);
    std::string_view text = head.at(0, 1 << 20);
    uint64_t begin = text_begin(path, text);
    auto schema = std::make_shared<Schema>();
    schema->dialect = dialect_of(text.substr(size_t(begin)), options, delimiter);
    schema->null = options.null;
    size_t line = 1;
    try {
        read_header(*schema, file, options, begin, line);
        auto forced = apply_columns(*schema, options);
        find_types(*schema, *raw_rows(file, schema->dialect, begin, line), forced);
    } catch (const Error& e) {
        throw Error(path + ": " + e.what());
    }
    auto parse = [schema](std::string_view record) { return schema->row(record); };
    auto data = std::make_shared<RecordFile>(file, std::make_shared<CsvSplitter>(schema->dialect),
                                             parse, options.skip, begin, line, file->size());
    std::vector<Column> columns;
    for (size_t i : schema->wanted) columns.push_back({schema->names[i], schema->types[i]});
    data->set_columns(columns);
    return data;
}

namespace {

DatasetPtr open_csv(const std::string& path, const LoadOptions& options) {
    return open_separated(path, options, ',');
}

MOONLET_READER(csv, open_csv, "comma separated values (or ; | tab, seen in the header)", ".csv")

}  // namespace

}  // namespace moonlet
