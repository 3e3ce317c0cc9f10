// SPDX-License-Identifier: Apache-2.0
// Writing a saved session; its format is in saved_session.h.
#include <algorithm>
#include <cstdio>
#include <set>

#include <lua.hpp>

#include "shell/chunk_scan.h"
#include "shell/lexer.h"
#include "shell/saved_session.h"
#include "shell/secrets.h"

namespace moonlet {
namespace {

std::string trimmed(const std::string& text) {
    std::size_t begin = text.find_first_not_of(" \t\n");
    if (begin == std::string::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\n") + 1 - begin);
}

bool compiles(lua_State* L, const std::string& code) {
    bool good = luaL_loadbuffer(L, code.data(), code.size(), "=saved") == 0;
    lua_pop(L, 1);
    return good;
}

// The variables a text names: no fields, no keys of tables.
std::set<std::string> variables(const std::string& text) {
    std::set<std::string> names;
    bool field = false;
    for (const Token& token : lex(text)) {
        auto word = token_text(text, token);
        if (token.kind == TokenKind::name && !field) names.emplace(word);
        if (token.kind != TokenKind::comment) field = word == "." || word == ":";
    }
    return names;
}

// Those that it gives a value: `x =`, `x, y =`, `local x`, `function x`.
std::set<std::string> assigned(const std::string& text) {
    std::set<std::string> names;
    for (const auto& statement : scan_chunk(text, false).locals)
        names.insert(statement.names.begin(), statement.names.end());
    std::vector<Token> tokens;
    for (const Token& token : lex(text)) {
        if (token.kind != TokenKind::comment) tokens.push_back(token);
    }
    auto word = [&](std::size_t i) { return token_text(text, tokens[i]); };
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (tokens[i].kind != TokenKind::name) continue;
        bool field = i > 0 && (word(i - 1) == "." || word(i - 1) == ":");
        bool equals = i + 1 < tokens.size() && (word(i + 1) == "=" || word(i + 1) == ",");
        if (!field && (equals || (i > 0 && word(i - 1) == "function"))) names.emplace(word(i));
    }
    return names;
}

// Comments that the reader would take for its own marks get a blank in front.
std::string without_marks(const std::string& text) {
    std::string result = text;
    auto tokens = lex(text);
    for (std::size_t i = tokens.size(); i-- > 0;) {
        const Token& token = tokens[i];
        bool at_line = token.begin == 0 || text[token.begin - 1] == '\n';
        if (token.kind != TokenKind::comment || !at_line) continue;
        auto word = token_text(text, token);
        if (entry_marker(word) || word.substr(0, 3) == "-->") result.insert(token.begin, " ");
    }
    return result;
}

std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        if (c == '\n') result += "\\n";
        else result += c;
    }
    return result + "\"";
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

// math.random's state in a program that has just started.
std::string fresh_random_state() {
    lua_State* L = luaL_newstate();
    if (!L) return {};
    luaL_openlibs(L);
    std::string state = random_state(L);
    lua_close(L);
    return state;
}

class Writer {
  public:
    Writer(lua_State* L, const std::vector<Entry>& entries,
           const std::map<std::string, std::string>& hashes, const std::vector<bool>* kept)
        : L_(L),
          entries_(entries),
          hashes_(hashes),
          kept_(kept),
          random_(fresh_random_state()) {}

    SaveReport run(const std::string& when) {
        choose_names();
        std::string body;
        int columns = 0;
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            const Entry& entry = entries_[i];
            if (entry.undone || (kept_ && !(*kept_)[i])) continue;
            if (!entry.succeeded) {
                if (entry.text.empty()) continue;  // a number that a saved session had left out
                ++report_.failed;
                for (const auto& name : assigned(entry.text)) lost_[name] = i + 1;
                continue;
            }
            warn(entry, i + 1);
            if (columns == 0) head_columns_ = columns = entry.record.columns;
            body += "\n-- [" + std::to_string(i + 1) + "]" +
                    (entry.record.interrupted ? " interrupted" : "") + "\n";
            if (entry.record.columns != columns) {
                columns = entry.record.columns;
                body += replay_ + ".columns(" + std::to_string(columns) + ")\n";
            }
            body += before(entry.record) + without_marks(code(entry)) + "\n" + behind(entry.record);
            if (entry.record.interrupted) continue;
            for (const auto& line : output_lines(entry.record.output))
                body += "-->" + (line.empty() ? "" : " " + line) + "\n";
        }
        report_.text = head(when) + body;
        return std::move(report_);
    }

  private:
    lua_State* L_;
    const std::vector<Entry>& entries_;
    const std::map<std::string, std::string>& hashes_;
    const std::vector<bool>* kept_;
    std::string random_;          // what math.random goes on from when the file runs
    bool random_unsure_ = false;  // an entry set it to who knows what
    int head_columns_ = 80;
    std::string show_ = "show", replay_ = "replay";
    std::map<std::string, std::size_t> lost_;  // name → the failed entry that set it
    SaveReport report_;

    void choose_names() {
        std::set<std::string> used;
        for (const Entry& entry : entries_) {
            if (entry.is_saved()) used.merge(variables(entry.text));
        }
        while (used.count(show_)) show_ += "_";
        while (used.count(replay_)) replay_ += "_";
    }

    std::string head(const std::string& when) const {
        return "-- moonlet session · " + when +
               " · moonlet " MOONLET_VERSION
               "\n-- moonlet FILE runs it; moonlet --replay FILE also compares with what stands "
               "behind -->\nlocal " +
               replay_ + " = require \"moonlet.replay\"\nlocal " + show_ + " = " + replay_ +
               ".show\n" + replay_ + ".columns(" + std::to_string(head_columns_) + ")\n";
    }

    void warn(const Entry& entry, std::size_t number) {
        auto names = variables(entry.text);
        for (const auto& name : assigned(entry.text)) lost_.erase(name);
        std::string self = "entry " + std::to_string(number) + " uses ";
        for (const auto& name : names) {
            auto found = lost_.find(name);
            if (found == lost_.end()) continue;
            report_.warnings.push_back(self + name + ", which entry " +
                                       std::to_string(found->second) +
                                       " set before it failed; that entry is left out");
        }
        if (names.count("_err")) report_.warnings.push_back(self + "_err, which is not set there");
        if (entry.record.interrupted) {
            report_.warnings.push_back("entry " + std::to_string(number) +
                                       " was ended by Ctrl-C; in the file it runs to its end");
        }
    }

    std::string before(const EntryRecord& record) {
        std::string text;
        if (!record.seeds.empty()) {
            text += replay_ + ".seeds(" + record.seeds + ")\n";
            ++report_.seeds;
        }
        if (record.random_before != record.random_after) {
            if (random_unsure_ || record.random_before != random_)
                text += replay_ + ".random(\"" + hex(record.random_before) + "\")\n";
            random_ = record.random_after;
            random_unsure_ = false;
        }
        return text;
    }

    std::string behind(const EntryRecord& record) {
        std::string text;
        for (const auto& model : record.opened) {
            auto hash = hashes_.find(model.path);
            if (hash == hashes_.end() || hash->second.empty()) continue;
            text +=
                replay_ + ".weights(" + quoted(model.name) + ", " + quoted(hash->second) + ")\n";
            ++report_.weights;
        }
        return text;
    }

    // `name(code)`; a comment at the end must not swallow the bracket.
    static std::string call(const std::string& name, const std::string& code) {
        auto tokens = lex(code);
        bool comment = !tokens.empty() && tokens.back().kind == TokenKind::comment;
        return name + "(" + code + (comment ? "\n)" : ")");
    }

    std::string code(const Entry& entry) {
        ++report_.saved;
        const EntryRecord& record = entry.record;
        std::string text = trimmed(without_keys(entry.text));
        std::string bare = trimmed(without_keys(record.code));
        if (text != trimmed(entry.text))
            report_.warnings.push_back("a key is left out; the file reads OPENAI_API_KEY instead");
        if (text.find("randomseed") != std::string::npos) random_unsure_ = true;
        if (record.expression) {
            bool statement = bare[0] != '(' && compiles(L_, bare);
            if (record.silent)
                return statement && compiles(L_, text) ? text : call(replay_ + ".silent", bare);
            return statement && record.values == 0 ? bare : call(show_, bare);
        }
        ChunkScan scan = scan_chunk(text, false);
        if (scan.return_begin != std::string_view::npos) {
            std::string values =
                text.substr(scan.return_begin + 6, scan.return_end - scan.return_begin - 6);
            text = text.substr(0, scan.return_begin) +
                   (trimmed(values).empty() ? "" : call(show_, trimmed(values))) +
                   text.substr(scan.return_end);
        }
        return text[0] == '(' ? ";" + text : text;
    }
};

}  // namespace

SaveReport write_saved_session(lua_State* L, const std::vector<Entry>& entries,
                               const std::map<std::string, std::string>& hashes,
                               const std::string& when, const std::vector<bool>* kept) {
    return Writer(L, entries, hashes, kept).run(when);
}

}  // namespace moonlet
