// SPDX-License-Identifier: Apache-2.0
#include "shell/help.h"

#include <algorithm>
#include <sstream>

#include <lua.hpp>

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
    return topic + "(" + names + ")\n  a Lua function, defined in " + record.short_src + ":" +
           std::to_string(record.linedefined) + "\n";
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

int help_job(lua_State* L) {
    auto* job = static_cast<Job*>(lua_touserdata(L, 1));
    const std::string& topic = *job->topic;
    Rows& rows = *job->rows;
    auto chain = split_chain(topic);
    std::string dotted = topic;
    std::replace(dotted.begin(), dotted.end(), ':', '.');
    for (const std::string& name : {topic, dotted}) {
        if (const HelpRow* row = rows.find(name)) {
            job->text = row_text(*row);
            return 0;
        }
    }
    auto members = rows.members(topic);
    if (!members.empty()) {
        job->text = members_text(topic, members);
        return 0;
    }
    // m:generate of a variable m: the row of its class.
    if (chain.size() > 1) {
        auto owner = chain;
        owner.pop_back();
        if (push_chain(L, *job->locals, owner)) {
            std::string name = class_name(L, lua_gettop(L));
            const HelpRow* row = rows.find(name + ":" + chain.back());
            if (!row) row = rows.find(name + "." + chain.back());
            if (row) {
                job->text = row_text(*row);
                return 0;
            }
        }
    }
    if (push_chain(L, *job->locals, chain)) {
        job->text = value_text(L, rows, topic);
        return 0;
    }
    // A bare method or function name: every row that ends so.
    std::vector<const HelpRow*> same;
    for (const HelpRow& row : rows.all()) {
        std::size_t divider = row.name.find_last_of(".:");
        if (divider != std::string::npos && row.name.substr(divider + 1) == topic)
            same.push_back(&row);
    }
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

std::string search_help(Rows& rows, const std::string& words) {
    auto lower = [](std::string text) {
        for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        return text;
    };
    std::vector<std::string> wanted;
    std::istringstream stream(lower(words));
    for (std::string word; stream >> word;) wanted.push_back(word);
    std::vector<std::pair<int, const HelpRow*>> hits;
    for (const HelpRow& row : rows.all()) {
        std::string name = lower(row.name), doc = lower(row.doc), options;
        for (const RowField& field : row.options)
            options += lower(field.name + " " + field.doc) + "\n";
        int score = 0;
        for (const auto& word : wanted) {
            int found = name.find(word) != std::string::npos      ? 4
                        : doc.find(word) != std::string::npos     ? 2
                        : options.find(word) != std::string::npos ? 1
                                                                  : 0;
            if (found == 0) {
                score = 0;
                break;
            }
            score += found;
        }
        if (score > 0) hits.emplace_back(score, &row);
    }
    std::stable_sort(hits.begin(), hits.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<const HelpRow*> found;
    for (std::size_t i = 0; i < hits.size() && i < 20; ++i) found.push_back(hits[i].second);
    if (found.empty()) return "no help mentions '" + words + "'\n";
    return members_text("help for '" + words + "'", found);
}

}  // namespace moonlet
