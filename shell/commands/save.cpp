// SPDX-License-Identifier: Apache-2.0
// :save — the session as a file (saved_session.h): the entries that worked, runnable; with names of
// variables those that these depend on. Beside it the variables that are plain data, for :restore.
// `:save!` also writes over a file that is there, and runs the new one in a process of its own to
// see whether it prints the same. Files appear whole or not at all.
#include <algorithm>
#include <ctime>
#include <filesystem>

#include <unistd.h>
#include <lua.hpp>

#include "bindings/lua_state.h"
#include "shell/child_run.h"
#include "shell/commands.h"
#include "shell/lexer.h"
#include "shell/saved_session.h"
#include "shell/slice.h"
#include "shell/state_file.h"
#include "shell/text.h"
#include "shell/whole_file.h"

namespace moonlet {
namespace {

namespace fs = std::filesystem;

struct HashJob {
    OpenedFile model;
    std::string hash;
    bool unchanged = true;
};

int hash_job(lua_State* L) {
    auto* job = static_cast<HashJob*>(lua_touserdata(L, 1));
    lua_getglobal(L, "require");
    lua_pushliteral(L, "moonlet.replay");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "hash");
    lua_pushstring(L, job->model.path.c_str());
    lua_pushstring(L, job->model.stamp.c_str());
    lua_call(L, 2, 2);
    if (lua_isstring(L, -2)) job->hash = lua_tostring(L, -2);
    job->unchanged = lua_toboolean(L, -1);
    return 0;
}

// By path, of what the entries that worked have opened. Hashing is done here, never on loading.
std::map<std::string, std::string> weight_hashes(Session& session, std::string& notes) {
    std::map<std::string, std::string> hashes;
    lua_State* L = session.lua();
    for (const Entry& entry : session.entries()) {
        for (const OpenedFile& model : entry.record.opened) {
            if (!entry.is_saved() || hashes.count(model.path)) continue;
            HashJob job{model, {}};
            int base = lua_gettop(L);
            lua_pushcfunction(L, hash_job);
            lua_pushlightuserdata(L, &job);
            if (call_protected(L, 1, 0, nullptr) != CallStatus::ok) {
                const char* text = lua_tostring(L, -1);
                notes += "  model " + model.name +
                         " is not pinned: " + (text ? text : "interrupted") + "\n";
            }
            reset_interrupt();
            lua_settop(L, base);
            if (!job.unchanged)
                notes += "  model " + model.name + " has changed on disk since it was loaded\n";
            hashes[model.path] = job.hash;
        }
    }
    return hashes;
}

std::string now() {
    std::time_t seconds = std::time(nullptr);
    std::tm local{};
    localtime_r(&seconds, &local);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &local);
    return text;
}

std::string count(std::size_t n, const char* one, const char* many) {
    return std::to_string(n) + " " + (n == 1 ? one : many);
}

// What a slice keeps and why, an entry a line.
std::string describe(const Slice& slice, const std::vector<Entry>& entries, int width) {
    std::string text;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (!slice.kept[i]) continue;
        std::string head = "  (" + std::to_string(i + 1) + ") ";
        std::string line = entries[i].text.substr(0, entries[i].text.find('\n'));
        std::string cut = fit_width(line, std::max(10, width / 2));
        if (cut.size() < entries[i].text.size()) cut += " …";
        text += head + cut + "  -- " + slice.reasons[i] + "\n";
    }
    return text;
}

std::string replayed(const std::string& path, const std::string& written) {
    std::string out = written + "replaying it in a process of its own …\n";
    std::fwrite(out.data(), 1, out.size(), stdout);
    std::fflush(stdout);
    ChildResult child = run_self({"--replay", path});
    if (child.status == -1) return "it could not be started\n";
    if (child.status >= 128) return "interrupted; the file is written\n";
    return child.errors.empty() ? "it said nothing\n" : child.errors;
}

std::string save_state(Session& session, const std::string& path, const std::string& script,
                       const std::vector<std::string>& names) {
    std::set<std::string> wanted(names.begin(), names.end());
    if (names.empty()) wanted = given_names(session.entries());
    StateReport state = write_state(session, wanted, script);
    std::string file = path + ".state";
    if (state.text.empty()) {
        ::unlink(file.c_str());
        return {};
    }
    std::string problem = write_whole(file, state.text, 0600);
    if (!problem.empty()) return "; the variables are not written: " + problem;
    std::string text = "; " + count(state.names.size(), "variable", "variables") + " for :restore";
    for (std::size_t i = 0; i < std::min<std::size_t>(state.left.size(), 3); ++i)
        text += (i ? ", " : ", not ") + state.left[i];
    return text + (state.left.size() > 3 ? " …" : "");
}

std::string save(CommandContext& context, const std::string& argument, bool over) {
    auto words = argument_words(argument);
    if (words.empty())
        return ":save file.lua [variable …] (:save! writes over one that is there)\n";
    std::vector<std::string> names(words.begin() + 1, words.end());
    for (const auto& name : names) {
        if (!is_name(name))
            return "given \"" + name + "\"; wanted the name of a variable behind the file's\n";
    }
    std::string path = expand_home(words[0]);
    std::error_code failed;
    if (fs::is_directory(path, failed)) return path + " is a folder; give a file's name\n";
    if (!over && fs::exists(path, failed))
        return path + " is there already; :save! " + argument + " writes over it\n";
    Session& session = context.session;
    Slice slice;
    if (!names.empty()) {
        slice = slice_session(session.entries(), names);
        if (!slice.unknown.empty())
            return "no entry that worked has given " + slice.unknown[0] + " a value\n";
    }
    std::string notes;
    auto hashes = weight_hashes(session, notes);
    SaveReport report = write_saved_session(session.lua(), session.entries(), hashes, now(),
                                            names.empty() ? nullptr : &slice.kept);
    if (report.saved == 0) return "nothing to save: no entry has worked yet\n";
    std::string problem = write_whole(path, report.text);
    if (!problem.empty()) return "cannot write " + path + ": " + problem + "\n";
    std::string out = "saved " + count(report.saved, "entry", "entries") + " to " + path;
    if (!names.empty()) {
        std::size_t all = 0;
        for (const Entry& entry : session.entries()) all += entry.is_saved();
        out += ", of " + std::to_string(all) + ": what ";
        for (std::size_t i = 0; i < names.size(); ++i) out += (i ? ", " : "") + names[i];
        out += names.size() == 1 ? " depends on" : " depend on";
    }
    if (report.failed && names.empty())
        out += "; " + std::to_string(report.failed) + " that failed left out";
    if (report.seeds) out += "; " + count(report.seeds, "seed", "seeds") + " pinned";
    if (report.weights) out += "; " + count(report.weights, "model", "models") + " pinned";
    out += save_state(session, path, report.text, names) + "\n" + notes;
    if (!names.empty()) out += describe(slice, session.entries(), session.width());
    for (const auto& warning : report.warnings) out += "  " + warning + "\n";
    return over ? replayed(path, out) : out;
}

std::string run_save(CommandContext& context, const std::string& path) {
    return save(context, path, false);
}

std::string run_save_over(CommandContext& context, const std::string& path) {
    return save(context, path, true);
}

const CommandRegistrar row{{"save", "file [names]",
                            "the entries that worked, or what the names need, as a script",
                            run_save}};
const CommandRegistrar over{
    {"save!", "file [names]", "over a file that is there; replays and compares it", run_save_over}};

}  // namespace
}  // namespace moonlet
