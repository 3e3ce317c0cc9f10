// SPDX-License-Identifier: Apache-2.0
// The handler runs where no session can be handed in, so what it notes is static: text, of the one
// error that is on its way. A note is known again by its message or its table's address.
#include "shell/errors.h"

#include <algorithm>

#include <lua.hpp>

#include "shell/post_mortem.h"
#include "shell/printer.h"
#include "shell/text.h"

namespace moonlet {
namespace {

struct Note {
    bool set = false;
    std::string message;           // of a string
    const void* object = nullptr;  // of anything else
    Failure failure;
};

Note& note() {
    static Note last;
    return last;
}

std::string message_of(lua_State* L, int index) {
    std::size_t size = 0;
    const char* text = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &size) : "";
    return {text, size};
}

// Is the error on its way the one noted below it? Native code may have put words in front.
bool is_noted(const Note& noted, const std::string& message, const void* object) {
    if (!noted.set || noted.object != object) return false;
    if (object) return true;
    return message.size() >= noted.message.size() &&
           message.find(noted.message) != std::string::npos;
}

bool raised_by_native(lua_State* L) {
    lua_Debug frame;
    if (!lua_getstack(L, 1, &frame)) return false;
    lua_getinfo(L, "S", &frame);
    return frame.what[0] == 'C';
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

std::string indented(const std::string& text, const std::string& margin) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = std::min(text.find('\n', at), text.size());
        out += margin + text.substr(at, end - at) + "\n";
        at = end + 1;
    }
    return out;
}

}  // namespace

int collect_error(lua_State* L) {
    lua_settop(L, 1);
    std::string message = message_of(L, 1);
    const void* object = lua_type(L, 1) == LUA_TSTRING ? nullptr : lua_topointer(L, 1);
    Failure failure = examine_failure(L, 1, message);
    Note& last = note();
    bool more = is_noted(last, message, object) && raised_by_native(L);
    keep_frames(L, failure, more);
    if (more) {
        Failure& inner = last.failure;
        failure.frames.insert(failure.frames.begin(), inner.frames.begin(), inner.frames.end());
        if (inner.left_out > 0) {
            failure.left_out = inner.left_out;
            failure.left_out_at = inner.left_out_at;
        }
        if (!inner.message.empty()) {
            failure.message = message;
            failure.message.replace(message.find(last.message), last.message.size(), inner.message);
        }
        if (!inner.hint.empty()) failure.hint = inner.hint;
    }
    last = {true, std::move(message), object, std::move(failure)};
    return 1;
}

void install_error_notes(lua_State* L) {
    note() = {};
    lua_pushcfunction(L, collect_error);
    lua_setfield(L, LUA_REGISTRYINDEX, "moonlet.note_error");
}

ErrorText take_error(lua_State* L, int width) {
    ErrorText error;
    std::string message = message_of(L, -1);
    const void* object = lua_type(L, -1) == LUA_TSTRING ? nullptr : lua_topointer(L, -1);
    Note& last = note();
    if (last.set && last.object == object && last.message == message)
        error.failure = std::move(last.failure);
    last = {};
    if (!error.failure.message.empty()) {
        lua_pop(L, 1);
        lua_pushlstring(L, error.failure.message.data(), error.failure.message.size());
    }
    PrintLimits limits;
    limits.width = width;
    error.message = format_value(L, -1, limits);
    if (lua_type(L, -1) == LUA_TNIL) error.message = "error without a value (nil)";
    return error;
}

std::string source_line(std::size_t line, const std::string& text, std::size_t begin,
                        std::size_t end, int width, bool color) {
    std::string number = std::to_string(line);
    int room = std::max(width - static_cast<int>(number.size()) - 5, 8);
    begin = std::min(begin, text.size());
    end = std::min(std::max(end, begin), text.size());
    bool carets = end > begin || begin == text.size();
    // What stands left of the carets goes until they fit with a little behind them.
    std::size_t from = 0;
    int before = text_width(text.substr(0, begin));
    int marked = std::clamp(text_width(text.substr(begin, end - begin)), 1, room - 1);
    if (before + marked > room - 1) {
        while (from < begin && before + marked + 1 > room / 2 + marked / 2) {
            std::size_t next = next_cluster(text, from);
            before -= cluster_width(std::string_view(text).substr(from, next - from));
            from = next;
        }
        ++before;  // the mark of what is gone
    }
    std::string shown = (from > 0 ? "…" : "") + text.substr(from);
    if (text_width(shown) > room) shown = fit_width(shown, room - 1) + "…";
    for (std::size_t tab; (tab = shown.find('\t')) != std::string::npos;)
        shown.replace(tab, 1, "    ");
    const char *dim = color ? "\x1b[2m" : "", *red = color ? "\x1b[31m" : "",
               *plain = color ? "\x1b[0m" : "";
    std::string out = dim + ("  " + number + " | ") + plain + shown + "\n";
    if (!carets) return out;
    marked = std::min(marked, std::max(room - before, 1));
    return out + dim + "  " + std::string(number.size(), ' ') + " | " + plain +
           std::string(static_cast<std::size_t>(std::max(before, 0)), ' ') + red +
           std::string(static_cast<std::size_t>(marked), '^') + plain + "\n";
}

std::string show_error(const ErrorText& error, int width, bool color) {
    const Failure& failure = error.failure;
    std::string out = error.message + "\n", chunk;
    std::size_t line = 0;
    bool placed = parse_place(error.message, &chunk, &line);
    const ErrorFrame* named = nullptr;
    for (const ErrorFrame& frame : failure.frames) {
        if (placed && !named && frame.line == line && frame.chunk == chunk) named = &frame;
    }
    bool shown = named && !named->text.empty();
    if (shown) out += source_line(line, named->text, named->begin, named->end, width, color);
    if (!failure.hint.empty() && error.message.find(failure.hint) == std::string::npos)
        out += "  " + failure.hint + "\n";
    // A single frame is the line already shown above.
    if (failure.frames.empty() || (failure.frames.size() == 1 && shown)) return out;
    out += "traceback:\n";
    for (std::size_t i = 0; i < failure.frames.size(); ++i) {
        const ErrorFrame& frame = failure.frames[i];
        if (failure.left_out > 0 && i == failure.left_out_at)
            out += "    … " + std::to_string(failure.left_out) + " frames\n";
        out += "    " + place_of(frame) + "\n";
        if (&frame == named || frame.text.empty()) continue;
        out += indented(
            source_line(frame.line, frame.text, frame.begin, frame.end, width - 4, color), "    ");
    }
    return out;
}

}  // namespace moonlet
