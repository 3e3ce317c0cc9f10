// SPDX-License-Identifier: Apache-2.0
// :restore — does again what :undo took back; with a file, brings back the variables of the session
// that was saved as it: plain data from the state beside it, functions from their definitions.
// Nothing else of the file is run.
#include "shell/commands.h"
#include "shell/effects.h"
#include "shell/lexer.h"
#include "shell/saved_session.h"
#include "shell/state_file.h"
#include "shell/whole_file.h"

namespace moonlet {
namespace {

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < names.size() && i < 20; ++i) text += (i ? ", " : "") + names[i];
    return text + (names.size() > 20 ? " …" : "");
}

// `function f(…) … end` or `local function …` and nothing else: making it runs none of it.
bool is_definition(const std::string& text) {
    std::vector<std::string_view> words;
    int depth = 0;
    std::size_t ends = 0;
    for (const Token& token : lex(text)) {
        if (token.kind == TokenKind::comment) continue;
        std::string_view word = token_text(text, token);
        bool keyword = token.kind == TokenKind::keyword;
        if (ends > 0) return false;
        if (words.size() < 3) words.push_back(word);
        if (keyword && (word == "function" || word == "do" || word == "if" || word == "repeat"))
            ++depth;
        if (keyword && (word == "end" || word == "until") && --depth == 0) ++ends;
    }
    if (ends != 1 || words.size() < 3) return false;
    bool local = words[0] == "local" && words[1] == "function";
    return (local && is_name(words[2])) || (words[0] == "function" && words[2] == "(");
}

std::string run_restore(CommandContext& context, const std::string& argument) {
    Session& session = context.session;
    auto words = argument_words(argument);
    if (words.empty()) {
        std::string text = session.restore_undone();
        return text.empty() ? "nothing was undone; :restore file.lua brings back what :save wrote\n"
                            : text;
    }
    if (words.size() > 1) return "given several files; :restore file.lua\n";
    std::string path = expand_home(words[0]), state, script;
    constexpr std::string_view kEnding = ".state";
    if (path.size() > kEnding.size() && path.substr(path.size() - kEnding.size()) == kEnding)
        path.resize(path.size() - kEnding.size());
    bool has_script = read_whole(path, &script);
    if (!read_whole(path + ".state", &state)) {
        if (!has_script) return "cannot read " + path + ": " + script + "\n";
        return "there is no " + path + ".state; moonlet -i " + path + " runs its entries\n";
    }
    if (!has_script) script.clear();
    StateReport report = read_state(session, state, script);
    if (!report.problem.empty())
        return "nothing was restored from " + path + ".state: " + report.problem + "\n";
    std::vector<std::string> functions, others;
    std::set<std::string> known(report.names.begin(), report.names.end());
    if (is_saved_session(script)) {
        for (const SavedEntry& entry : parse_saved_session(session.lua(), script).entries) {
            Effects effects = effects_of(entry.text, false);
            bool definition =
                is_definition(entry.text) && session.run_aside(entry.text, "=(" + path + ")");
            for (const auto& name : effects.writes) {
                if (!known.insert(name).second) continue;
                (definition ? functions : others).push_back(name);
            }
        }
    }
    session.forget_changes();
    std::string out = "restored " + joined(report.names);
    if (!functions.empty()) out += ", and the functions " + joined(functions);
    out += "\n";
    if (report.script_changed)
        out += "  " + path + " is not the file that was saved with it: has it been edited?\n";
    if (!others.empty())
        out += "  not " + joined(others) + ": moonlet -i " + path + " runs what made it\n";
    return out + "  :save will not write what came from here\n";
}

const CommandRegistrar row{
    {"restore", "[file]", "takes :undo back; a file's variables come back", run_restore}};

}  // namespace
}  // namespace moonlet
