// SPDX-License-Identifier: Apache-2.0
// Reading a saved session, and comparing what was printed. Writing it is in saved_session_write.
#include "shell/saved_session.h"

#include <cctype>
#include <cstdio>
#include <cstdlib>

#include "shell/lexer.h"
#include "shell/parse_state.h"

namespace moonlet {
namespace {

constexpr std::string_view kFirstLine = "-- moonlet session";
constexpr std::size_t kMaxLines = 400;

bool starts(std::string_view text, std::string_view with) {
    return text.substr(0, with.size()) == with;
}

std::string trimmed(std::string_view text) {
    std::size_t begin = text.find_first_not_of(" \t\n");
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(" \t\n") + 1 - begin));
}

// The name in a line `local NAME = <what>` of the head; `otherwise` when there is none.
std::string name_of(const std::string& head, const std::string& what,
                    const std::string& otherwise) {
    std::size_t at = head.find(what);
    if (at == std::string::npos) return otherwise;
    std::size_t begin = head.rfind("local ", at);
    if (begin == std::string::npos) return otherwise;
    std::string name = head.substr(begin + 6, at - begin - 6);
    return is_name(name) ? name : otherwise;
}

// Cuts the first line off `text`.
std::string take_line(std::string& text) {
    std::size_t end = text.find('\n');
    std::string line = text.substr(0, end);
    text = end == std::string::npos ? "" : text.substr(end + 1);
    return line;
}

// `show(x)` and nothing else gives x; "" otherwise. `words`: the tokens that stand before "(".
std::string inside_call(const std::string& text, const std::vector<std::string>& words) {
    std::vector<Token> tokens;
    for (const Token& token : lex(text)) {
        if (token.kind != TokenKind::comment) tokens.push_back(token);
    }
    std::size_t head = words.size();
    if (tokens.size() < head + 2 || token_text(text, tokens[head]) != "(") return {};
    for (std::size_t i = 0; i < head; ++i) {
        if (token_text(text, tokens[i]) != words[i]) return {};
    }
    int depth = 0;
    for (std::size_t i = head; i < tokens.size(); ++i) {
        if (tokens[i].kind != TokenKind::op) continue;
        auto word = token_text(text, tokens[i]);
        if (word == "(") ++depth;
        if (word == ")" && --depth == 0 && i + 1 < tokens.size()) return {};
    }
    std::size_t begin = tokens[head].end, end = tokens.back().begin;
    return depth == 0 && tokens.back().end == text.size() ? trimmed(text.substr(begin, end - begin))
                                                          : "";
}

class Reader {
  public:
    Reader(lua_State* L, const std::string& text) : L_(L), text_(text) {}

    SavedSession run() {
        SavedSession result;
        std::size_t from = 0;
        SavedEntry* entry = nullptr;
        auto finish = [&](std::size_t end) {
            std::string part = text_.substr(from, end - from);
            if (entry) {
                read_entry(*entry, part);
            } else {
                result.head = part;
                show_ = name_of(part, " = " + replay_of(part) + ".show", "show");
            }
        };
        for (const Token& token : lex(text_)) {
            auto word = token_text(text_, token);
            bool at_line = token.begin == 0 || text_[token.begin - 1] == '\n';
            if (token.kind != TokenKind::comment || !at_line || !entry_marker(word)) continue;
            finish(token.begin);
            entry = &result.entries.emplace_back();
            entry->number = entry_marker(word);
            entry->interrupted = word.find("] interrupted") != std::string_view::npos;
            from = token.end;
        }
        finish(text_.size());
        return result;
    }

  private:
    lua_State* L_;
    const std::string& text_;
    std::string show_ = "show", replay_ = "replay";

    const std::string& replay_of(const std::string& head) {
        return replay_ = name_of(head, " = require \"moonlet.replay\"", "replay");
    }

    void read_entry(SavedEntry& entry, std::string part) {
        part = trimmed(part);
        take_output(entry, part);
        auto is_own = [&](const std::string& line, std::initializer_list<const char*> names) {
            for (const char* name : names) {
                if (starts(line, replay_ + "." + name + "(") && line.back() == ')') return true;
            }
            return false;
        };
        while (is_own(part.substr(0, part.find('\n')), {"seeds", "columns", "random"})) {
            entry.before += take_line(part) + "\n";
        }
        while (true) {
            std::size_t line = part.rfind('\n');
            std::string last = part.substr(line == std::string::npos ? 0 : line + 1);
            if (!is_own(last, {"weights"})) break;
            entry.after = last + "\n" + entry.after;
            part = line == std::string::npos ? "" : part.substr(0, line);
        }
        entry.text = as_typed(trimmed(part));
    }

    // The `-->` comments at its end.
    void take_output(SavedEntry& entry, std::string& part) {
        auto tokens = lex(part);
        std::size_t first = tokens.size();
        auto recorded = [&](const Token& token) {
            bool at_line = token.begin == 0 || part[token.begin - 1] == '\n';
            return token.kind == TokenKind::comment && at_line &&
                   starts(token_text(part, token), "-->");
        };
        while (first > 0 && recorded(tokens[first - 1])) --first;
        if (first == tokens.size()) return;
        for (std::size_t i = first; i < tokens.size(); ++i) {
            auto line = token_text(part, tokens[i]).substr(3);
            if (starts(line, " ")) line.remove_prefix(1);
            entry.output.emplace_back(line);
        }
        part = trimmed(part.substr(0, tokens[first].begin));
    }

    std::string as_typed(const std::string& text) {
        std::string inner = inside_call(text, {show_}), ending;
        if (inner.empty()) {
            inner = inside_call(text, {replay_, ".", "silent"});
            ending = ";";
        }
        if (!inner.empty()) {
            ParsedEntry parsed = parse_entry(L_, inner + ending, "=saved");
            if (parsed.state == ParseState::complete && parsed.expression) return inner + ending;
        }
        return starts(text, ";(") ? text.substr(1) : text;
    }
};

// A number with what may stand in it: 1,234.5
std::size_t number_end(std::string_view text, std::size_t at) {
    while (at < text.size() && (std::isdigit(static_cast<unsigned char>(text[at])) ||
                                text[at] == '.' || text[at] == ',' || text[at] == ':')) {
        ++at;
    }
    return at;
}

// Times, rates and addresses replaced by #, several blanks by one: padding follows the numbers.
std::string steady(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == ' ' && at > 0 && text[at - 1] == ' ') {
            ++at;
            continue;
        }
        bool word_before = at > 0 && (is_name_char(text[at - 1]) || text[at - 1] == '.');
        if (word_before || !std::isdigit(static_cast<unsigned char>(text[at]))) {
            result += text[at++];
            continue;
        }
        if (starts(text.substr(at), "0x")) {
            std::size_t end = at + 2;
            while (end < text.size() && std::isxdigit(static_cast<unsigned char>(text[end]))) ++end;
            result += end - at > 6 ? "#" : std::string(text.substr(at, end - at));
            at = end;
            continue;
        }
        std::size_t end = number_end(text, at), unit = end;
        while (unit < text.size() && text[unit] == ' ') ++unit;
        bool timed = false;
        for (std::string_view name : {"tok/s", "ms", "µs", "min", "s", "h"}) {
            if (unit > end + 1 || !starts(text.substr(unit), name)) continue;
            std::size_t behind = unit + name.size();
            timed = behind == text.size() || !is_name_char(text[behind]);
            if (timed) break;
        }
        result += timed ? "#" : std::string(text.substr(at, end - at));
        at = end;
    }
    return result;
}

}  // namespace

std::size_t entry_marker(std::string_view comment) {
    if (!starts(comment, "-- [")) return 0;
    std::size_t end = 4;
    while (end < comment.size() && std::isdigit(static_cast<unsigned char>(comment[end]))) ++end;
    if (end == 4 || end > 12 || end >= comment.size() || comment[end] != ']') return 0;
    return std::strtoul(std::string(comment.substr(4, end - 4)).c_str(), nullptr, 10);
}

bool is_saved_session(std::string_view text) { return starts(text, kFirstLine); }

SavedSession parse_saved_session(lua_State* L, const std::string& text) {
    return Reader(L, text).run();
}

std::vector<std::string> output_lines(std::string_view output) {
    std::vector<std::string> lines;
    std::string line;
    for (std::size_t at = 0; at < output.size(); ++at) {
        auto c = static_cast<unsigned char>(output[at]);
        if (lines.size() >= kMaxLines) {
            lines.push_back("… (more was printed)");
            return lines;
        }
        if (c == '\n') {
            lines.push_back(std::move(line));
            line.clear();
        } else if (c == 27 && at + 1 < output.size() && output[at + 1] == '[') {
            at += 2;
            while (at < output.size() && (output[at] < '@' || output[at] > '~')) ++at;
        } else if (c < 32 && c != '\t') {
            line += "\\" + std::to_string(c);
        } else {
            line += output[at];
        }
    }
    if (!line.empty()) lines.push_back(line);
    for (std::string& each : lines) each.erase(each.find_last_not_of(' ') + 1);
    return lines;
}

bool same_output(const std::string& recorded, const std::string& now) {
    return recorded == now || steady(recorded) == steady(now);
}

}  // namespace moonlet
