// SPDX-License-Identifier: Apache-2.0
// A JSON file that is a list of rows, or an object that holds one (SQuAD's {"version", "data":
// […]}; `field` says which where there are several). The file is not parsed as a whole: the list's
// place is found, and its elements are records. A file of one object a line is read as JSON lines,
// since many carry the wrong name.
#include "core/error.h"
#include "core/interrupt.h"
#include "datasets/columns.h"
#include "datasets/reader.h"
#include "datasets/records.h"

namespace moonlet {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Follows JSON text character by character: how deep, and whether inside a string.
struct JsonCursor {
    size_t depth = 0;
    bool in_string = false, escaped = false;

    void put(char c) {
        if (in_string) {
            if (escaped) escaped = false;
            else if (c == '\\') escaped = true;
            else if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            ++depth;
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
};

struct ElementSplitter : Splitter {
    size_t length(std::string_view bytes, bool last) const override {
        JsonCursor cursor;
        for (size_t i = 0; i < bytes.size(); ++i) {
            if (bytes[i] == ',' && cursor.depth == 0 && !cursor.in_string) return i + 1;
            cursor.put(bytes[i]);
        }
        return last ? bytes.size() : kMore;
    }
    std::string_view trimmed(std::string_view record) const override {
        if (!record.empty() && record.back() == ',') record.remove_suffix(1);
        return record;
    }
};

// Where the elements of a list stand.
struct Span {
    uint64_t begin = 0, end = 0;
    size_t line = 1;
};

// What the file's outermost object holds.
struct Outline {
    std::vector<std::pair<std::string, Span>> lists;
    std::vector<std::string> keys;
    bool closed = false, more = false;  // the object ends; something stands behind it
};

// Reads an object as far as to its end and what follows at once.
Outline outline(OpenFile& file, FileWindow& window, uint64_t at, size_t line) {
    Outline result;
    JsonCursor cursor;
    std::string key, last_string;
    size_t bytes_seen = 0;
    bool capturing = false;
    while (at < file.size()) {
        if (++bytes_seen % 16 == 0) interrupt::check();
        std::string_view bytes = window.at(at, 1 << 18);
        for (size_t i = 0; i < bytes.size(); ++i) {
            const char c = bytes[i];
            if (result.closed && !is_blank(c)) {
                result.more = true;
                return result;
            }
            const size_t before = cursor.depth;
            const bool was_string = cursor.in_string;
            cursor.put(c);
            if (before == 1 && !was_string && c == '"') {
                last_string.clear();
                capturing = true;
            } else if (before == 1 && was_string && cursor.in_string) {
                if (capturing) last_string += c;
            } else if (before == 1 && !was_string && c == ':') {
                key = last_string;
                result.keys.push_back(key);
            } else if (before == 1 && cursor.depth == 2 && c == '[') {
                result.lists.push_back({key, {at + i + 1, 0, line}});
            } else if (before == 2 && cursor.depth == 1 && c == ']' && !result.lists.empty()) {
                Span& last = result.lists.back().second;
                if (last.end == 0) last.end = at + i;
            } else if (before == 1 && cursor.depth == 0 && c == '}') {
                result.closed = true;
            }
            if (c == '\n') ++line;
        }
        at += bytes.size();
    }
    return result;
}

Span pick(const Outline& outline, const std::string& field) {
    std::string all;
    for (const std::string& k : outline.keys) all += (all.empty() ? "" : ", ") + k;
    for (auto& [key, span] : outline.lists) {
        if (field.empty() ? outline.lists.size() != 1 : key != field) continue;
        if (span.end == 0) throw Error("a list that is not closed", "]");
        return span;
    }
    if (!field.empty()) throw Error("no list under " + quote(field), "one of its keys: " + all);
    throw Error("an object with " + std::to_string(outline.lists.size()) + " lists",
                "one list of rows", "field = \"…\" names it; the keys are " + all);
}

// The place behind the last `]` of a file that begins with `[`.
uint64_t last_bracket(OpenFile& file, FileWindow& window) {
    for (uint64_t end = file.size(); end > 0;) {
        uint64_t from = end > 4096 ? end - 4096 : 0;
        std::string_view bytes = window.at(from, size_t(end - from)).substr(0, size_t(end - from));
        size_t at = bytes.find_last_not_of(" \t\r\n");
        if (at != std::string_view::npos) {
            if (bytes[at] == ']') return from + at;
            break;
        }
        end = from;
    }
    throw Error("a list that is not closed", "] at the end", "the file may be cut off");
}

DatasetPtr open_json(const std::string& path, const LoadOptions& options) {
    auto file = std::make_shared<OpenFile>(path);
    FileWindow window(file);
    uint64_t at = text_begin(path, window.at(0, 4));
    size_t line = 1;
    for (; at < file->size(); ++at) {
        char c = window.at(at, 1)[0];
        if (!is_blank(c)) break;
        line += c == '\n';
    }
    Span span;
    try {
        char first = at < file->size() ? window.at(at, 1)[0] : 0;
        if (first == '[') {
            span = {at + 1, last_bracket(*file, window), line};
            if (span.end <= at) throw Error("a list that is not closed", "] at the end");
        } else if (first == '{') {
            Outline found = outline(*file, window, at, line);
            if (found.more) return Readers::get("jsonl").open(path, options);
            if (!found.closed) throw Error("an object that is not closed", "} at the end");
            span = pick(found, options.field);
        } else {
            throw Error("neither a list nor an object", "[{…}, …] or {\"data\": [{…}, …]}");
        }
    } catch (const Error& e) {
        throw Error(path + ": " + e.what());
    }
    auto parse = [](std::string_view element) {
        return as_row(parse_json(element, "the row"), "the row");
    };
    return std::make_shared<RecordFile>(file, std::make_shared<ElementSplitter>(), parse,
                                        options.skip, span.begin, span.line, span.end);
}

MOONLET_READER(json, open_json, "a list of objects, or an object that holds one list", ".json")

}  // namespace

}  // namespace moonlet
