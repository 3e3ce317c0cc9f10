// SPDX-License-Identifier: Apache-2.0
// The options of every kind and the way to it.
#include "lexical/splitter.h"

#include "core/error.h"

MOONLET_DEFINE_REGISTRY(moonlet::SplitFunction, moonlet::SplitterKind)

namespace moonlet {

const OptionTable& SplitOptions::rows() {
    static const OptionTable table = {
        {"by", "string", "\"sentence\"", "recursive, sentence, token or markdown"},
        {"size", "integer", "400",
         "most characters of a chunk (by token: tokens); 0: every sentence, line or section alone"},
        {"overlap", "integer", "size / 8", "most characters repeated from the chunk before"},
        {"separators", "table", "{\"\\n\\n\", \"\\n\", \" \", \"\"}",
         "of recursive, tried in turn; \"\" is every character"},
        {"sentences", "boolean", "false", "of recursive: ends of sentences come before words"},
    };
    return table;
}

SplitOptions SplitOptions::from_json(const Json& given) {
    check_options(given, rows(), "split");
    SplitOptions options;
    read_option(given, "by", options.by);
    Splitters::get(options.by);
    int64_t size = 400, overlap = -1;
    read_option(given, "size", size);
    read_option(given, "overlap", overlap);
    if (size < 0) throw Error("split: size " + std::to_string(size), "0 or more characters");
    if (!given.contains("overlap") || given["overlap"].is_null()) overlap = size / 8;
    if (overlap < 0 || (overlap > 0 && overlap >= size))
        throw Error(
            "split: overlap " + std::to_string(overlap) + " with size " + std::to_string(size),
            "0 or more, and less than size");
    options.size = size_t(size);
    options.overlap = size_t(overlap);
    read_option(given, "sentences", options.sentences);
    if (auto list = given.find("separators"); list != given.end() && !list->is_null()) {
        options.separators.clear();
        for (const Json& separator : *list) {
            if (!separator.is_string())
                throw Error("split: a separator is " + separator.dump(), "strings");
            options.separators.push_back(separator);
        }
        if (options.separators.empty()) throw Error("split: no separators", "at least one");
    }
    return options;
}

std::vector<Chunk> split_text(std::string_view text, const SplitOptions& options) {
    return Splitters::get(options.by)(text, options);
}

}  // namespace moonlet
