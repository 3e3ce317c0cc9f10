// SPDX-License-Identifier: Apache-2.0
// JSON lines: one object (or string) a line; blank lines are no rows.
#include "datasets/columns.h"
#include "datasets/reader.h"
#include "datasets/records.h"

namespace moonlet {

namespace {

DatasetPtr open_jsonl(const std::string& path, const LoadOptions& options) {
    auto file = std::make_shared<OpenFile>(path);
    FileWindow head(file);
    uint64_t begin = text_begin(path, head.at(0, 4));
    auto parse = [](std::string_view line) {
        return as_row(parse_json(line, "the row"), "the row");
    };
    return std::make_shared<RecordFile>(file, std::make_shared<LineSplitter>(), parse, options.skip,
                                        begin, 1, file->size());
}

MOONLET_READER(jsonl, open_jsonl, "one JSON object a line", ".jsonl", ".ndjson")

}  // namespace

}  // namespace moonlet
