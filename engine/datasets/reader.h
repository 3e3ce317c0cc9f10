// SPDX-License-Identifier: Apache-2.0
// What a reader is: one file of this folder that opens one kind of file, with one line that says so
//     MOONLET_READER(jsonl, open_jsonl, "one JSON object a line", ".jsonl", ".ndjson")
// A reader makes no row before it is asked for one, and its Errors name file and line.
#pragma once

#include <string>
#include <vector>

#include "core/registry.h"
#include "datasets/dataset.h"

namespace moonlet {

// What the caller of load_dataset wants; each reader takes what concerns it.
struct LoadOptions {
    bool skip = false;        // on_error = "skip": broken rows are left out and counted
    Json columns;             // csv, tsv: list of names, or name -> type; null = as the file says
    bool header = true;       // csv, tsv: the first row names the columns
    std::string delimiter;    // csv, tsv: one character, "" = the reader's own
    std::string quote = "?";  // csv, tsv: one character, "" = none, "?" = the reader's own
    std::vector<std::string> null;  // csv, tsv: cells that mean null, beside the empty one
    std::string by;                 // txt, md: "line", "paragraph", "file"; "" = the reader's own
    std::string field;  // json: the key whose value is the list of rows, "" = the only list
};

struct ReaderEntry {
    static constexpr const char* kKind = "dataset reader";
    DatasetPtr (*open)(const std::string& path, const LoadOptions& options) = nullptr;
    const char* doc = "";
    std::vector<std::string> extensions;  // lower case, with the dot
};
using Readers = Registry<ReaderEntry, ReaderEntry>;

#define MOONLET_READER(name, open, doc, ...)                   \
    [[maybe_unused]] static const bool moonlet_reader_##name = \
        ::moonlet::Readers::add(#name, ::moonlet::ReaderEntry{open, doc, {__VA_ARGS__}});

// What csv and tsv, and what txt and md, have in common (csv.cpp, text.cpp).
DatasetPtr open_separated(const std::string& path, const LoadOptions& options, char delimiter);
DatasetPtr open_text(const std::string& path, const LoadOptions& options, const char* by);

// Where the text of a file begins: behind a UTF-8 byte order mark. Error: UTF-16 or compressed.
uint64_t text_begin(const std::string& path, std::string_view head);

}  // namespace moonlet
