// SPDX-License-Identifier: Apache-2.0
// The Lua face of Passages and Selection: documents in, hits out, filters. Numbers of passages are
// 1-based here. stdlib/retrievers.lua makes a retriever of them.
#include "lexical/passages.h"

#include <filesystem>

#include "bindings/base/splitter.h"
#include "bindings/callback.h"
#include "bindings/classes.h"
#include "bindings/convert.h"
#include "bindings/row.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/progress.h"
#include "lexical/filter.h"

namespace moonlet::bindings {

namespace {

std::shared_ptr<Passages> self(lua_State* L) { return check<Passages>(L, 1); }

int make(lua_State* L) {
    auto passages = std::make_shared<Passages>();
    if (!lua_isnoneornil(L, 1)) *passages = Passages::load(check_string(L, 1));
    push(L, passages);
    return 1;
}

OptionTable add_options() {
    OptionTable rows = split_rows();
    rows.push_back({"column", "string", "\"text\"", "where a row has its text"});
    rows.push_back({"whole", "boolean", "false", "each text is one passage"});
    return rows;
}

// A text alone, or a row {text=, …}: `text` gets the one, the rest is returned.
Json take_text(Json row, const std::string& column, size_t number, std::string& text) {
    const std::string where = "document " + std::to_string(number);
    if (row.is_string()) {
        text = row.get<std::string>();
        return Json::object();
    }
    if (!row.is_object())
        throw Error(
            where + " is " + quote(row.dump(-1, ' ', false, Json::error_handler_t::replace)),
            "a text or a row {text = …}");
    auto it = row.find(column);
    if (it == row.end() || !it->is_string()) {
        std::string columns;
        for (auto& entry : row.items()) columns += (columns.empty() ? "" : ", ") + entry.key();
        throw Error(where + " has no text in column " + quote(column) + " (it has " + columns + ")",
                    "a text there", "name another column: column = \"…\"");
    }
    text = it->get<std::string>();
    row.erase(it);
    return row;
}

// All documents are taken or, after an error or Ctrl-C, none.
int add(lua_State* L) {
    auto passages = self(L);
    const Json given = options_json(L, 3, add_options());
    const std::string column = given.value("column", "text");
    const bool whole = given.value("whole", false);
    const SplitOptions split = check_split(L, 3);
    const size_t before = passages->size(), kept = passages->documents();
    auto take = [&](Json row, size_t count) {
        interrupt::check();
        size_t number = passages->documents() - kept + 1;
        report_progress({"splitting", double(number), double(count), "documents", ""});
        std::string text;
        row = take_text(std::move(row), column, number, text);
        passages->add(std::move(text), std::move(row), whole ? nullptr : &split);
    };
    struct Undo {
        Passages* passages;
        size_t kept;
        ~Undo() {
            if (passages) passages->keep(kept);
        }
    } undo{passages.get(), kept};
    if (auto data = test<Dataset>(L, 2)) {
        for (size_t i = 0; data->has(i); ++i) take(data->row(i), data->known_size().value_or(0));
    } else {
        const size_t count = lua_objlen(L, 2);
        for (size_t i = 1; i <= count; ++i) {
            lua_rawgeti(L, 2, int(i));
            Json row = to_json(L, lua_gettop(L));
            lua_pop(L, 1);
            take(std::move(row), count);
        }
    }
    undo.passages = nullptr;
    set_proxy_bytes(L, 1, passages->bytes());
    lua_pushnumber(L, double(passages->size() - before));
    return 1;
}

size_t check_number(lua_State* L, int index, const Passages& passages) {
    double number = lua_tonumber(L, index);
    if (!(number >= 1 && number <= double(passages.size())) || number != double(size_t(number)))
        throw Error("passage " + std::to_string(number), "1 to " + std::to_string(passages.size()));
    return size_t(number) - 1;
}

int texts(lua_State* L) {
    auto passages = self(L);
    size_t first = check_number(L, 2, *passages), last = check_number(L, 3, *passages);
    lua_newtable(L);
    for (size_t i = first; i <= last; ++i) {
        std::string_view text = passages->text(i);
        lua_pushlstring(L, text.data(), text.size());
        lua_rawseti(L, -2, int(i - first + 1));
    }
    return 1;
}

int get(lua_State* L) {
    auto passages = self(L);
    size_t number = check_number(L, 2, *passages);
    const auto& passage = passages->passage(number);
    const auto& document = passages->document(passage.document);
    std::string_view text = passages->text(number);
    lua_createtable(L, 0, 10);
    lua_pushlstring(L, text.data(), text.size());
    lua_setfield(L, -2, "text");
    push_span(L, passage.chunk.begin, passage.chunk.end);
    lua_setfield(L, -2, "span");
    if (!passage.chunk.headers.empty()) {
        push_headers(L, passage.chunk.headers);
        lua_setfield(L, -2, "headers");
    }
    push_ordered_json(L, document.row);
    lua_setfield(L, -2, "row");
    auto field = [&](const char* name) -> const Json* {
        auto it = document.row.find(name);
        return it == document.row.end() || it->is_null() ? nullptr : &*it;
    };
    const Json *id = field("id"), *source = field("source");
    if (id && id->is_primitive()) push_json(L, *id);
    else lua_pushnumber(L, double(passage.document + 1));
    lua_setfield(L, -2, "id");
    if (source && source->is_string()) push_json(L, *source);
    else push_string(L, "text " + std::to_string(passage.document + 1));
    lua_setfield(L, -2, "source");
    lua_pushnumber(L, double(passage.document + 1));
    lua_setfield(L, -2, "document");
    lua_pushnumber(L, double(number + 1));
    lua_setfield(L, -2, "passage");
    return 1;
}

int source_text(lua_State* L) {
    auto passages = self(L);
    push_string(L,
                passages->document(passages->passage(check_number(L, 2, *passages)).document).text);
    return 1;
}

int select(lua_State* L) {
    auto passages = self(L);
    std::function<bool(const Json&)> fits;
    LuaFunction function(L, lua_isfunction(L, 2) ? 2 : 0);
    if (function) {
        fits = [&](const Json& row) {
            function.call(1, [&] { return push_ordered_json(L, row), 1; });
            bool fit = lua_toboolean(L, -1);
            lua_pop(L, 1);
            return fit;
        };
    } else {
        fits = compile_filter(to_json(L, 2));
    }
    push(L, std::make_shared<Selection>(passages->select(fits)));
    return 1;
}

int save(lua_State* L) {
    const std::string folder = check_string(L, 2);
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed) throw Error("no folder " + quote(folder), "one that can be made", failed.message());
    self(L)->save(folder);
    return 0;
}

int length(lua_State* L) { return lua_pushnumber(L, double(self(L)->size())), 1; }
int documents(lua_State* L) { return lua_pushnumber(L, double(self(L)->documents())), 1; }

int describe(lua_State* L) {
    Proxy* proxy = test_proxy(L, 1, "Passages");
    if (proxy && !proxy->owner) return lua_pushliteral(L, "passages (released)"), 1;
    auto passages = self(L);
    push_string(L, "passages   " + std::to_string(passages->size()) + " of " +
                       std::to_string(passages->documents()) + " documents");
    return 1;
}

int release(lua_State* L) { return release_proxy(L, 1), 0; }

int selection_length(lua_State* L) {
    return lua_pushnumber(L, double(check<Selection>(L, 1)->count())), 1;
}
int describe_selection(lua_State* L) {
    auto selection = check<Selection>(L, 1);
    push_string(L, "selection   " + std::to_string(selection->count()) + " of " +
                       std::to_string(selection->size()));
    return 1;
}

const bool registered = add_rows({
    {"retrievers.passages", make, "folder?: string -> Passages",
     "What a retriever finds its passages in: documents and the spans they were cut into; empty, "
     "or as saved.",
     "p = retrievers.passages()"},
    {"Passages:add", add, "docs: table|Dataset, opts?: PassageOptions -> integer",
     "Takes a Dataset or a list of texts or rows {text=, source=, id=, …} and cuts them; how many "
     "passages.",
     "retrievers.passages():add({\"One. Two.\"}, {size = 0})", add_options()},
    {"Passages:get", get, "passage: integer -> table",
     "A passage: text, span, source, id, row (the other columns), document and passage number.",
     ""},
    {"Passages:texts", texts, "first: integer, last: integer -> string[]",
     "The texts of passages first to last.", ""},
    {"Passages:source_text", source_text, "passage: integer -> string",
     "The whole text that a passage's span points into.", ""},
    {"Passages:select", select, "filter: table|function -> Selection",
     "The passages whose row fits: {column = value, …} or a function of the row.", ""},
    {"Passages:save", save, "folder: string",
     "Writes rows.jsonl and texts, atomically; the folder is made.", ""},
    {"Passages:release", release, "", "Gives the memory back now.", ""},
    {"Passages.documents", documents, "-> integer", "How many texts there are.", ""},
    {"Passages:__len", length, "other?: any -> integer", "How many passages there are.", ""},
    {"Passages:__tostring", describe, "-> string", "One line about the passages.", ""},
    {"Selection:__len", selection_length, "other?: any -> integer", "How many are allowed.", ""},
    {"Selection:__tostring", describe_selection, "-> string", "How many of how many.", ""},
});

}  // namespace

}  // namespace moonlet::bindings
