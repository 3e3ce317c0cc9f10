// SPDX-License-Identifier: Apache-2.0
#include "bindings/rows.h"

#include "bindings/classes.h"
#include "bindings/convert.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "datasets/training_format.h"

namespace moonlet::bindings {

namespace {

void check_list(lua_State* L, int index) {
    if (!lua_istable(L, index))
        throw Error(std::string("data is a ") + luaL_typename(L, index),
                    "a Dataset or a list of texts or rows {text = …}");
    if (lua_objlen(L, index) == 0)
        throw Error("data with no rows", "a Dataset or a list of texts or rows {text = …}");
}

template <class Use>
void each_item(lua_State* L, int index, Use use) {
    const size_t count = lua_objlen(L, index);
    for (size_t i = 1; i <= count; ++i) {
        if (i % 1024 == 0) interrupt::check();
        lua_rawgeti(L, index, int(i));
        Json row;
        try {
            row = to_json(L, -1);
        } catch (const Error& e) {
            throw Error("row " + std::to_string(i) + ": " + e.what());
        }
        use(std::move(row));
        lua_pop(L, 1);
    }
}

// Row i. Where its own columns say another format than the dataset (format = "…" when it was
// loaded), it is given as the messages that the dataset's format makes of it.
Json as_said(Dataset& data, size_t i) {
    Json row = data.row(i);
    const std::string& format = data.format();
    if (!has_messages(format) || detect_format(row) == format) return row;
    try {
        return {{"messages", row_messages(row, format)}};
    } catch (const Error& e) {
        throw Error(data.where(i) + ": " + e.what());
    }
}

}  // namespace

std::vector<Json> check_rows(lua_State* L, int index) {
    std::vector<Json> rows;
    if (test_proxy(L, index, "Dataset")) {
        auto data = check<Dataset>(L, index);
        for (size_t i = 0; data->has(i); ++i) {
            if (i % 256 == 0) interrupt::check();
            rows.push_back(as_said(*data, i));
        }
        if (rows.empty()) throw Error("a dataset with no rows", "at least one");
        return rows;
    }
    check_list(L, index);
    each_item(L, index, [&](Json&& row) { rows.push_back(std::move(row)); });
    return rows;
}

DatasetPtr check_dataset(lua_State* L, int index) {
    if (test_proxy(L, index, "Dataset")) return check<Dataset>(L, index);
    check_list(L, index);
    RowWriter writer;
    each_item(L, index, [&](const Json& row) { writer.add(row); });
    return writer.finish();
}

void push_row(lua_State* L, const Json& row) {
    bool nulls = false;
    for (auto& entry : row.items()) nulls = nulls || entry.value().is_null();
    if (!nulls) return push_ordered_json(L, row);
    Json kept = Json::object();
    for (auto& [key, value] : row.items())
        if (!value.is_null()) kept.get_ref<Json::object_t&>().emplace_back(key, value);
    push_ordered_json(L, kept);
}

}  // namespace moonlet::bindings
