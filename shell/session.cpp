// SPDX-License-Identifier: Apache-2.0
#include "shell/session.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <unistd.h>
#include <lua.hpp>

#include "bindings/lua_state.h"
#include "shell/entry_kinds.h"
#include "shell/error_hint.h"
#include "shell/error_sites.h"
#include "shell/object_text.h"
#include "shell/plain_data.h"
#include "shell/progress_screen.h"

namespace moonlet {
namespace {

constexpr long kKeptEntries = 200;

int is_plain_value(lua_State* L) {
    lua_pushboolean(L, is_plain(L, 1));
    return 1;
}

// Moves to a new line on a terminal unless the cursor is at the start of one: the terminal wrote
// ^C, or an answer was cut within a line. Blanks to the end of the row wrap only if something is
// there.
std::string fresh_line(int width) {
    if (!isatty(STDERR_FILENO)) return {};
    return std::string(static_cast<std::size_t>(std::max(width - 1, 1)), ' ') + "\r";
}

double clock_seconds(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Protected: formats the values above the argument's; what it has to do stands in the struct.
struct PrintJob {
    int first, count;
    int print;  // reference of the original print
    PrintLimits limits;
    std::string text;
    bool printed = false;  // the user's own print did it
};

// The stack is [values…] in the caller's state; a C function sees only its own frame, so the values
// are passed as arguments, the job last.
int print_job(lua_State* L) {
    auto* job = static_cast<PrintJob*>(lua_touserdata(L, -1));
    lua_pop(L, 1);
    lua_getglobal(L, "print");
    lua_rawgeti(L, LUA_REGISTRYINDEX, job->print);
    bool original = lua_rawequal(L, -1, -2) || lua_isnil(L, -2);
    lua_pop(L, 1);
    if (!original) {
        lua_insert(L, 1);
        lua_call(L, job->count, 0);
        job->printed = true;
        return 0;
    }
    lua_pop(L, 1);
    // An object may say less (or more) at the prompt than its text: metatable field __display.
    if (job->count == 1 && luaL_getmetafield(L, 1, "__display")) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 1);
        if (lua_type(L, -1) == LUA_TSTRING) {
            job->text = fit_object(L, 1, lua_tostring(L, -1), job->limits.width);
            return 0;
        }
        lua_pop(L, 1);
    }
    job->text = format_values(L, 1, job->count, job->limits);
    return 0;
}

void write_values(const PrintJob& job) {
    if (!job.printed) {
        std::fwrite(job.text.data(), 1, job.text.size(), stdout);
        if (job.text.empty() || job.text.back() != '\n') std::fputc('\n', stdout);
    }
    std::fflush(stdout);
}

struct Screen {
    int width;
    bool color;
};

int tell_stdlib(lua_State* L) {
    auto* screen = static_cast<Screen*>(lua_touserdata(L, 1));
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    lua_getfield(L, -1, "moonlet.session");
    if (lua_isnil(L, -1)) return 0;
    lua_getglobal(L, "require");
    lua_pushliteral(L, "moonlet.session");
    lua_call(L, 1, 1);
    if (!lua_istable(L, -1)) return 0;
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "interactive");
    lua_pushinteger(L, screen->width);
    lua_setfield(L, -2, "width");
    lua_pushboolean(L, screen->color);
    lua_setfield(L, -2, "color");
    return 0;
}

}  // namespace

Session::Session(lua_State* L, bool color)
    : L_(L), color_(color), locals_(L), undo_(L, locals_, is_plain_value) {
    lua_newtable(L);
    kept_ = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    weak_ = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_getglobal(L, "print");
    print_ = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_getglobal(L, "tostring");
    lua_setfield(L, LUA_REGISTRYINDEX, "moonlet.tostring");
    set_entry_texts(L, &entry_text_);
    install_error_notes(L);
}

Session::~Session() { set_entry_texts(L_, nullptr); }

bool Session::is_complete(const std::string& text) const {
    return parse_entry(L_, text, "=(input)").state != ParseState::incomplete;
}

void Session::show(const std::string& text) const {
    shown_error_ += text + (text.empty() || text.back() != '\n' ? "\n" : "");
    std::fflush(stdout);
    std::size_t line = text.find('\n', 1);
    std::string first = text.substr(0, line);
    std::string rest = line == std::string::npos ? "" : text.substr(line);
    std::string out = color_ ? "\x1b[31m" + first + "\x1b[0m" + rest : text;
    if (out.empty() || text.back() != '\n') out += "\n";
    std::fwrite(out.data(), 1, out.size(), stderr);
    std::fflush(stderr);
}

bool Session::run(const std::string& text, bool pending_interrupt, RunTimes* times) {
    entries_.push_back({text, false, {}, false});
    shown_error_.clear();
    for (const auto& listener : early_listeners_) listener(text, entries_.size());
    undo_.begin();
    EntryRecord record;
    record.columns = width_;
    begin_record(L_, record);
    std::size_t number = entries_.size();
    std::string chunk_name = "=(" + std::to_string(number) + ")";
    ParsedEntry parsed = parse_entry(L_, text, chunk_name);
    bool succeeded = false;
    if (parsed.state == ParseState::complete) {
        record.code = parsed.code;
        record.expression = parsed.expression;
        record.silent = parsed.silent;
        succeeded = call(parsed, chunk_name, pending_interrupt, times, record);
    } else {
        std::string message = parsed.message;
        if (parsed.state == ParseState::incomplete) message = chunk_name.substr(1) + ": unfinished";
        remember_error(message);
        message += "\n";
        if (parsed.error_line > 0) {
            std::string line(line_text(text, parsed.error_line));
            message += source_line(parsed.error_line, line, parsed.error_column,
                                   parsed.error_column + 1, width_, color_);
            std::string hint =
                hint_of_syntax(text, line_begin(text, parsed.error_line) + parsed.error_column);
            if (!hint.empty()) message += "  " + hint + "\n";
        }
        show(message);
    }
    end_record(L_, record);
    undo_.end(number);
    if (undo_.changed(number)) undone_.clear();
    record.error = std::move(shown_error_);
    record.kinds = kinds_of_names(L_, locals_, record.code);
    Entry& entry = entries_[number - 1];
    entry.succeeded = succeeded;
    entry.record = std::move(record);
    for (const auto& listener : listeners_) listener(entry, number);
    return succeeded;
}

bool Session::call(const ParsedEntry& entry, const std::string& chunk_name, bool pending_interrupt,
                   RunTimes* times, EntryRecord& record) {
    int base = lua_gettop(L_);
    auto results = [this](long n) { return push_result(n); };
    std::string problem = locals_.compile(entry.code, entry.expression, chunk_name, results);
    if (!problem.empty()) {
        remember_error(problem);
        show(problem);
        return false;
    }
    // Also one that came between Enter and here.
    pending_interrupt = pending_interrupt || interrupt_flag().load() != kInterruptNone;
    reset_interrupt();
    if (pending_interrupt) std::raise(SIGINT);
    double wall = clock_seconds(CLOCK_MONOTONIC), cpu = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
    CallStatus status = call_protected(L_, 0, LUA_MULTRET, collect_error);
    if (times) {
        times->wall_seconds = clock_seconds(CLOCK_MONOTONIC) - wall;
        times->cpu_seconds = clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    }
    end_progress();
    bool partial = interrupt_flag().load() == kInterruptDelivered;
    std::string where = interrupt_location();
    reset_interrupt();
    std::fflush(stdout);
    bool succeeded = status == CallStatus::ok;
    record.interrupted = partial || status == CallStatus::interrupted;
    if (succeeded) {
        int count = lua_gettop(L_) - base;
        record.values = count;
        remember(base + 1, count);
        if (count > 0 && !entry.silent) succeeded = print_values(base + 1, count);
        if (partial) show(fresh_line(width_) + "interrupted: this is what there was");
    } else if (status == CallStatus::interrupted) {
        std::string text = "interrupted" + (where.empty() ? "" : " at " + where);
        remember_error(text);
        show(fresh_line(width_) + text);
    } else {
        show_failure();
    }
    lua_settop(L_, base);
    return succeeded;
}

// The error on the top of the stack becomes _err, and is shown.
void Session::show_failure() {
    ErrorText error = take_error(L_, width_);
    if (is_plain(L_, lua_gettop(L_))) {
        lua_pushvalue(L_, -1);
        locals_.set("_err");
    } else {
        remember_error(error.message);
    }
    show(show_error(error, width_, color_));
}

bool Session::run_aside(const std::string& text, const std::string& chunk_name) {
    int base = lua_gettop(L_);
    std::string problem =
        locals_.compile(text, false, chunk_name, [this](long n) { return push_result(n); });
    if (!problem.empty()) {
        show(problem);
        return false;
    }
    // No reset before: Ctrl-C may have been pressed for it already.
    CallStatus status = call_protected(L_, 0, 0, collect_error);
    reset_interrupt();
    if (status == CallStatus::failed) show_failure();
    if (status == CallStatus::interrupted) show(fresh_line(width_) + "interrupted");
    lua_settop(L_, base);
    return status == CallStatus::ok;
}

void Session::inspect(const std::string& text) {
    ParsedEntry parsed = parse_entry(L_, text, "=(debug)");
    int base = lua_gettop(L_);
    std::string problem = parsed.message;
    if (parsed.state == ParseState::complete)
        problem = locals_.compile(parsed.code, parsed.expression, "=(debug)",
                                  [this](long n) { return push_result(n); });
    if (!problem.empty() || parsed.state != ParseState::complete) return show(problem);
    reset_interrupt();
    CallStatus status = call_protected(L_, 0, LUA_MULTRET, collect_error);
    reset_interrupt();
    int count = lua_gettop(L_) - base;
    if (status == CallStatus::ok && count > 0 && !parsed.silent) print_values(base + 1, count);
    if (status == CallStatus::failed) show_failure();
    lua_settop(L_, base);
}

void Session::skip_to(std::size_t number) {
    while (entries_.size() + 1 < number) entries_.emplace_back();
}

bool Session::print_values(int first, int count) {
    PrintJob job{first, count, print_, {}, {}};
    job.limits.width = width_;
    int base = lua_gettop(L_);
    luaL_checkstack(L_, count + 4, "too many values");
    lua_pushcfunction(L_, print_job);
    for (int i = 0; i < count; ++i) lua_pushvalue(L_, first + i);
    lua_pushlightuserdata(L_, &job);
    CallStatus status = call_protected(L_, count + 1, 0, collect_error);
    reset_interrupt();
    if (status == CallStatus::ok) {
        write_values(job);
    } else if (status == CallStatus::interrupted) {
        show("interrupted while printing");
    } else {
        show(show_error(take_error(L_, width_), width_, color_));
    }
    lua_settop(L_, base);
    return status == CallStatus::ok;
}

// Runs inside the entry, whose frame protects it: errors go up to it.
void Session::take_values(int first, int count, bool print) {
    remember(first, count);
    if (!print || count == 0) return;
    PrintJob job{first, count, print_, {}, {}};
    job.limits.width = width_;
    luaL_checkstack(L_, count + 4, "too many values");
    lua_pushcfunction(L_, print_job);
    for (int i = 0; i < count; ++i) lua_pushvalue(L_, first + i);
    lua_pushlightuserdata(L_, &job);
    lua_call(L_, count + 1, 0);
    write_values(job);
}

void Session::set_width(int columns) {
    width_ = columns;
    Screen screen{columns, color_ && isatty(STDOUT_FILENO)};
    if (lua_cpcall(L_, tell_stdlib, &screen) != 0) lua_pop(L_, 1);
}

void Session::remember(int first, int count) {
    if (count == 0 || lua_isnil(L_, first)) return;
    long number = static_cast<long>(entries_.size());
    lua_pushvalue(L_, first);
    locals_.set("_");
    bool plain = is_plain(L_, first);
    if (!plain && lua_type(L_, first) == LUA_TSTRING) return;  // weak tables keep strings for ever
    lua_rawgeti(L_, LUA_REGISTRYINDEX, plain ? kept_ : weak_);
    lua_pushvalue(L_, first);
    lua_rawseti(L_, -2, static_cast<int>(number));
    lua_pop(L_, 1);
    lua_rawgeti(L_, LUA_REGISTRYINDEX, kept_);
    while (forgotten_ < number - kKeptEntries) {  // not every entry comes here
        lua_pushnil(L_);
        lua_rawseti(L_, -2, static_cast<int>(++forgotten_));
    }
    lua_pop(L_, 1);
}

void Session::remember_error(const std::string& text) {
    lua_pushlstring(L_, text.data(), text.size());
    locals_.set("_err");
}

bool Session::push_result(long number) const {
    if (number < 1 || number > static_cast<long>(entries_.size())) return false;
    if (entries_[static_cast<std::size_t>(number) - 1].undone) return false;
    for (int table : {kept_, weak_}) {
        lua_rawgeti(L_, LUA_REGISTRYINDEX, table);
        lua_rawgeti(L_, -1, static_cast<int>(number));
        lua_remove(L_, -2);
        if (!lua_isnil(L_, -1)) return true;
        lua_pop(L_, 1);
    }
    return false;
}

std::string Session::prompt(const char* name, const char* otherwise) {
    int base = lua_gettop(L_);
    lua_pushstring(L_, name);
    lua_rawget(L_, LUA_GLOBALSINDEX);
    if (lua_isfunction(L_, -1)) {
        CallStatus status = call_protected(L_, 0, 1, nullptr);
        reset_interrupt();
        if (status != CallStatus::ok) lua_settop(L_, base);
    }
    const char* text = lua_gettop(L_) > base ? lua_tostring(L_, -1) : nullptr;
    std::string result = text ? text : otherwise;
    lua_settop(L_, base);
    return result;
}

}  // namespace moonlet
