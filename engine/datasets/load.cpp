// SPDX-License-Identifier: Apache-2.0
// From patterns to one dataset: which files, which reader for each, and the check of small data.
#include <algorithm>
#include <cctype>
#include <filesystem>

#include "core/error.h"
#include "datasets/glob.h"
#include "datasets/reader.h"
#include "datasets/training_format.h"

MOONLET_DEFINE_REGISTRY(moonlet::ReaderEntry, moonlet::ReaderEntry)

namespace moonlet {

namespace fs = std::filesystem;

namespace {

std::string lower_extension(const std::string& path) {
    std::string extension = fs::path(path).extension().string();
    for (char& c : extension) c = char(std::tolower(static_cast<unsigned char>(c)));
    return extension;
}

const ReaderEntry& reader_of(const std::string& path, const std::string& asked) {
    if (!asked.empty()) return Readers::get(asked);
    const std::string extension = lower_extension(path);
    std::string all;
    for (const std::string& name : Readers::names()) {
        const ReaderEntry& entry = Readers::get(name);
        for (const std::string& e : entry.extensions) {
            if (e == extension) return entry;
            all += (all.empty() ? "" : " ") + e;
        }
    }
    throw Error("no reader for " + quote(path, 200), "one of: " + all,
                "reader = \"jsonl\", \"csv\", … says how to read it");
}

void read_strings(const Json& options, const char* name, std::vector<std::string>& out) {
    auto it = options.find(name);
    if (it == options.end() || it->is_null()) return;
    if (it->is_string()) out = {it->get<std::string>()};
    for (const Json& item : it->is_array() ? *it : Json::array())
        out.push_back(item.is_string() ? item.get<std::string>() : dump_json(item, -1));
}

LoadOptions read_options(const Json& given) {
    check_options(given, load_options(), "datasets.load");
    LoadOptions options;
    std::string on_error = "error";
    read_option(given, "on_error", on_error);
    options.skip = on_error == "skip";
    if (auto it = given.find("columns"); it != given.end()) options.columns = *it;
    read_option(given, "header", options.header);
    read_option(given, "delimiter", options.delimiter);
    read_option(given, "quote", options.quote);
    read_strings(given, "null", options.null);
    read_option(given, "by", options.by);
    read_option(given, "field", options.field);
    return options;
}

}  // namespace

const OptionTable& load_options() {
    static const OptionTable rows = {
        {"reader", "string", "",
         "jsonl, json, csv, tsv, txt or md; absent: by the file's extension"},
        {"format", "string", "", "the training format; absent: detected (?Dataset.format)"},
        {"on_error", "\"error\"|\"skip\"", "\"error\"",
         "skip leaves broken rows out and counts them in ds.skipped"},
        {"columns", "table", "",
         "csv, tsv: names in order {\"text\", \"label\"}, or types {label = \"string\"}"},
        {"header", "boolean", "true", "csv, tsv: the first row names the columns"},
        {"delimiter", "string", "", "csv, tsv: between cells; absent: , or tab"},
        {"quote", "string", "", "csv, tsv: around cells; \"\" for none"},
        {"null", "string|string[]", "", "csv, tsv: cells that mean null, as \"NA\""},
        {"by", "\"line\"|\"paragraph\"|\"file\"", "", "txt: line, md: file unless given"},
        {"field", "string", "", "json: the key whose value is the list of rows"},
    };
    return rows;
}

uint64_t text_begin(const std::string& path, std::string_view head) {
    auto begins = [&](std::string_view mark) { return head.substr(0, mark.size()) == mark; };
    if (begins("\xFF\xFE") || begins("\xFE\xFF"))
        throw Error(quote(path, 200) + " is UTF-16", "UTF-8",
                    "iconv -f UTF-16 -t UTF-8 changes it");
    if (begins("\x1F\x8B") || begins("\x28\xB5\x2F\xFD") || begins("PK\x03\x04"))
        throw Error(quote(path, 200) + " is compressed", "plain text", "unpack it first");
    return begins("\xEF\xBB\xBF") ? 3 : 0;
}

DatasetPtr load_dataset(const std::vector<std::string>& patterns, const Json& given) {
    LoadOptions options = read_options(given);
    std::string reader, format;
    read_option(given, "reader", reader);
    read_option(given, "format", format);
    if (patterns.empty()) throw Error("no path", "a path or a pattern, as \"notes/*.md\"");
    std::vector<std::string> files;
    for (const std::string& pattern : patterns)
        for (std::string& file : glob_files(pattern)) files.push_back(std::move(file));
    std::vector<DatasetPtr> parts;
    for (const std::string& file : files)
        parts.push_back(reader_of(file, reader).open(file, options));
    DatasetPtr data = parts.size() == 1 ? parts[0] : concat(parts);
    data->name = patterns.size() == 1 ? patterns[0] : std::to_string(files.size()) + " files";
    if (data->small()) data->columns();  // looks at every row
    if (!format.empty()) {
        check_format(format, *data);
        data->set_format(format);
    }
    return data;
}

}  // namespace moonlet
