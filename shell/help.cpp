// SPDX-License-Identifier: Apache-2.0
#include "shell/help.h"

#include <algorithm>
#include <sstream>

#include <lua.hpp>

#include "shell/error_frames.h"
#include "shell/help_source.h"
#include "shell/lookup.h"
#include "shell/text.h"

namespace moonlet {
namespace {

std::string pad(const std::string& text, std::size_t width) {
    auto columns = static_cast<std::size_t>(text_width(text));
    return columns < width ? text + std::string(width - columns, ' ') : text;
}

void list_fields(std::string& out, const char* title, const std::vector<RowField>& fields) {
    if (fields.empty()) return;
    out += std::string("  ") + title + "\n";
    std::size_t widest = 0, widest_type = 0;
    std::vector<std::string> types;
    for (const RowField& field : fields) {
        std::string type = field.type + (field.optional ? ", optional" : "");
        if (!field.default_value.empty()) type += " = " + field.default_value;
        widest = std::max(widest, field.name.size());
        widest_type = std::max(widest_type, static_cast<std::size_t>(text_width(type)));
        types.push_back(type);
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
        out += "    " + pad(fields[i].name, widest + 2);
        out += fields[i].doc.empty() ? types[i]
                                     : pad(types[i], std::min<std::size_t>(widest_type, 40) + 2);
        out += fields[i].doc + "\n";
    }
}

std::string row_text(const HelpRow& row) {
    std::string out = signature(row) + "\n";
    if (!row.doc.empty()) out += "  " + row.doc + "\n";
    list_fields(out, "parameters", row.params);
    list_fields(out, "options", row.options);
    if (!row.example.empty()) {
        out += "  example\n";
        std::istringstream lines(row.example);
        for (std::string line; std::getline(lines, line);) out += "    " + line + "\n";
    }
    return out;
}

// One line for each member: name and doc.
std::string members_text(const std::string& title, const std::vector<const HelpRow*>& rows) {
    std::string out = title + "\n";
    std::size_t widest = 0;
    for (const HelpRow* row : rows) widest = std::max(widest, row->name.size());
    for (const HelpRow* row : rows) {
        out += "  " + pad(row->name, widest + 2) + row->doc + "\n";
    }
    return out;
}

std::string overview(Rows& rows) {
    std::string out =
        "?name        what a function does: its parameters, options and an example\n"
        "??name       its source, with file and line or the entry's number\n"
        "?module      what is in a module or class (?models, ?Tokenizer)\n"
        ":help words  search all of it      :help alone lists the commands\n"
        "Tab          completes names, members, option names, keys and paths\n"
        "_ _1 _2 …    the last result, and those of entries 1, 2, …   _err the last error\n"
        "expr;        runs without printing                           Ctrl-C stops what runs\n";
    std::vector<std::string> owners;
    for (const HelpRow& row : rows.all()) {
        std::string owner = row.name.substr(0, row.name.find_first_of(".:"));
        if (std::find(owners.begin(), owners.end(), owner) == owners.end()) owners.push_back(owner);
    }
    if (owners.empty()) return out;
    out += "there is help for:";
    for (const auto& owner : owners) out += " " + owner;
    return out + "\n";
}

std::string function_text(lua_State* L, int index, const std::string& topic) {
    lua_Debug record;
    lua_pushvalue(L, index);
    lua_getinfo(L, ">Su", &record);
    if (record.what[0] == 'C') return topic + "(…)\n  a built-in function of Lua or a module\n";
    std::string names;
    lua_pushvalue(L, index);
    for (int i = 1; const char* name = lua_getlocal(L, nullptr, i); ++i) {
        names += (names.empty() ? "" : ", ") + std::string(name);
        lua_pushvalue(L, index);
    }
    lua_pop(L, 1);
    std::string out = topic + "(" + names + ")\n";
    if (record.linedefined > 0) {
        std::istringstream comment(comment_above(chunk_text(L, record.source),
                                                 static_cast<std::size_t>(record.linedefined)));
        for (std::string line; std::getline(comment, line);) out += "  " + line + "\n";
    }
    return out + "  a Lua function, defined in " + record.short_src + ":" +
           std::to_string(record.linedefined) + "   ??" + topic + " shows it\n";
}

std::string value_text(lua_State* L, Rows& rows, const std::string& topic) {
    int index = lua_gettop(L);
    if (lua_isfunction(L, index)) return function_text(L, index, topic);
    std::string name = class_name(L, index), type = luaL_typename(L, index);
    auto members = rows.members(name);
    if (!name.empty() && !members.empty()) {
        return members_text(topic + " is a " + name, members);
    }
    std::string out = topic + " is a " + (name.empty() ? type : name + " (" + type + ")") + "\n";
    auto fields = members_of(L, index);
    std::sort(fields.begin(), fields.end(),
              [](const Member& a, const Member& b) { return a.name < b.name; });
    if (fields.empty()) return out;
    out += "  fields:";
    for (std::size_t i = 0; i < fields.size() && i < 60; ++i) {
        out += " " + fields[i].name + (fields[i].function ? "()" : "");
    }
    return out + (fields.size() > 60 ? " …\n" : "\n");
}

std::string unknown(lua_State* L, Rows& rows, const std::string& topic) {
    std::vector<std::string> names, full;
    for (const HelpRow& row : rows.all()) {
        std::size_t divider = row.name.find_last_of(".:");
        names.push_back(row.name);
        full.push_back(row.name);
        if (divider == std::string::npos) continue;
        names.push_back(row.name.substr(divider + 1));
        full.push_back(row.name);
        names.push_back(row.name.substr(0, divider));
        full.push_back(row.name.substr(0, divider));
    }
    lua_pushvalue(L, LUA_GLOBALSINDEX);
    for (const Member& member : members_of(L, lua_gettop(L))) {
        names.push_back(member.name);
        full.push_back(member.name);
    }
    lua_pop(L, 1);
    std::vector<std::string> near;
    for (const auto& name : nearest(topic, names, 12)) {
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (names[i] != name) continue;
            if (std::find(near.begin(), near.end(), full[i]) == near.end()) near.push_back(full[i]);
        }
    }
    std::string out = "nothing is known of '" + topic + "'\n";
    if (near.empty()) return out + "  :help words searches all help\n";
    out += "  did you mean";
    for (std::size_t i = 0; i < near.size() && i < 5; ++i) out += (i ? ", " : " ") + near[i];
    return out + "?\n";
}

struct Job {
    const SessionLocals* locals;
    Rows* rows;
    const std::string* topic;
    std::string text;
};

// The row that a topic means: by its name, else `m:generate` of a variable m by m's class.
const HelpRow* row_of(lua_State* L, const SessionLocals& locals, Rows& rows,
                      const std::string& topic) {
    std::string dotted = topic;
    std::replace(dotted.begin(), dotted.end(), ':', '.');
    for (const std::string& name : {topic, dotted}) {
        if (const HelpRow* row = rows.find(name)) return row;
    }
    auto owner = split_chain(topic);
    if (owner.size() < 2) return nullptr;
    std::string last = owner.back();
    owner.pop_back();
    if (!push_chain(L, locals, owner)) return nullptr;
    std::string name = class_name(L, lua_gettop(L));
    lua_pop(L, 1);
    const HelpRow* row = rows.find(name + ":" + last);
    return row ? row : rows.find(name + "." + last);
}

// Every row whose last name this is.
std::vector<const HelpRow*> rows_called(Rows& rows, const std::string& name) {
    std::vector<const HelpRow*> same;
    for (const HelpRow& row : rows.all()) {
        std::size_t divider = row.name.find_last_of(".:");
        if (divider != std::string::npos && row.name.substr(divider + 1) == name)
            same.push_back(&row);
    }
    return same;
}

// Pushes the Lua function that the topic means, unless it is the stdlib's stub of a row.
bool push_function(lua_State* L, const SessionLocals& locals, const std::string& topic) {
    auto chain = split_chain(topic);
    if (!push_chain(L, locals, chain)) return false;
    lua_Debug record;
    if (lua_isfunction(L, -1) && !lua_iscfunction(L, -1)) {
        lua_pushvalue(L, -1);
        lua_getinfo(L, ">S", &record);
        if (std::string(record.source).find("init.lua") == std::string::npos) return true;
    }
    lua_pop(L, 1);
    return false;
}

int source_job(lua_State* L) {
    auto* job = static_cast<Job*>(lua_touserdata(L, 1));
    if (push_function(L, *job->locals, *job->topic)) {
        job->text = function_source(L, *job->topic);
        if (!job->text.empty()) return 0;
    }
    const HelpRow* row = row_of(L, *job->locals, *job->rows, *job->topic);
    auto same = row ? std::vector<const HelpRow*>{row} : rows_called(*job->rows, *job->topic);
    if (same.size() != 1) return 0;
    job->text = row_source(*same[0]);
    if (!job->text.empty()) return 0;
    bool native = same[0]->library == "base" || same[0]->library == "engine";
    job->text = row_text(*same[0]);
    if (native)
        job->text += "  C++: the row " + same[0]->name + " of bindings/" + same[0]->library +
                     "/, in moonlet_" + same[0]->library + ".so\n";
    return 0;
}

int help_job(lua_State* L) {
    auto* job = static_cast<Job*>(lua_touserdata(L, 1));
    const std::string& topic = *job->topic;
    Rows& rows = *job->rows;
    auto chain = split_chain(topic);
    auto members = rows.members(topic);
    const HelpRow* row = row_of(L, *job->locals, rows, topic);
    if (row) {
        job->text = row_text(*row);
        return 0;
    }
    if (!members.empty()) {
        job->text = members_text(topic, members);
        return 0;
    }
    if (push_chain(L, *job->locals, chain)) {
        job->text = value_text(L, rows, topic);
        return 0;
    }
    // A bare method or function name: every row that ends so.
    std::vector<const HelpRow*> same = rows_called(rows, topic);
    if (same.empty()) {
        job->text = unknown(L, rows, topic);
    } else if (same.size() == 1) {
        job->text = row_text(*same[0]);
    } else {
        job->text = members_text(topic + " is in", same);
    }
    return 0;
}

}  // namespace

std::string help_text(lua_State* L, const SessionLocals& locals, Rows& rows,
                      const std::string& topic) {
    if (topic.empty()) return overview(rows);
    Job job{&locals, &rows, &topic, {}};
    if (lua_cpcall(L, help_job, &job) != 0) {
        lua_pop(L, 1);
        return "no memory for help\n";
    }
    return job.text;
}

std::string help_source(lua_State* L, const SessionLocals& locals, Rows& rows,
                        const std::string& topic) {
    if (topic.empty()) return overview(rows);
    Job job{&locals, &rows, &topic, {}};
    if (lua_cpcall(L, source_job, &job) != 0) {
        lua_pop(L, 1);
        return "no memory for help\n";
    }
    return job.text.empty() ? help_text(L, locals, rows, topic) : job.text;
}

std::string wrapped(const std::string& text, int width) {
    std::string out;
    width = std::max(width, 12);
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = std::min(text.find('\n', at), text.size());
        std::string line = text.substr(at, end - at);
        at = end + 1;
        std::size_t margin = std::min(line.find_first_not_of(' '), line.size());
        std::string indent(std::min<std::size_t>(margin + 2, static_cast<std::size_t>(width) / 2),
                           ' ');
        while (text_width(line) > width) {
            std::string head = fit_width(line, width);
            std::size_t blank = head.find_last_of(' ');
            bool early = blank == std::string::npos || blank <= indent.size();
            if (line[head.size()] == ' ') blank = head.size(), early = false;
            std::size_t cut = early ? head.size() : blank;
            std::size_t next = line.find_first_not_of(' ', cut);
            out += line.substr(0, line.find_last_not_of(' ', cut - 1) + 1) + "\n";
            line = next == std::string::npos ? "" : indent + line.substr(next);
        }
        out += line + (at <= text.size() ? "\n" : "");
    }
    return out;
}

}  // namespace moonlet
