// SPDX-License-Identifier: Apache-2.0
// What one entry did besides its values: what it printed, where the seeds it drew began, the models
// it opened, the state of math.random around it. Gathered around every entry, so that :save can
// write a file that does the same again. Hashes nothing: that is :save's.
#pragma once

#include <map>
#include <string>
#include <vector>

struct lua_State;

namespace moonlet {

struct OpenedFile {
    std::string name, path;  // as given to models.load, and what it stood for
    std::string stamp;       // sizes and times of its weight files when it was opened
};

struct EntryRecord {
    std::string code;         // what was compiled (parse_state.h)
    bool expression = false;  // `code` is a list of expressions
    bool silent = false;      // its values were not printed
    bool interrupted = false;
    int values = 0;    // it returned so many
    int columns = 80;  // values were printed for this width
    std::string output;
    std::string seeds;  // where its drawn seeds began, in decimal; "" = it drew none
    std::string random_before, random_after;  // math.random's state, "" where it is not known
    std::vector<OpenedFile> opened;
    std::string error;  // what was shown of its failure, without colours
    // What the names in it stood for when it had run: a class's name, "table", "function",
    // "string", "object"; not for what is nothing of it.
    std::map<std::string, std::string> kinds;
};

void begin_record(lua_State* L, EntryRecord& record);
// Also after a failed entry: the next one's seeds begin anew.
void end_record(lua_State* L, EntryRecord& record);

// The 32 bytes that math.random goes on from. Sets nothing when the size is another.
std::string random_state(lua_State* L);
void set_random_state(lua_State* L, const std::string& state);

}  // namespace moonlet
