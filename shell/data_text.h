// SPDX-License-Identifier: Apache-2.0
// Lua's plain data (nil, booleans, numbers, strings, tables without metatables) as one line of JSON
// and back, exactly: what JSON has no word for is an object with one key that starts with $.
//     {"$number":"inf"} {"$hex":"ff00"} {"$pairs":[key,value,…]}      other numbers, bytes, keys
//     {"$id":1,"$is":[…]} … {"$ref":1}                                a table that stands twice
// Reading runs nothing.
#pragma once

#include <string>
#include <string_view>

struct lua_State;

namespace moonlet {

// Appends the value at `index`. "" when it could, else what is in the way: "a function at .run".
std::string write_plain(lua_State* L, int index, std::string* json);

// Pushes the value; false (nothing pushed) when the text is no such value from end to end.
bool read_plain_data(lua_State* L, std::string_view json);

// A text as a JSON string; bytes that are no UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

}  // namespace moonlet
