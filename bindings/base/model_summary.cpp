// SPDX-License-Identifier: Apache-2.0
// What models there are on disk, for stdlib/model_list.lua.
#include "formats/model_summary.h"

#include "bindings/convert.h"
#include "bindings/row.h"
#include "core/files.h"

namespace moonlet::bindings {

namespace {

int summary(lua_State* L) {
    auto found = summarize_model(check_string(L, 1));
    if (!found) return lua_pushnil(L), 1;
    Json all = Json::object();
    if (!found->family.empty()) all["family"] = found->family;
    if (found->parameters > 0) all["parameters"] = found->parameters;
    if (!found->dtype.empty()) all["dtype"] = found->dtype;
    if (!found->problem.empty()) all["problem"] = found->problem;
    all["bytes"] = found->bytes;
    return push_json(L, all), 1;
}

int entries(lua_State* L) { return push_json(L, model_entries(check_string(L, 1))), 1; }

int home(lua_State* L) { return push_string(L, home_folder()), 1; }

const bool registered = add_rows({
    {"_models.summary", summary, "path: string -> table?",
     "{family=, parameters=, bytes=, dtype=, problem=}; nil where no model stands.", ""},
    {"_models.entries", entries, "folder: string -> string[]", "What may be models there.", ""},
    {"_models.home", home, "-> string", "The folder that our own models are below.", ""},
});

}  // namespace

}  // namespace moonlet::bindings
