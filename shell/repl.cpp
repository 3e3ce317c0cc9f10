// SPDX-License-Identifier: Apache-2.0
#include "shell/repl.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>
#include <lua.hpp>

#include "bindings/lua_state.h"
#include "shell/command_words.h"
#include "shell/commands.h"
#include "shell/completer.h"
#include "shell/demo.h"
#include "shell/help.h"
#include "shell/line_editor.h"
#include "shell/lookup.h"
#include "shell/lost_session.h"
#include "shell/markdown_sink.h"
#include "shell/post_mortem.h"
#include "shell/session.h"
#include "shell/text.h"

namespace moonlet {
namespace {

// As much of it as fits on one line: the second part goes first.
std::string banner(std::size_t width) {
    std::vector<std::string> parts = {"moonlet " MOONLET_VERSION, "LuaJIT 2.1",
                                      "engine loads on first use", "?name for help",
                                      "Ctrl-D leaves"};
    while (true) {
        std::string text;
        for (const auto& part : parts) text += (text.empty() ? "" : " · ") + part;
        if (parts.size() == 1 || static_cast<std::size_t>(text_width(text)) < width)
            return text + "\n";
        parts.erase(parts.begin() + 1);
    }
}

void print(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

std::string trimmed(const std::string& text) {
    std::size_t begin = text.find_first_not_of(" \t\n");
    if (begin == std::string::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\n") + 1 - begin);
}

// `exit` and `quit` leave, unless the user gave the names a meaning.
bool wants_to_leave(Session& session, const std::string& text) {
    std::string word = text.substr(0, text.find('('));
    if ((word != "exit" && word != "quit") || (text != word && text != word + "()")) return false;
    lua_State* L = session.lua();
    lua_pushstring(L, word.c_str());
    lua_rawget(L, LUA_GLOBALSINDEX);
    bool taken = !lua_isnil(L, -1);
    lua_pop(L, 1);
    if (!session.locals().push(word)) return !taken;
    lua_pop(L, 1);
    return false;
}

class Repl {
  public:
    Repl(Session& session, bool color)
        : session_(session),
          L_(session.lua()),
          terminal_(STDIN_FILENO, STDOUT_FILENO),
          editing_(terminal_.can_edit()),
          rows_(L_),
          history_(editing_ ? History::default_path() : ""),
          completer_(L_, session_.locals(), rows_, command_names()),
          colored_(color && Terminal::wants_color(STDOUT_FILENO)),
          hooks_(editor_hooks()),
          editor_(terminal_, history_, hooks_, colored_) {
        install_markdown(L_, colored_);
    }

    void run(const std::string& demo) {
        print(banner(terminal_.width()) + lost_session_notice(history_));
        demo_ = demo;
        if (!demo_.empty() && !show_demo()) return history_.leave();
        while (true) {
            session_.set_width(static_cast<int>(terminal_.width()));
            std::string entry;
            EntryResult result = EntryResult::entry;
            if (next_.empty()) {
                result = read(std::exchange(fresh_line_, false), &entry);
            } else {
                entry.swap(next_);  // :edit left it: shown as if it had been typed
                print(shown_entry(entry));
            }
            reset_interrupt();
            // Ctrl-D leaves an open frame first.
            if (result == EntryResult::leave && editing_ && opened_frame(L_) > 0) {
                close_frame(L_, session_.locals());
                continue;
            }
            if (result == EntryResult::leave) return history_.leave();
            if (result == EntryResult::closed) {  // the terminal died
                if (editing_) {
                    history_.add(entry);  // the draft is not lost
                    history_.finish(Outcome::interrupted);
                    history_.abandon();
                    terminal_.end_by_signal();
                }
                return;
            }
            std::string text = trimmed(entry);
            if (result == EntryResult::cancelled) {
                if (text.empty()) print("(Ctrl-D leaves)\n");
                continue;
            }
            if (text.empty()) continue;
            history_.add(entry);
            if (!take(entry, text)) return history_.leave();
            if (!demo_.empty() && !show_demo()) return history_.leave();
        }
    }

  private:
    Session& session_;
    lua_State* L_;
    Terminal terminal_;
    bool editing_;
    Rows rows_;
    History history_;
    Completer completer_;
    bool colored_;
    EditorHooks hooks_;
    LineEditor editor_;
    bool fresh_line_ = false;  // the cursor may stand behind output without a line break
    bool worked_ = false;      // the last entry
    std::string demo_;         // the file of a lecture that is to begin
    std::string next_;  // runs before anything is read

    std::string shown_entry(const std::string& entry) {
        std::string out = session_.prompt("_PROMPT", "> "),
                    other = session_.prompt("_PROMPT2", ".. ");
        for (char c : entry) out += c == '\n' ? "\n" + other : std::string(1, c);
        return out + "\n";
    }

    // The global _KEYS: "vi", or anything else for those of emacs.
    bool wants_vi() {
        lua_pushliteral(L_, "_KEYS");
        lua_rawget(L_, LUA_GLOBALSINDEX);
        bool vi = lua_type(L_, -1) == LUA_TSTRING && std::string_view(lua_tostring(L_, -1)) == "vi";
        lua_pop(L_, 1);
        return vi;
    }

    // Runs an entry that is in the history already; false: it was the last one.
    bool take(const std::string& entry, const std::string& text) {
        Outcome outcome = Outcome::ok;
        if (text[0] == '?') {
            std::size_t mark = std::min(text.find_first_not_of('?'), text.size());
            auto say = mark >= 2 ? help_source : help_text;
            std::string help = say(L_, session_.locals(), rows_, trimmed(text.substr(mark)));
            print(mark >= 2 ? help : wrapped(help, session_.width()));
        } else if (text[0] == ':') {
            if (!run_command_line(text)) return false;
            fresh_line_ = true;
        } else if (wants_to_leave(session_, text)) {
            return false;
        } else if (opened_frame(L_) > 0) {
            session_.inspect(entry);
            fresh_line_ = true;
        } else if (std::string command = command_of_words(session_, text); !command.empty()) {
            if (!run_command_line(command)) return false;
            fresh_line_ = true;
        } else {
            bool worked = session_.run(entry, editing_ && editor_.take_early_interrupt());
            bool stopped = session_.entries().back().record.interrupted;
            outcome = stopped ? Outcome::interrupted : worked ? Outcome::ok : Outcome::failed;
            fresh_line_ = true;
        }
        history_.finish(outcome);
        worked_ = outcome == Outcome::ok;
        return true;
    }

    // The lecture that `:demo` asked for.
    bool show_demo() {
        std::string path = std::exchange(demo_, {});
        const char* home = std::getenv("HOME");
        if (path.rfind("~/", 0) == 0 && home) path = home + path.substr(1);
        std::ifstream file(path, std::ios::binary);
        std::ostringstream script;
        if (!file || !(script << file.rdbuf())) {
            print("cannot read " + path + ": :demo wants a Lua file\n");
            return true;
        }
        DemoHost host;
        host.width = static_cast<int>(terminal_.width());
        host.color = colored_;
        host.print = print;
        host.read = [this](const std::string& draft, std::string* entry) {
            session_.set_width(static_cast<int>(terminal_.width()));
            if (editing_) editor_.set_draft(draft);
            else print(draft + "\n");
            EntryResult result = read(std::exchange(fresh_line_, false), entry);
            reset_interrupt();
            if (!editing_ && result == EntryResult::entry && trimmed(*entry).empty())
                *entry = draft;
            switch (result) {
                case EntryResult::entry: return DemoKey::entry;
                case EntryResult::next: return DemoKey::next;
                case EntryResult::back: return DemoKey::back;
                case EntryResult::closed: return editing_ ? DemoKey::closed : DemoKey::stop;
                default: return DemoKey::stop;
            }
        };
        host.run = [this](const std::string& entry, bool* worked) {
            history_.add(entry);
            bool goes_on = take(entry, trimmed(entry));
            *worked = worked_;
            return goes_on;
        };
        auto incomplete = [this](const std::string& text) { return !session_.is_complete(text); };
        return run_demo(path.substr(path.rfind('/') + 1), demo_steps(script.str(), incomplete),
                        host);
    }

    static std::vector<CommandName> command_names() {
        std::vector<CommandName> names;
        for (const Command& each : commands()) {
            names.push_back({each.name, each.arguments, each.help});
        }
        return names;
    }

    EditorHooks editor_hooks() {
        EditorHooks hooks;
        hooks.is_complete = [this](const std::string& text) { return session_.is_complete(text); };
        hooks.complete = [this](const std::string& text, std::size_t cursor) {
            return completer_.complete(text, cursor);
        };
        hooks.is_defined = [this](std::string_view name) {
            return is_known_name(L_, session_.locals(), name);
        };
        hooks.describe = [this](const Candidate& c) { return completer_.describe(c); };
        hooks.hint = [this](const std::string& text, std::size_t cursor, std::size_t width,
                            bool color) {
            return completer_.hint(text.substr(0, cursor), width, color);
        };
        hooks.ghost = colored_;
        return hooks;
    }

    EntryResult read(bool fresh_line, std::string* entry) {
        std::string prompt = session_.prompt("_PROMPT", "> ");
        if (std::size_t frame = opened_frame(L_)) prompt = "debug " + std::to_string(frame) + "> ";
        std::string prompt2 = session_.prompt("_PROMPT2", ".. ");
        editor_.use_vi(wants_vi());
        if (editing_) return editor_.read(prompt, prompt2, fresh_line, entry);
        auto interrupted = [] {
            bool pressed = interrupt_flag().load() != kInterruptNone;
            reset_interrupt();
            return pressed;
        };
        return read_plain(prompt, prompt2, hooks_, interrupted, entry);
    }

    bool run_command_line(const std::string& text) {
        if (editing_ && editor_.take_early_interrupt()) std::raise(SIGINT);
        CommandContext context{session_, history_, rows_};
        print(run_command(context, text));
        demo_ = context.demo;
        next_ = context.run_next;
        if (context.clear_screen && editing_) print("\x1b[H\x1b[2J");
        return !context.leave;
    }
};

}  // namespace

void run_repl(Session& session, bool color, const std::string& demo) {
    Repl(session, color).run(demo);
}

}  // namespace moonlet
