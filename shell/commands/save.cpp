// SPDX-License-Identifier: Apache-2.0
// :save — the session as a file (saved_session.h): the entries that worked, runnable. `:save!` also
// writes over a file that is there. The file appears whole or not at all.
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>
#include <lua.hpp>

#include "bindings/lua_state.h"
#include "shell/commands.h"
#include "shell/saved_session.h"

namespace moonlet {
namespace {

namespace fs = std::filesystem;

// "" when it was written, else what went wrong.
std::string write_whole(const std::string& path, const std::string& text) {
    std::string temporary = path + ".tmp" + std::to_string(::getpid());
    int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return std::strerror(errno);
    std::size_t done = 0;
    bool good = true;
    while (good && done < text.size()) {
        ssize_t n = ::write(fd, text.data() + done, text.size() - done);
        if (n > 0) done += static_cast<std::size_t>(n);
        good = n > 0 || errno == EINTR;
    }
    good = good && ::fsync(fd) == 0;
    std::string problem = good ? "" : std::strerror(errno);
    ::close(fd);
    if (good && ::rename(temporary.c_str(), path.c_str()) != 0) problem = std::strerror(errno);
    if (!problem.empty()) ::unlink(temporary.c_str());
    return problem;
}

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
            if (!entry.succeeded || hashes.count(model.path)) continue;
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

std::string save(CommandContext& context, const std::string& argument, bool over) {
    std::string path = argument;
    const char* home = std::getenv("HOME");
    if (path.rfind("~/", 0) == 0 && home) path = home + path.substr(1);
    if (path.empty()) return ":save file.lua (:save! writes over one that is there)\n";
    std::error_code failed;
    if (fs::is_directory(path, failed)) return path + " is a folder; give a file's name\n";
    if (!over && fs::exists(path, failed))
        return path + " is there already; :save! " + argument + " writes over it\n";
    Session& session = context.session;
    std::string notes;
    auto hashes = weight_hashes(session, notes);
    SaveReport report = write_saved_session(session.lua(), session.entries(), hashes, now());
    if (report.saved == 0) return "nothing to save: no entry has worked yet\n";
    std::string problem = write_whole(path, report.text);
    if (!problem.empty()) return "cannot write " + path + ": " + problem + "\n";
    std::string out = "saved " + count(report.saved, "entry", "entries") + " to " + path;
    if (report.failed) out += "; " + std::to_string(report.failed) + " that failed left out";
    if (report.seeds) out += "; " + count(report.seeds, "seed", "seeds") + " pinned";
    if (report.weights) out += "; " + count(report.weights, "model", "models") + " pinned";
    out += "\n" + notes;
    for (const auto& warning : report.warnings) out += "  " + warning + "\n";
    return out;
}

std::string run_save(CommandContext& context, const std::string& path) {
    return save(context, path, false);
}

std::string run_save_over(CommandContext& context, const std::string& path) {
    return save(context, path, true);
}

const CommandRegistrar row{
    {"save", "file", "the entries that worked as a script; --replay compares it", run_save}};
const CommandRegistrar over{
    {"save!", "file", "the same, over a file that is there", run_save_over}};

}  // namespace
}  // namespace moonlet
