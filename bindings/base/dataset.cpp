// SPDX-License-Identifier: Apache-2.0
// The Lua face of datasets: rows are tables that keep their key order, a null column is nil.
#include "bindings/callback.h"
#include "bindings/classes.h"
#include "bindings/convert.h"
#include "bindings/row.h"
#include "bindings/rows.h"
#include "core/error.h"

namespace moonlet::bindings {

namespace {

DatasetPtr self(lua_State* L) { return check<Dataset>(L, 1); }

int load(lua_State* L) {
    push(L, load_dataset(check_strings(L, 1), options_json(L, 2, load_options())));
    return 1;
}

int make(lua_State* L) {
    push(L, check_dataset(L, 1));
    return 1;
}

int length(lua_State* L) {
    lua_pushnumber(L, double(self(L)->size()));
    return 1;
}

const bool registered = add_rows({
    {"datasets.load", load, "path: string|string[], opts?: LoadOptions -> Dataset",
     "Opens files by path or pattern (*.jsonl, notes/**); big ones are read as rows are asked for.",
     "", load_options()},
    {"datasets.new", make, "rows: table -> Dataset",
     "Makes a dataset of a list of rows; a string is a row {text = …}.",
     "ds = datasets.new{{text = \"good\", label = 1}, {text = \"bad\", label = 0}}"},
    {"Dataset:__len", length, "other?: any -> integer",
     "How many rows; a big file is read to its end for it, once.", "#ds"},
});

}  // namespace

}  // namespace moonlet::bindings
