// SPDX-License-Identifier: Apache-2.0
#include "shell/session_record.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include <fcntl.h>
#include <unistd.h>
#include <lua.hpp>

#include "bindings/lua_state.h"
#include "shell/data_text.h"
#include "shell/replay.h"
#include "shell/saved_session.h"
#include "shell/secrets.h"
#include "shell/whole_file.h"

namespace moonlet {
namespace {

constexpr std::string_view kFirst = "{\"moonlet_record\":1";

void append(int file, const std::string& line) {
    std::string text = line + "\n";
    if (::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size())) return;
    static bool said = false;
    if (!said) std::fprintf(stderr, "moonlet: the record is not whole: %s\n", std::strerror(errno));
    said = true;
}

int encode(lua_State* L) {
    std::string text;
    std::string problem = write_plain(L, 1, &text);
    if (problem.empty()) {
        lua_pushlstring(L, text.data(), text.size());
    } else {
        lua_pushlstring(L, problem.data(), problem.size());
    }
    return 1;
}

// Upvalue 1: the file.
int emit(lua_State* L) {
    std::string text;
    std::string problem = write_plain(L, 1, &text);
    if (!problem.empty()) {
        text = "{\"lost\":" + json_string(problem) + "}";
    }
    append(static_cast<int>(lua_tointeger(L, lua_upvalueindex(1))), text);
    return 0;
}

struct Job {
    int file = -1;  // recording
    const char* function = nullptr;
    int rows = LUA_NOREF;  // replaying: the calls
};

// Protected: require("moonlet.recording")[job.function]({encode=, emit=}, rows)
int call_recording(lua_State* L) {
    auto* job = static_cast<Job*>(lua_touserdata(L, 1));
    lua_getglobal(L, "require");
    lua_pushliteral(L, "moonlet.recording");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, job->function);
    lua_newtable(L);
    lua_pushcfunction(L, encode);
    lua_setfield(L, -2, "encode");
    lua_pushinteger(L, job->file);
    lua_pushcclosure(L, emit, 1);
    lua_setfield(L, -2, "emit");
    if (job->rows != LUA_NOREF) lua_rawgeti(L, LUA_REGISTRYINDEX, job->rows);
    lua_call(L, job->rows != LUA_NOREF ? 2 : 1, 0);
    return 0;
}

std::string call_protected_job(lua_State* L, Job& job) {
    int base = lua_gettop(L);
    lua_pushcfunction(L, call_recording);
    lua_pushlightuserdata(L, &job);
    std::string problem;
    CallStatus status = call_protected(L, 1, 0, nullptr);
    if (status == CallStatus::interrupted) problem = "interrupted";
    if (status == CallStatus::failed)
        problem = lua_tostring(L, -1) ? lua_tostring(L, -1) : "it failed";
    if (status == CallStatus::interrupted) reset_interrupt();
    lua_settop(L, base);
    return problem;
}

std::string hex(const std::string& bytes) {
    std::string text;
    for (char c : bytes) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(c));
        text += digits;
    }
    return text;
}

std::string unhex(const std::string& digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        bytes += static_cast<char>(std::strtol(digits.substr(i, 2).c_str(), nullptr, 16));
    return bytes;
}

struct RecordedEntry {
    std::string text;
    int columns = 80;
    bool ran = false, worked = false, interrupted = false;
    std::string seeds, random, output;
};

// Fields of the table on the top.
std::string text_field(lua_State* L, const char* name) {
    lua_getfield(L, -1, name);
    std::size_t size = 0;
    const char* text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : "";
    std::string result(text, size);
    lua_pop(L, 1);
    return result;
}

long number_field(lua_State* L, const char* name) {
    lua_getfield(L, -1, name);
    long result = lua_isnumber(L, -1) ? static_cast<long>(lua_tonumber(L, -1)) : 0;
    lua_pop(L, 1);
    return result;
}

bool flag_field(lua_State* L, const char* name) {
    lua_getfield(L, -1, name);
    bool result = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return result;
}

// Entries by number; the calls become a table, its registry reference in *calls.
bool read_record(lua_State* L, const std::string& text, std::map<long, RecordedEntry>* entries,
                 int* calls) {
    lua_newtable(L);
    int list = lua_gettop(L), count = 0;
    std::size_t line = 0;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = std::min(text.find('\n', at), text.size());
        bool whole = end < text.size();
        bool good = read_plain_data(L, std::string_view(text).substr(at, end - at));
        at = end + 1;
        ++line;
        if (!good) {
            if (!whole) break;  // its shell died within it
            std::fprintf(stderr, "moonlet: line %zu of the record cannot be read\n", line);
            lua_pop(L, 1);
            return false;
        }
        if (lua_istable(L, -1)) {
            if (long number = number_field(L, "entry")) {
                RecordedEntry& entry = (*entries)[number];
                entry.text = text_field(L, "text");
                entry.columns = static_cast<int>(number_field(L, "columns"));
            } else if (long ran = number_field(L, "ran")) {
                RecordedEntry& entry = (*entries)[ran];
                entry.ran = true;
                entry.worked = flag_field(L, "worked");
                entry.interrupted = flag_field(L, "interrupted");
                entry.seeds = text_field(L, "seeds");
                entry.random = text_field(L, "random");
                entry.output = text_field(L, "output");
            } else if (!text_field(L, "call").empty() || !text_field(L, "load").empty()) {
                lua_pushvalue(L, -1);
                lua_rawseti(L, list, ++count);
            }
        }
        lua_pop(L, 1);
    }
    *calls = luaL_ref(L, LUA_REGISTRYINDEX);
    return true;
}

}  // namespace

SessionRecorder::~SessionRecorder() {
    if (file_ >= 0) ::close(file_);
}

std::string SessionRecorder::start(Session& session, const std::string& path) {
    std::string before;
    bool there = ::access(path.c_str(), F_OK) == 0;
    if (there && (!read_whole(path, &before) || (!before.empty() && !is_session_record(before))))
        return "it is there already and is no record";
    file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (file_ < 0) return std::strerror(errno);
    append(file_, std::string(kFirst) + ",\"version\":\"" MOONLET_VERSION "\"}");
    lua_State* L = session.lua();
    Job job{file_, "start", LUA_NOREF};
    std::string problem = call_protected_job(L, job);
    if (!problem.empty())
        std::fprintf(stderr, "moonlet: no model calls are recorded: %s\n", problem.c_str());
    session.before_entry([this, &session](const std::string& text, std::size_t number) {
        append(file_, "{\"entry\":" + std::to_string(number) +
                          ",\"text\":" + json_string(without_keys(text)) +
                          ",\"columns\":" + std::to_string(session.width()) + "}");
        Job entry{file_, "entry", LUA_NOREF};
        call_protected_job(session.lua(), entry);
    });
    session.after_entry([this](const Entry& entry, std::size_t number) {
        const EntryRecord& record = entry.record;
        std::string line = "{\"ran\":" + std::to_string(number) +
                           ",\"worked\":" + (entry.succeeded ? "true" : "false");
        if (record.interrupted) line += ",\"interrupted\":true";
        if (!record.seeds.empty()) line += ",\"seeds\":\"" + record.seeds + "\"";
        if (record.random_before != record.random_after)
            line += ",\"random\":\"" + hex(record.random_before) + "\"";
        if (!record.output.empty()) line += ",\"output\":" + json_string(record.output);
        std::string error;
        for (const auto& each : output_lines(record.error)) error += each + "\n";
        if (!error.empty()) line += ",\"error\":" + json_string(error);
        append(file_, line + "}");
    });
    return {};
}

bool is_session_record(std::string_view text) { return text.substr(0, kFirst.size()) == kFirst; }

ScriptResult replay_record(Session& session, const std::string& text) {
    lua_State* L = session.lua();
    std::map<long, RecordedEntry> entries;
    int calls = LUA_NOREF;
    if (!read_record(L, text, &entries, &calls)) return ScriptResult::failed;
    Job job{-1, "replay", calls};
    std::string problem = call_protected_job(L, job);
    luaL_unref(L, LUA_REGISTRYINDEX, calls);
    if (!problem.empty()) {
        std::fprintf(stderr, "moonlet: the record's model calls cannot be used: %s\n",
                     problem.c_str());
        return ScriptResult::failed;
    }
    std::size_t same = 0, compared = 0;
    for (const auto& [number, entry] : entries) {
        session.skip_to(static_cast<std::size_t>(number));
        print_input(entry.text);
        if (!entry.ran) {
            std::fprintf(stderr,
                         "moonlet: entry (%ld) did not end when it was recorded; it and "
                         "those behind it are not run\n",
                         number);
            break;
        }
        session.set_width(entry.columns);
        if (!entry.seeds.empty() &&
            entry.seeds.find_first_not_of("0123456789") == std::string::npos)
            session.run_aside("require('moonlet.replay').seeds(" + entry.seeds + ")", "=(replay)");
        if (!entry.random.empty()) set_random_state(L, unhex(entry.random));
        bool worked = session.run(entry.text);
        const EntryRecord& now = session.entries().back().record;
        if (now.interrupted && !entry.interrupted) return ScriptResult::interrupted;
        if (entry.interrupted) continue;  // it was ended by hand
        ++compared;
        auto recorded = output_lines(entry.output), printed = output_lines(now.output);
        if (worked == entry.worked && same_lines(recorded, printed)) {
            ++same;
            continue;
        }
        std::string said = "entry (" + std::to_string(number) + ") ";
        if (worked != entry.worked) said += worked ? "failed then, and works now" : "worked then";
        else said += "printed something else";
        said += ": - recorded, + now\n" + output_difference(recorded, printed, session.color());
        std::fwrite(said.data(), 1, said.size(), stderr);
    }
    std::fprintf(stderr, "replay: %zu of %zu entries printed what is recorded\n", same, compared);
    return same == compared ? ScriptResult::ok : ScriptResult::failed;
}

}  // namespace moonlet
