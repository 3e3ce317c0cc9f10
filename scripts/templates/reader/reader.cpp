// SPDX-License-Identifier: Apache-2.0
// @path engine/datasets/@name@.cpp
// Files *.@name@ as rows: what a record is, and what its bytes say.
#include "core/error.h"
#include "datasets/columns.h"
#include "datasets/reader.h"
#include "datasets/records.h"

namespace moonlet {

namespace {

DatasetPtr open_@name@(const std::string& path, const LoadOptions& options) {
    auto file = std::make_shared<OpenFile>(path);
    uint64_t begin = text_begin(path, FileWindow(file).at(0, 4));
    // One record to one row. An Error thrown here gets file and line from RecordFile.
    auto parse = [](std::string_view record) -> Json { return {{"text", std::string(record)}}; };
    // A Splitter of your own says where a record ends, when it is not a line.
    return std::make_shared<RecordFile>(file, std::make_shared<LineSplitter>(), parse, options.skip,
                                        begin, 1, file->size());
}

MOONLET_READER(@name@, open_@name@, "one row a line", ".@name@")

}  // namespace

}  // namespace moonlet
