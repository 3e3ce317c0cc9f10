// SPDX-License-Identifier: Apache-2.0
// The program: options, then LUA_INIT, -e and -l in order, the script, and the prompt where asked.
// A script that is a saved session runs entry by entry, and a prompt after it goes on with it.
// Exit code: 0, 1 after an error (and when a replay differs), 130 after Ctrl-C in a script, 2 for a
// wrong command line.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>
#include <lua.hpp>

#include "bindings/lua_state.h"
#include "shell/errors.h"
#include "shell/lua_trees.h"
#include "shell/options.h"
#include "shell/output_tee.h"
#include "shell/progress_screen.h"
#include "shell/repl.h"
#include "shell/replay.h"
#include "shell/script.h"
#include "shell/session_record.h"
#include "shell/stdlib_call.h"
#include "shell/subcommands.h"
#include "shell/terminal.h"
#include "shell/terminal_query.h"

namespace moonlet {
namespace {

constexpr int kPressesToKill = 3;  // of Ctrl-C that a script stuck in C does not answer

ScriptResult run_actions(lua_State* L, const Options& options) {
    for (const StartAction& action : options.actions) {
        ScriptResult result = action.kind == StartAction::chunk
                                  ? run_chunk(L, action.text, "=(command line)")
                                  : require_module(L, action.text);
        if (result != ScriptResult::ok) return result;
    }
    return ScriptResult::ok;
}

// The text of the script when it is a saved session, else "". Only files are looked into: what a
// pipe gives can be read once.
std::string saved_session_text(const std::string& path) {
    std::error_code failed;
    if (!std::filesystem::is_regular_file(path, failed)) return {};
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    std::string all = text.str();
    return is_saved_session(all) || is_session_record(all) ? all : "";
}

// Runs it by entries where that is possible, as one chunk otherwise.
ScriptResult run_saved(Session& session, const std::string& text, const Options& options,
                       const std::vector<std::string>& argv) {
    lua_State* L = session.lua();
    if (is_session_record(text)) return replay_record(session, text);
    SavedSession saved = parse_saved_session(L, text);
    std::string problem;
    if (runs_by_entries(L, saved, &problem))
        return run_saved_session(session, saved, options.replay);
    if (!options.replay)
        return run_script(L, argv[static_cast<std::size_t>(options.script)], argv, options.script);
    std::fprintf(stderr, "moonlet: not to be replayed by entries: %s\n", problem.c_str());
    return ScriptResult::failed;
}

int run(const std::vector<std::string>& argv, const Options& options) {
    bool has_script = options.script > 0 && !options.demo;
    std::string script = has_script ? argv[static_cast<std::size_t>(options.script)] : "";
    std::string saved = has_script ? saved_session_text(script) : "";
    std::string demo = options.demo ? argv[static_cast<std::size_t>(options.script)] : "";
    bool something = has_script || options.demo || !options.actions.empty() || options.version;
    bool prompt = options.interactive || options.demo || (!something && isatty(STDIN_FILENO));
    if (options.replay && saved.empty()) {
        std::fprintf(stderr,
                     "moonlet: %s is no saved session and no record; :save and --record "
                     "write them\n",
                     script.c_str());
        return 2;
    }
    // On a terminal bars may stand below what a script prints.
    if (prompt || !saved.empty() || isatty(STDOUT_FILENO)) install_output_tee();
    std::string problem;
    lua_State* L = open_state({options.environment}, &problem);
    if (!L) {
        std::fputs("moonlet: not enough memory\n", stderr);
        return 1;
    }
    if (!problem.empty())
        std::fprintf(stderr, "moonlet: the stdlib did not load: %s\n", problem.c_str());

    install_error_notes(L);
    install_progress(L);
    install_terminal_query(L);
    add_lua_trees(L, options.environment);
    install_interrupt(L, prompt ? 0 : kPressesToKill);
    if (has_script && is_subcommand(script)) {
        int code = run_subcommand(L, {argv.begin() + options.script, argv.end()});
        lua_close(L);
        return code;
    }
    set_arg(L, argv, has_script ? options.script : 0);
    ScriptResult result = options.environment ? run_lua_init(L) : ScriptResult::ok;
    if (options.strict) {
        StdlibAnswer strict = call_stdlib(L, "strict", "on");
        if (!strict.ok) std::fprintf(stderr, "moonlet: --strict: %s\n", strict.text.c_str());
    }
    if (result == ScriptResult::ok) result = run_actions(L, options);
    std::unique_ptr<Session> session;
    if (prompt || !saved.empty())
        session =
            std::make_unique<Session>(L, options.color && Terminal::wants_color(STDERR_FILENO));
    SessionRecorder recorder;
    if (session && !options.record.empty()) {
        std::string why = recorder.start(*session, options.record);
        if (!why.empty()) {
            std::fprintf(stderr, "moonlet: --record %s: %s\n", options.record.c_str(), why.c_str());
            return 2;
        }
    } else if (!options.record.empty()) {
        std::fprintf(stderr,
                     "moonlet: --record writes what is entered at the prompt; -i opens "
                     "one\n");
        return 2;
    }
    if (result == ScriptResult::ok && !saved.empty()) {
        result = run_saved(*session, saved, options, argv);
    } else if (result == ScriptResult::ok && has_script) {
        result = run_script(L, script, argv, options.script);
    } else if (result == ScriptResult::ok && !something && !prompt) {
        result = run_script(L, "-", argv, static_cast<int>(argv.size()) - 1);
    }
    if (prompt) {
        reset_interrupt();
        if (options.environment && options.read_rc) run_start_file(L);
        reset_interrupt();
        run_repl(*session, options.color, demo);
        result = ScriptResult::ok;
    }
    reset_interrupt();
    session.reset();
    end_progress();
    lua_close(L);
    return static_cast<int>(result);
}

}  // namespace
}  // namespace moonlet

int main(int argc, char** argv) {
    std::vector<std::string> words(argv, argv + argc);
    if (words.empty()) words.push_back("moonlet");
    moonlet::Options options = moonlet::parse_options(words);
    if (!options.error.empty()) {
        std::fprintf(stderr, "moonlet: %s\n%s", options.error.c_str(), moonlet::kUsage);
        return 2;
    }
    if (options.help) {
        std::fputs(moonlet::kUsage, stdout);
        return 0;
    }
    if (options.version)
        std::printf("moonlet %s · %s\n", MOONLET_VERSION, LUA_RELEASE " · LuaJIT 2.1");
    return moonlet::run(words, options);
}
