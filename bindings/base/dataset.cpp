// SPDX-License-Identifier: Apache-2.0
// The Lua face of datasets: rows are tables that keep their key order, a null column is nil, row
// numbers are 1-based. stdlib/dataset.lua adds how a dataset prints, iter, batch and the ordered
// result of group.
#include <algorithm>
#include <cmath>

#include "bindings/classes.h"
#include "bindings/convert.h"
#include "bindings/row.h"
#include "bindings/rows.h"
#include "bindings/stored_function.h"
#include "core/error.h"
#include "datasets/review.h"
#include "datasets/training_format.h"

namespace moonlet::bindings {

namespace {

DatasetPtr self(lua_State* L) { return check<Dataset>(L, 1); }

int push_dataset(lua_State* L, const DatasetPtr& data) { return push(L, data), 1; }

int load(lua_State* L) {
    return push_dataset(L, load_dataset(check_strings(L, 1), options_json(L, 2, load_options())));
}

const OptionTable kNewOptions = {
    {"format", "string", "", "the training format; absent: detected (?Dataset.format)"},
    {"name", "string", "", "what it is called when printed"},
};

int make(lua_State* L) {
    Json options = options_json(L, 2, kNewOptions);
    DatasetPtr data;
    // {} is a list, too: of no rows
    if (lua_istable(L, 1) && lua_objlen(L, 1) == 0) data = RowWriter().finish();
    else data = check_dataset(L, 1);
    std::string format;
    read_option(options, "format", format);
    read_option(options, "name", data->name);
    if (!format.empty()) {
        check_format(format, *data);
        data->set_format(format);
    }
    return push_dataset(L, data);
}

int length(lua_State* L) {
    lua_pushnumber(L, double(self(L)->size()));
    return 1;
}

std::string number_text(double n) {
    return std::floor(n) == n && std::fabs(n) < 1e15 ? std::to_string(int64_t(n)) : Json(n).dump();
}

// Row i, -1 = the last; false where there is none.
bool find_row(Dataset& data, double number, size_t& i) {
    if (std::floor(number) != number) throw Error("row " + number_text(number), "an integer");
    if (number < 0) number += double(data.size()) + 1;
    if (number < 1 || number > 9e15 || !data.has(size_t(number) - 1)) return false;
    i = size_t(number) - 1;
    return true;
}

int item(lua_State* L) {
    auto data = self(L);
    size_t i = 0;
    if (!find_row(*data, lua_tonumber(L, 2), i)) return lua_pushnil(L), 1;
    push_row(L, data->row(i));
    return 1;
}

int columns(lua_State* L) {
    const std::vector<Column>& found = self(L)->columns();
    lua_createtable(L, int(found.size()), 0);
    for (size_t i = 0; i < found.size(); ++i) {
        push_ordered_json(L, {{"name", found[i].name}, {"type", found[i].type}});
        lua_rawseti(L, -2, int(i + 1));
    }
    luaL_getmetatable(L, "moonlet.Columns");
    lua_setmetatable(L, -2);
    return 1;
}

int known_columns(lua_State* L) {
    const std::vector<Column>* found = self(L)->known_columns();
    if (!found) return lua_pushnil(L), 1;
    lua_createtable(L, int(found->size()), 0);
    for (size_t i = 0; i < found->size(); ++i) {
        push_string(L, (*found)[i].name);
        lua_rawseti(L, -2, int(i + 1));
    }
    return 1;
}

int format(lua_State* L) {
    std::string name = self(L)->format();
    if (name.empty()) lua_pushnil(L);
    else push_string(L, name);
    return 1;
}

int seed(lua_State* L) {
    auto value = self(L)->seed;
    if (value) lua_pushnumber(L, double(*value));
    else lua_pushnil(L);
    return 1;
}

int name(lua_State* L) { return push_string(L, self(L)->name), 1; }
int bytes(lua_State* L) { return lua_pushnumber(L, double(self(L)->text_bytes())), 1; }
int skipped(lua_State* L) { return lua_pushnumber(L, double(self(L)->skipped())), 1; }

int estimate(lua_State* L) {
    auto data = self(L);
    auto known = data->known_size();
    lua_pushnumber(L, known ? double(*known) : std::round(data->estimated_size()));
    lua_pushboolean(L, known.has_value());
    return 2;
}

int table(lua_State* L) {
    auto data = self(L);
    lua_newtable(L);
    for (size_t i = 0; data->has(i); ++i) {
        if (i % 256 == 0) interrupt::check();
        push_row(L, data->row(i));
        lua_rawseti(L, -2, int(i + 1));
    }
    return 1;
}

int column(lua_State* L) {
    auto data = self(L);
    Key value = column_key(data, check_string(L, 2));
    lua_newtable(L);
    for (size_t i = 0; data->has(i); ++i) {
        if (i % 256 == 0) interrupt::check();
        push_ordered_json(L, value(data->row(i), i));
        lua_rawseti(L, -2, int(i + 1));
    }
    return 1;
}

int messages(lua_State* L) {
    auto data = self(L);
    size_t i = 0;
    if (!find_row(*data, lua_tonumber(L, 2), i))
        throw Error("row " + std::to_string(lua_tointeger(L, 2)) + " of " +
                    std::to_string(data->size()));
    try {
        push_ordered_json(L, row_messages(data->row(i), data->format()));
    } catch (const Error& e) {
        throw Error(data->where(i) + ": " + e.what());
    }
    return 1;
}

// A function of a row as filter, map, sort and group call it: f(row, number).
template <class Use>
auto row_function(lua_State* L, int index, Use use) {
    StoredFunction function(L, index);
    return [function, use](const Json& row, size_t i) {
        return function.call(
            [&](lua_State* T) {
                push_row(T, row);
                lua_pushnumber(T, double(i + 1));
                return 2;
            },
            use);
    };
}

Json result_json(lua_State* T) { return to_json(T, -1); }

int filter_rows(lua_State* L) {
    auto keep = row_function(L, 2, [](lua_State* T) { return lua_toboolean(T, -1) != 0; });
    return push_dataset(L, filter(self(L), keep));
}

int map_rows(lua_State* L) {
    return push_dataset(L, map(self(L), row_function(L, 2, result_json)));
}

Key key_at(lua_State* L, int index) {
    if (lua_type(L, index) == LUA_TSTRING) return column_key(self(L), check_string(L, index));
    return row_function(L, index, result_json);
}

const OptionTable kSortOptions = {
    {"descending", "boolean", "false", "the greatest first; rows without a value stay last"},
};

int sort_rows(lua_State* L) {
    bool descending = false;
    read_option(options_json(L, 3, kSortOptions), "descending", descending);
    return push_dataset(L, sort(self(L), key_at(L, 2), descending));
}

int group_rows(lua_State* L) {
    auto groups = group(self(L), key_at(L, 2));
    lua_createtable(L, int(groups.size()), 0);
    int i = 0;
    for (auto& [value, data] : groups) {
        lua_createtable(L, 2, 0);
        push_json(L, value);
        lua_rawseti(L, -2, 1);
        push(L, data);
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, ++i);
    }
    return 1;
}

size_t row_count(lua_State* L, int index, const char* what) {
    double n = lua_tonumber(L, index);
    if (!(n >= 0) || std::floor(n) != n)
        throw Error(std::string(what) + " of " + number_text(n) + " rows", "0, 1, 2, …");
    return size_t(std::min(n, 9e15));
}

int take_rows(lua_State* L) { return push_dataset(L, take(self(L), 0, row_count(L, 2, "take"))); }

int skip_rows(lua_State* L) {
    return push_dataset(L, take(self(L), row_count(L, 2, "skip"), size_t(1) << 62));
}

const OptionTable kShuffleOptions = {
    {"seed", "integer", "", "the same seed gives the same order; absent: drawn, see ds.seed"},
};

std::optional<uint64_t> read_seed(const Json& options) {
    auto it = options.find("seed");
    if (it == options.end() || it->is_null()) return {};
    const double seed = it->get<double>();
    if (seed < 0 || seed > 9007199254740992.0) throw Error("seed = " + it->dump(), "0 to 2^53");
    return uint64_t(seed);
}

int shuffle_rows(lua_State* L) {
    return push_dataset(L, shuffle(self(L), read_seed(options_json(L, 2, kShuffleOptions))));
}

const OptionTable kSplitOptions = {
    {"seed", "integer", "", "the same seed gives the same parts; absent: drawn, see ds.seed"},
    {"shuffle", "boolean", "true", "false cuts the rows as they stand"},
};

// 0.9 (or 900 rows) -> two results; {train = 0.8, test = 0.2} -> a table of the same names.
int split_rows(lua_State* L) {
    auto data = self(L);
    Json options = options_json(L, 3, kSplitOptions);
    bool shuffled = true;
    read_option(options, "shuffle", shuffled);
    auto seed = read_seed(options);
    if (lua_isnumber(L, 2)) {
        double share = lua_tonumber(L, 2);
        if (share > 1) share = std::min(1.0, share / double(std::max<size_t>(1, data->size())));
        for (const DatasetPtr& part : split(data, {share, 1 - share}, seed, shuffled))
            push(L, part);
        return 2;
    }
    Json parts = to_json(L, 2);
    if (parts.empty()) throw Error("split into no parts", "0.9 or {train = 0.8, test = 0.2}");
    std::vector<double> shares;
    for (auto& [name, share] : parts.items()) {
        if (!share.is_number() || name == "seed")
            throw Error("split: part " + name + " is " + dump_json(share, -1), "a share, 0 to 1",
                        name == "seed" ? "options come after: ds:split({…}, {seed = 1})" : "");
        shares.push_back(share.get<double>());
    }
    auto found = split(data, shares, seed, shuffled);
    lua_newtable(L);
    size_t p = 0;
    for (auto& entry : parts.items()) {
        push(L, found[p++]);
        if (parts.is_array()) lua_rawseti(L, -2, int(p));
        else lua_setfield(L, -2, entry.key().c_str());
    }
    return 1;
}

int concat_rows(lua_State* L) {
    std::vector<DatasetPtr> parts = {self(L)};
    if (lua_istable(L, 2)) {
        const size_t count = lua_objlen(L, 2);
        for (size_t i = 1; i <= count; ++i) {
            lua_rawgeti(L, 2, int(i));
            parts.push_back(check<Dataset>(L, lua_gettop(L)));
        }
    } else {
        parts.push_back(check<Dataset>(L, 2));
    }
    return push_dataset(L, concat(parts));
}

int select_columns(lua_State* L) {
    auto data = self(L);
    std::vector<std::string> names = check_strings(L, 2);
    for (const std::string& n : names) check_column(*data, n);
    auto change = [names](const Json& row, size_t) {
        Json result = Json::object();
        for (const std::string& n : names)
            if (auto it = row.find(n); it != row.end()) result[n] = *it;
        return result;
    };
    return push_dataset(L, map_in_order(data, change));
}

int rename_columns(lua_State* L) {
    auto data = self(L);
    Json names = to_json(L, 2);
    for (auto& [from, to] : names.items()) {
        check_column(*data, from);
        if (!to.is_string()) throw Error("rename: " + from + " = " + dump_json(to, -1), "a name");
    }
    auto change = [names](const Json& row, size_t) {
        Json result = Json::object();
        for (auto& [key, value] : row.items()) {
            auto it = names.find(key);
            result[it == names.end() ? key : it->get<std::string>()] = value;
        }
        return result;
    };
    return push_dataset(L, map_in_order(data, change));
}

int save(lua_State* L) {
    lua_pushnumber(L, double(save_dataset(*self(L), check_string(L, 2))));
    return 1;
}

const OptionTable kReviewOptions = {
    {"text", "string|string[]", "", "the column (or columns) to look at; absent: by the format"},
    {"label", "string", "", "the column of labels; absent: label, category, … where there is one"},
    {"near", "number", "0.8", "similarity from which texts are near duplicates; 0 leaves that out"},
    {"tokenizer", "Tokenizer", "", "lengths in its tokens, too"},
    {"against", "Dataset|table", "", "other splits, test or {test = …, valid = …}: leakage"},
};

int review_rows(lua_State* L) {
    auto data = self(L);
    Json given = options_json(L, 2, kReviewOptions);
    ReviewOptions options;
    read_option(given, "label", options.label);
    read_option(given, "near", options.near);
    if (!lua_istable(L, 2)) return push_ordered_json(L, review(data, options)), 1;
    lua_getfield(L, 2, "text");
    if (!lua_isnil(L, -1)) options.text = check_strings(L, lua_gettop(L));
    lua_getfield(L, 2, "tokenizer");
    if (!lua_isnil(L, -1)) options.tokenizer = check<Tokenizer>(L, lua_gettop(L));
    lua_getfield(L, 2, "against");
    const int against = lua_gettop(L);
    if (lua_istable(L, against)) {
        for (lua_pushnil(L); lua_next(L, against); lua_pop(L, 1)) {
            lua_pushvalue(L, -2);
            std::string name = check_string(L, lua_gettop(L));
            lua_pop(L, 1);
            options.against.emplace_back(name, check<Dataset>(L, lua_gettop(L)));
        }
        std::sort(options.against.begin(), options.against.end());
    } else if (!lua_isnil(L, against)) {
        options.against.emplace_back("against", check<Dataset>(L, against));
    }
    return push_ordered_json(L, review(data, options)), 1;
}

int release(lua_State* L) {
    release_proxy(L, 1);
    return 0;
}

const bool registered = add_rows({
    {"datasets.load", load, "path: string|string[], opts?: LoadOptions -> Dataset",
     "Opens jsonl, json, csv, tsv, txt and md files by path or pattern (*.jsonl, notes/**/*.md). "
     "Up to 16 MB are checked at once; of more, rows are read when they are asked for.",
     "", load_options()},
    {"datasets.new", make, "rows: table, opts?: NewOptions -> Dataset",
     "Makes a dataset of a list of rows; a string is a row {text = …}.",
     "ds = datasets.new{{text = \"good\", label = 1}, {text = \"bad\", label = 0}}", kNewOptions},
    {"Dataset:filter", filter_rows, "keep: function -> Dataset",
     "The rows for which keep(row, i) is true. Of big data they are looked for on demand.",
     "ds:filter(function(x) return #x.text > 3 end)"},
    {"Dataset:map", map_rows, "change: function -> Dataset",
     "Each row as change(row, i) returns it: a table or a text. Of big data it runs on every "
     "access; save() keeps the result.",
     "ds:map(function(x) return {text = x.text:upper(), label = x.label} end)"},
    {"Dataset:split", split_rows, "parts: number|table, opts?: SplitOptions -> Dataset, Dataset",
     "Shuffles and cuts: 0.9 (or 900 rows) gives two datasets, {train=0.8, test=0.2} a table.",
     "train, test = ds:split(0.5, {seed = 1})", kSplitOptions},
    {"Dataset:shuffle", shuffle_rows, "opts?: ShuffleOptions -> Dataset",
     "The rows in drawn order; its seed is in ds.seed.", "ds:shuffle{seed = 1}", kShuffleOptions},
    {"Dataset:take", take_rows, "n: integer -> Dataset", "The first n rows.", "ds:take(2)"},
    {"Dataset:skip", skip_rows, "n: integer -> Dataset", "All but the first n rows.", "ds:skip(1)"},
    {"Dataset:sort", sort_rows, "key: string|function, opts?: SortOptions -> Dataset",
     "The rows by a column or by key(row, i); equal ones keep their order, nil comes last.",
     "ds:sort(\"label\", {descending = true})", kSortOptions},
    {"Dataset:group", group_rows, "key: string|function -> table",
     "The datasets of each value of a column or of key(row, i); pairs() goes by first appearance.",
     "for label, rows in pairs(ds:group \"label\") do print(label, #rows) end"},
    {"Dataset:concat", concat_rows, "others: Dataset|table -> Dataset",
     "These rows and then those of one dataset or a list of them; a .. b does the same.",
     "ds:concat(ds)"},
    {"Dataset:__concat", concat_rows, "others: Dataset|table -> Dataset",
     "Rows of both, one after the other.", "ds .. ds"},
    {"Dataset:select", select_columns, "columns: string[] -> Dataset",
     "Only these columns, in this order.", "ds:select{\"text\"}"},
    {"Dataset:rename", rename_columns, "names: table -> Dataset",
     "The same rows with other column names, {old = \"new\"}.", "ds:rename{text = \"review\"}"},
    {"Dataset:column", column, "name: string -> table",
     "One column's values as a list; json.null where there is none.", "ds:column \"label\""},
    {"Dataset:table", table, "-> table[]", "All rows as a plain list.", "ds:table()[1].text"},
    {"Dataset:messages", messages, "i: integer -> table[]",
     "Row i as chat messages {role=, content=}, by its training format.",
     "datasets.new{{question = \"2+2?\", answer = \"4\"}}:messages(1)"},
    {"Dataset:review", review_rows, "opts?: ReviewOptions -> Review",
     "What to know before training: duplicates, leakage, lengths, labels, empty and odd rows.",
     "ds:review().duplicates.rows", kReviewOptions},
    {"Dataset:save", save, "path: string -> integer",
     "Writes .jsonl, .json, .csv or .tsv, atomically; returns how many rows.", ""},
    {"Dataset:estimate", estimate, "-> integer, boolean",
     "How many rows there are or may be, without reading them all; and whether it is certain.",
     "ds:estimate()"},
    {"Dataset:release", release, "", "Closes files and gives memory back now.", ""},
    {"Dataset.columns", columns, "-> table",
     "The columns in order, {name=, type=}; also by name: ds.columns.text is its type.",
     "ds.columns.text"},
    {"Dataset.format", format, "-> string?",
     "The training format seen in the first row: messages, preferences, sharegpt, alpaca, "
     "question_answer, parameters, prompt_completion, text_label, text, or nil.",
     "ds.format"},
    {"Dataset.seed", seed, "-> integer?", "The seed that shuffle or split used.",
     "ds:shuffle().seed"},
    {"Dataset.skipped", skipped, "-> integer",
     "Broken rows that on_error = \"skip\" left out; reads to the end.", "ds.skipped"},
    {"_dataset.known_columns", known_columns, "data: Dataset -> table?",
     "Names of the columns as far as they are known; reads nothing.", ""},
    {"Dataset.name", name, "-> string", "The path or pattern it was loaded from.", "ds.name"},
    {"Dataset.bytes", bytes, "-> integer", "Bytes of text behind the rows.", "ds.bytes"},
    {"Dataset:__len", length, "other?: any -> integer",
     "How many rows; a big file is read to its end for it, once.", "#ds"},
    {"Dataset:__item", item, "i: number -> table?",
     "Row i; -1 is the last, nil where there is none.", "ds[1].text"},
});

}  // namespace

}  // namespace moonlet::bindings
