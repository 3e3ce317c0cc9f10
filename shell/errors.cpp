// SPDX-License-Identifier: Apache-2.0
#include "shell/errors.h"

#include <cstring>
#include <vector>

#include <lua.hpp>

#include "shell/printer.h"
#include "shell/text.h"

namespace moonlet {
namespace {

constexpr int kFirst = 12, kLast = 10;  // frames shown of a deep stack

std::string describe(lua_State* L, lua_Debug* frame) {
    lua_getinfo(L, "Snlf", frame);
    lua_pop(L, 1);
    std::string where = frame->short_src;
    if (frame->currentline > 0) where += ":" + std::to_string(frame->currentline);
    std::string what;
    bool entry = frame->short_src[0] == '(' && frame->linedefined == 1 && !frame->name;
    if (entry) {
        what = "in entry " + std::string(frame->short_src);
    } else if (frame->name && *frame->name) {
        what = "in function '" + std::string(frame->name) + "'";
    } else if (frame->what[0] == 'm') {
        what = "in main chunk";
    } else if (frame->what[0] == 'C') {
        what = "in a built-in function";
    } else {
        what = "in function <" + std::string(frame->short_src) + ":" +
               std::to_string(frame->linedefined) + ">";
    }
    return where + ": " + what;
}

bool raises_only(const lua_Debug& frame) {
    return frame.what[0] == 'C' && frame.name &&
           (!std::strcmp(frame.name, "error") || !std::strcmp(frame.name, "assert"));
}

std::string traceback(lua_State* L) {
    std::vector<std::string> frames;
    lua_Debug frame;
    for (int level = 1; lua_getstack(L, level, &frame); ++level) {
        std::string line = describe(L, &frame);
        if (frames.empty() && raises_only(frame)) continue;
        frames.push_back(line);
    }
    std::string text;
    int count = static_cast<int>(frames.size());
    for (int i = 0; i < count; ++i) {
        if (count > kFirst + kLast && i == kFirst) {
            text += "…" + std::to_string(count - kFirst - kLast) + " frames\n";
            i = count - kLast;
        }
        text += frames[static_cast<std::size_t>(i)] + "\n";
    }
    return text;
}

// "(3):12: …" or "file:12: …" → chunk and line; false when the text starts otherwise.
bool parse_place(const std::string& text, std::string* chunk, std::size_t* line) {
    std::size_t colon = text.find(':');
    if (colon == std::string::npos || colon == 0) return false;
    std::size_t digits = text.find_first_not_of("0123456789", colon + 1);
    if (digits == colon + 1 || digits == std::string::npos || text[digits] != ':') return false;
    if (digits - colon > 10) return false;
    *chunk = text.substr(0, colon);
    *line = std::stoul(text.substr(colon + 1, digits - colon - 1));
    return true;
}

std::string context(const std::string& text, const SourceLookup& lookup) {
    std::string chunk;
    std::size_t line = 0;
    if (!parse_place(text, &chunk, &line)) return {};
    std::string source = lookup(chunk, line);
    return source.empty() ? source : source_line(line, source, false, 0);
}

}  // namespace

int collect_error(lua_State* L) {
    lua_settop(L, 1);
    lua_createtable(L, 2, 0);
    lua_pushvalue(L, 1);
    lua_rawseti(L, 2, 1);
    std::string text = traceback(L);
    lua_pushlstring(L, text.data(), text.size());
    lua_rawseti(L, 2, 2);
    lua_pushboolean(L, 1);
    lua_setfield(L, 2, "collected");
    return 1;
}

ErrorText take_error(lua_State* L, int width) {
    ErrorText error;
    if (lua_type(L, -1) == LUA_TTABLE) {
        lua_pushliteral(L, "collected");
        lua_rawget(L, -2);
        bool collected = lua_toboolean(L, -1);
        lua_pop(L, 1);
        if (collected) {
            lua_rawgeti(L, -1, 2);
            error.traceback = lua_tostring(L, -1);
            lua_pop(L, 1);
            lua_rawgeti(L, -1, 1);
            lua_remove(L, -2);
        }
    }
    PrintLimits limits;
    limits.width = width;
    error.message = format_value(L, -1, limits);
    if (lua_type(L, -1) == LUA_TNIL) error.message = "error without a value (nil)";
    return error;
}

std::string source_line(std::size_t line, const std::string& text, bool caret, std::size_t column) {
    std::string number = std::to_string(line);
    std::string out = "  " + number + " | " + text + "\n";
    if (!caret) return out;
    int columns = text_width(text.substr(0, std::min(column, text.size())));
    return out + "  " + std::string(number.size(), ' ') + " | " +
           std::string(static_cast<std::size_t>(columns), ' ') + "^\n";
}

std::string show_error(const ErrorText& error, const SourceLookup& lookup) {
    std::string out = error.message + "\n" + context(error.message, lookup);
    std::size_t frames = 0;
    std::string lines;
    for (std::size_t at = 0; at < error.traceback.size();) {
        std::size_t end = error.traceback.find('\n', at);
        std::string frame = error.traceback.substr(at, end - at);
        lines += "    " + frame + "\n";
        std::string source = frames > 0 ? context(frame, lookup) : "";
        if (!source.empty()) lines += "    " + source;
        ++frames;
        at = end + 1;
    }
    // A single frame is the line already shown above.
    bool shown = error.message.rfind("(", 0) == 0;
    if (frames > 1 || (frames == 1 && !shown)) out += "traceback:\n" + lines;
    return out;
}

}  // namespace moonlet
