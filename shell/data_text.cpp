// SPDX-License-Identifier: Apache-2.0
#include "shell/data_text.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

#include <lua.hpp>

namespace moonlet {
namespace {

constexpr int kMaxDepth = 150;

// Length of the UTF-8 sequence at `at`, 0 when it is none.
std::size_t sequence(std::string_view text, std::size_t at) {
    auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    unsigned lead = byte(at);
    if (lead < 0x80) return 1;
    std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4) return 0;
    for (std::size_t k = 1; k < length; ++k) {
        if ((byte(at + k) & 0xc0) != 0x80) return 0;
    }
    if (lead == 0xe0 && byte(at + 1) < 0xa0) return 0;
    if (lead == 0xed && byte(at + 1) > 0x9f) return 0;
    if (lead == 0xf0 && byte(at + 1) < 0x90) return 0;
    if (lead == 0xf4 && byte(at + 1) > 0x8f) return 0;
    return length;
}

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        std::size_t length = sequence(text, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

void append_string(std::string& out, std::string_view text) {
    out += '"';
    for (std::size_t at = 0; at < text.size();) {
        auto c = static_cast<unsigned char>(text[at]);
        std::size_t length = sequence(text, at);
        if (length == 0) {
            out += "\xef\xbf\xbd";
            ++at;
            continue;
        }
        if (c == '"' || c == '\\') {
            out += '\\';
            out += text[at];
        } else if (c == '\n') {
            out += "\\n";
        } else if (c < 32 || c == 127) {
            char code[8];
            std::snprintf(code, sizeof code, "\\u%04x", c);
            out += code;
        } else {
            out += text.substr(at, length);
        }
        at += length;
    }
    out += '"';
}

class Writer {
  public:
    Writer(lua_State* L, std::string* out) : L_(L), out_(*out) {}

    std::string run(int index) {
        std::string problem = look(index, "", 0);
        if (problem.empty()) value(index);
        return problem;
    }

  private:
    lua_State* L_;
    std::string& out_;
    std::set<const void*> seen_, shared_;
    std::map<const void*, int> ids_;

    std::string at(const std::string& what, const std::string& path) {
        return what + (path.empty() ? "" : " at " + path);
    }

    std::string key_name(int index) {
        if (lua_type(L_, index) == LUA_TSTRING) return std::string(".") + lua_tostring(L_, index);
        if (lua_type(L_, index) == LUA_TNUMBER) {
            char text[40];
            std::snprintf(text, sizeof text, "[%.14g]", lua_tonumber(L_, index));
            return text;
        }
        return "[…]";
    }

    // Can all of it be written, and which tables stand there more than once?
    std::string look(int index, const std::string& path, int depth) {
        switch (lua_type(L_, index)) {
            case LUA_TNIL:
            case LUA_TBOOLEAN:
            case LUA_TNUMBER:
            case LUA_TSTRING: return {};
            case LUA_TTABLE: break;
            case LUA_TFUNCTION: return at("a function", path);
            default: return at("an object", path);
        }
        if (depth > kMaxDepth) return at("a table too deep", path.substr(0, 40));
        const void* table = lua_topointer(L_, index);
        if (!seen_.insert(table).second) {
            shared_.insert(table);
            return {};
        }
        if (lua_getmetatable(L_, index)) {
            lua_pop(L_, 1);
            return at("a table with a metatable", path);
        }
        if (!lua_checkstack(L_, 6)) return at("a table too deep", "");
        lua_pushnil(L_);
        while (lua_next(L_, index)) {
            int top = lua_gettop(L_);
            std::string problem;
            int type = lua_type(L_, top), key = lua_type(L_, top - 1);
            if (key != LUA_TSTRING && key != LUA_TNUMBER && key != LUA_TBOOLEAN)
                problem = look(top - 1, path, depth + 1);
            if (problem.empty() && type != LUA_TSTRING && type != LUA_TNUMBER &&
                type != LUA_TBOOLEAN)
                problem = look(top, path + key_name(top - 1), depth + 1);
            if (!problem.empty()) {
                lua_pop(L_, 2);
                return problem;
            }
            lua_pop(L_, 1);
        }
        return {};
    }

    void number(double value) {
        char text[40];
        if (!std::isfinite(value)) {
            out_ += value != value ? "{\"$number\":\"nan\"}"
                    : value > 0    ? "{\"$number\":\"inf\"}"
                                   : "{\"$number\":\"-inf\"}";
            return;
        }
        if (value == 0 && std::signbit(value)) {
            out_ += "-0.0";
            return;
        }
        auto end = std::to_chars(text, text + sizeof text, value).ptr;
        out_.append(text, static_cast<std::size_t>(end - text));
    }

    void string(int index) {
        std::size_t size = 0;
        const char* data = lua_tolstring(L_, index, &size);
        std::string_view text(data, size);
        if (is_utf8(text)) return append_string(out_, text);
        out_ += "{\"$hex\":\"";
        for (char c : text) {
            static const char* digits = "0123456789abcdef";
            out_ += digits[static_cast<unsigned char>(c) >> 4];
            out_ += digits[static_cast<unsigned char>(c) & 15];
        }
        out_ += "\"}";
    }

    void value(int index) {
        switch (lua_type(L_, index)) {
            case LUA_TBOOLEAN: out_ += lua_toboolean(L_, index) ? "true" : "false"; return;
            case LUA_TNUMBER: return number(lua_tonumber(L_, index));
            case LUA_TSTRING: return string(index);
            case LUA_TTABLE: break;
            default: out_ += "null"; return;
        }
        const void* pointer = lua_topointer(L_, index);
        bool shared = shared_.count(pointer);
        if (shared) {
            auto known = ids_.find(pointer);
            if (known != ids_.end()) {
                out_ += "{\"$ref\":" + std::to_string(known->second) + "}";
                return;
            }
            int id = static_cast<int>(ids_.size()) + 1;
            ids_[pointer] = id;
            out_ += "{\"$id\":" + std::to_string(id) + ",\"$is\":";
        }
        table(index);
        if (shared) out_ += "}";
    }

    void table(int index) {
        std::size_t length = lua_objlen(L_, index), count = 0;
        bool words = true, list = length > 0;
        lua_pushnil(L_);
        while (lua_next(L_, index)) {
            lua_pop(L_, 1);
            ++count;
            if (lua_type(L_, -1) != LUA_TSTRING) {
                words = false;
                continue;
            }
            list = false;
            std::size_t size = 0;
            const char* key = lua_tolstring(L_, -1, &size);
            if (size > 0 && key[0] == '$') words = false;
            if (words && !is_utf8({key, size})) words = false;
        }
        list = list && count == length;
        if (list) {
            for (std::size_t i = 1; i <= length && list; ++i) {
                lua_rawgeti(L_, index, static_cast<int>(i));
                list = !lua_isnil(L_, -1);
                lua_pop(L_, 1);
            }
        }
        if (list) {
            out_ += '[';
            for (std::size_t i = 1; i <= length; ++i) {
                if (i > 1) out_ += ',';
                lua_rawgeti(L_, index, static_cast<int>(i));
                value(lua_gettop(L_));
                lua_pop(L_, 1);
            }
            out_ += ']';
            return;
        }
        out_ += words ? "{" : "{\"$pairs\":[";
        bool first = true;
        lua_pushnil(L_);
        while (lua_next(L_, index)) {
            int top = lua_gettop(L_);
            if (!first) out_ += ',';
            first = false;
            value(top - 1);
            out_ += words ? ':' : ',';
            value(top);
            lua_pop(L_, 1);
        }
        out_ += words ? "}" : "]}";
    }
};

class Reader {
  public:
    Reader(lua_State* L, std::string_view text) : L_(L), text_(text) {}

    bool run() {
        int base = lua_gettop(L_);
        lua_newtable(L_);  // tables by id
        ids_ = base + 1;
        if (value(0, 0) && (blanks(), at_ == text_.size())) {
            lua_remove(L_, ids_);
            return true;
        }
        lua_settop(L_, base);
        return false;
    }

  private:
    lua_State* L_;
    std::string_view text_;
    std::size_t at_ = 0;
    int ids_ = 0;

    void blanks() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    }
    bool accept(char c) {
        blanks();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    bool accept(std::string_view word) {
        if (text_.substr(at_, word.size()) != word) return false;
        at_ += word.size();
        return true;
    }

    static void append_point(std::string& out, unsigned c) {
        if (c < 0x80) {
            out += static_cast<char>(c);
        } else if (c < 0x800) {
            out += static_cast<char>(0xc0 | (c >> 6));
            out += static_cast<char>(0x80 | (c & 63));
        } else {
            out += static_cast<char>(0xe0 | (c >> 12));
            out += static_cast<char>(0x80 | ((c >> 6) & 63));
            out += static_cast<char>(0x80 | (c & 63));
        }
    }

    bool string(std::string* out) {
        if (!accept('"')) return false;
        out->clear();
        while (at_ < text_.size()) {
            std::size_t plain = at_;
            while (plain < text_.size() && text_[plain] != '"' && text_[plain] != '\\') ++plain;
            out->append(text_.substr(at_, plain - at_));
            at_ = plain;
            if (at_ >= text_.size()) return false;
            if (text_[at_++] == '"') return true;
            if (at_ >= text_.size()) return false;
            char c = text_[at_++];
            if (c == 'u') {
                if (at_ + 4 > text_.size()) return false;
                append_point(*out, static_cast<unsigned>(std::strtoul(
                                       std::string(text_.substr(at_, 4)).c_str(), nullptr, 16)));
                at_ += 4;
            } else {
                *out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
            }
        }
        return false;
    }

    // Pushes a value. into: the stack place of a table to be filled in place of a new one, 0 =
    // none.
    bool value(int into, int depth) {
        blanks();
        if (at_ >= text_.size() || depth > 2 * kMaxDepth || !lua_checkstack(L_, 8)) return false;
        switch (text_[at_]) {
            case '[': return list(into, depth);
            case '{': return object(into, depth);
            case '"': {
                std::string text;
                if (!string(&text)) return false;
                lua_pushlstring(L_, text.data(), text.size());
                return true;
            }
            case 't': lua_pushboolean(L_, 1); return accept("true");
            case 'f': lua_pushboolean(L_, 0); return accept("false");
            case 'n': lua_pushnil(L_); return accept("null");
            default: break;
        }
        double number = 0;
        auto result = std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
        if (result.ec != std::errc()) return false;
        at_ = static_cast<std::size_t>(result.ptr - text_.data());
        lua_pushnumber(L_, number);
        return true;
    }

    int table(int into) {
        if (into) lua_pushvalue(L_, into);
        else lua_newtable(L_);
        return lua_gettop(L_);
    }

    bool list(int into, int depth) {
        accept('[');
        int t = table(into);
        if (accept(']')) return true;
        for (int i = 1;; ++i) {
            if (!value(0, depth + 1)) return false;
            lua_rawseti(L_, t, i);
            if (accept(']')) return true;
            if (!accept(',')) return false;
        }
    }

    bool object(int into, int depth) {
        accept('{');
        blanks();
        if (text_.substr(at_, 2) == "\"$") return special(depth);
        int t = table(into);
        if (accept('}')) return true;
        while (true) {
            std::string key;
            if (!string(&key) || !accept(':')) return false;
            lua_pushlstring(L_, key.data(), key.size());
            if (!value(0, depth + 1)) return false;
            lua_rawset(L_, t);
            if (accept('}')) return true;
            if (!accept(',')) return false;
            blanks();
        }
    }

    bool pairs(int t, int depth) {
        if (!accept('[')) return false;
        if (accept(']')) return true;
        while (true) {
            if (!value(0, depth + 1) || !accept(',') || !value(0, depth + 1)) return false;
            bool legal = !lua_isnil(L_, -2) && (lua_type(L_, -2) != LUA_TNUMBER ||
                                                lua_tonumber(L_, -2) == lua_tonumber(L_, -2));
            if (!legal) return false;
            lua_rawset(L_, t);
            if (accept(']')) return true;
            if (!accept(',')) return false;
        }
    }

    // {"$…": …}: `pairs_into` is used for the table of an $id.
    bool special(int depth, int into = 0) {
        std::string key, text;
        if (!string(&key) || !accept(':')) return false;
        if (key == "$number") {
            if (!string(&text)) return false;
            double number = text == "inf" ? HUGE_VAL : text == "-inf" ? -HUGE_VAL : std::nan("");
            lua_pushnumber(L_, number);
        } else if (key == "$hex") {
            if (!string(&text)) return false;
            std::string bytes;
            for (std::size_t i = 0; i + 1 < text.size(); i += 2)
                bytes += static_cast<char>(std::strtoul(text.substr(i, 2).c_str(), nullptr, 16));
            lua_pushlstring(L_, bytes.data(), bytes.size());
        } else if (key == "$pairs") {
            int t = table(into);
            if (!pairs(t, depth)) return false;
        } else if (key == "$ref") {
            if (!value(0, depth + 1) || !lua_isnumber(L_, -1)) return false;
            lua_rawget(L_, ids_);
            if (!lua_istable(L_, -1)) return false;
        } else if (key == "$id") {
            if (!value(0, depth + 1) || !lua_isnumber(L_, -1)) return false;
            lua_newtable(L_);
            lua_insert(L_, -2);
            int t = lua_gettop(L_) - 1;
            lua_pushvalue(L_, t);
            lua_rawset(L_, ids_);
            if (!accept(',') || !string(&key) || key != "$is" || !accept(':')) return false;
            blanks();
            bool good = false;
            if (text_.substr(at_, 9) == "{\"$pairs\"") {
                accept('{');
                blanks();
                good = special(depth + 1, t);
            } else {
                good = value(t, depth + 1);
            }
            if (!good) return false;
            lua_pop(L_, 1);
        } else {
            return false;
        }
        return accept('}');
    }
};

}  // namespace

std::string write_plain(lua_State* L, int index, std::string* json) {
    if (index < 0) index = lua_gettop(L) + 1 + index;
    return Writer(L, json).run(index);
}

bool read_plain_data(lua_State* L, std::string_view json) { return Reader(L, json).run(); }

std::string json_string(std::string_view text) {
    std::string out;
    append_string(out, text);
    return out;
}

}  // namespace moonlet
