// SPDX-License-Identifier: Apache-2.0
// A value becomes a tree of bounded size first, the tree becomes lines: flat where it fits.
#include "shell/printer.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include <lua.hpp>

#include "shell/lexer.h"
#include "shell/object_text.h"
#include "shell/text.h"

namespace moonlet {
namespace {

constexpr std::size_t kMaxKeys = 10000;  // looked at and sorted
constexpr int kMaxNested = 72;           // columns of an object's own text inside a table

struct Node {
    std::string key;   // with " = ", empty for array items
    std::string text;  // of a leaf; of a table what stands before the brace
    bool table = false;
    std::vector<Node> items{};
    int flat = 0;  // columns on one line
};

std::string address(lua_State* L, int index) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%p", lua_topointer(L, index));
    return buffer;
}

std::string with_commas(std::size_t n) {
    std::string digits = std::to_string(n);
    for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
        digits.insert(static_cast<std::size_t>(at), ",");
    }
    return digits;
}

class Builder {
  public:
    Builder(lua_State* L, const PrintLimits& limits) : L_(L), limits_(limits) {}

    // The tree of the value at the absolute index.
    Node build(int index, int depth) {
        ++count_;
        Node node;
        luaL_checkstack(L_, 12, "value too deep to print");
        if (lua_type(L_, index) == LUA_TTABLE && (limits_.raw || !has_meta(index, "__tostring"))) {
            table(node, index, depth);
        } else {
            node.text = scalar(index, depth);
        }
        return node;
    }

  private:
    lua_State* L_;
    const PrintLimits& limits_;
    std::size_t count_ = 0;
    std::vector<const void*> path_;

    bool has_meta(int index, const char* field) {
        if (!lua_getmetatable(L_, index)) return false;
        lua_pushstring(L_, field);
        lua_rawget(L_, -2);
        bool has = !lua_isnil(L_, -1);
        lua_pop(L_, 2);
        return has;
    }

    // Raw __name of the metatable, else the type's name.
    std::string type_name(int index) {
        std::string name = luaL_typename(L_, index);
        if (!lua_getmetatable(L_, index)) return name;
        lua_pushliteral(L_, "__name");
        lua_rawget(L_, -2);
        if (lua_type(L_, -1) == LUA_TSTRING) name = lua_tostring(L_, -1);
        lua_pop(L_, 2);
        return name;
    }

    std::string object(int index, int depth) {
        std::string fallback = type_name(index) + ": " + address(L_, index);
        if (limits_.raw || !luaL_getmetafield(L_, index, "__tostring")) return fallback;
        lua_pushvalue(L_, index);
        int status = lua_pcall(L_, 1, 1, 0);
        std::string text = fallback;
        if (status != 0) {
            const char* why = lua_tostring(L_, -1);
            text += std::string(" (its __tostring failed: ") + (why ? why : "no message") + ")";
        } else if (lua_type(L_, -1) == LUA_TSTRING) {
            std::size_t size;
            const char* given = lua_tolstring(L_, -1, &size);
            text.assign(given, size);
        } else {
            text += " (its __tostring gave no string)";
        }
        lua_pop(L_, 1);
        if (depth > 0) {
            std::size_t line = text.find('\n');
            std::string first = fit_width(text.substr(0, line), kMaxNested);
            if (first.size() < text.size()) text = first + "…";
            return text;
        }
        return fit_object(L_, index, std::move(text), limits_.width);
    }

    std::string scalar(int index, int depth) {
        switch (lua_type(L_, index)) {
            case LUA_TNIL: return "nil";
            case LUA_TBOOLEAN: return lua_toboolean(L_, index) ? "true" : "false";
            case LUA_TNUMBER: {
                lua_pushvalue(L_, index);  // lua_tolstring would turn a table's key into a string
                std::string text = lua_tostring(L_, -1);
                lua_pop(L_, 1);
                return text;
            }
            case LUA_TSTRING: return string(index, depth);
            case LUA_TFUNCTION: return function(index);
            case LUA_TTABLE:
            case LUA_TUSERDATA: return object(index, depth);
            default: return other(index);
        }
    }

    std::string string(int index, int depth) {
        std::size_t size;
        const char* text = lua_tolstring(L_, index, &size);
        if (depth > 0) return quote(text, size, limits_.text / 100);
        if (size <= limits_.text) return {text, size};
        return std::string(text, limits_.text) + "…\n(" + with_commas(size) +
               " bytes; print(_) shows all)";
    }

    std::string function(int index) {
        lua_Debug record;
        lua_pushvalue(L_, index);
        lua_getinfo(L_, ">S", &record);
        if (record.what[0] == 'C' || record.linedefined < 0) return "function: built in";
        return std::string("function: ") + record.short_src + ":" +
               std::to_string(record.linedefined);
    }

    // Threads, light userdata, and FFI data, whose text the FFI library itself gives.
    std::string other(int index) {
        if (std::string(luaL_typename(L_, index)) == "cdata") {
            lua_getfield(L_, LUA_REGISTRYINDEX, "moonlet.tostring");
            lua_pushvalue(L_, index);
            std::string text = "cdata";
            if (lua_pcall(L_, 1, 1, 0) == 0 && lua_tostring(L_, -1)) text = lua_tostring(L_, -1);
            lua_pop(L_, 1);
            return text;
        }
        return std::string(luaL_typename(L_, index)) + ": " + address(L_, index);
    }

    void table(Node& node, int index, int depth) {
        const void* self = lua_topointer(L_, index);
        std::string name = type_name(index);
        if (name != "table") node.text = name + " ";
        if (std::find(path_.begin(), path_.end(), self) != path_.end()) {
            node.text += "<cycle>";
            return;
        }
        lua_pushnil(L_);
        bool empty = lua_next(L_, index) == 0;
        if (!empty) lua_pop(L_, 2);
        if (depth >= limits_.depth && !empty) {
            node.text += "{…}";
            return;
        }
        node.table = true;
        path_.push_back(self);
        std::size_t length = lua_objlen(L_, index);
        array_items(node, index, depth, length);
        hash_items(node, index, depth, length);
        path_.pop_back();
    }

    bool full(const Node& node) const {
        return node.items.size() >= limits_.items || count_ >= limits_.total;
    }

    void add_rest(Node& node, std::size_t left) {
        if (left > 0) node.items.push_back({"", "… " + with_commas(left) + " more"});
    }

    void array_items(Node& node, int index, int depth, std::size_t length) {
        for (std::size_t i = 1; i <= length; ++i) {
            if (full(node)) return add_rest(node, length - i + 1);
            lua_rawgeti(L_, index, static_cast<int>(i));
            node.items.push_back(build(lua_gettop(L_), depth + 1));
            lua_pop(L_, 1);
        }
    }

    struct Key {
        int order;  // numbers, strings, the rest
        double number;
        std::string text;
        int slot;  // in the table of keys
        bool operator<(const Key& b) const {
            if (order != b.order) return order < b.order;
            if (number != b.number) return number < b.number;
            return text < b.text;
        }
    };

    void hash_items(Node& node, int index, int depth, std::size_t length) {
        std::vector<Key> keys;
        std::size_t left = 0;
        lua_newtable(L_);
        int kept = lua_gettop(L_);
        // Behind a long array part the walk can start at its end.
        if (length > kMaxKeys) {
            lua_pushinteger(L_, static_cast<lua_Integer>(length));
        } else {
            lua_pushnil(L_);
        }
        while (lua_next(L_, index)) {
            lua_pop(L_, 1);
            bool number = lua_type(L_, -1) == LUA_TNUMBER;
            double value = number ? lua_tonumber(L_, -1) : 0;
            if (number && value >= 1 && value <= static_cast<double>(length) &&
                value == static_cast<double>(static_cast<std::size_t>(value))) {
                continue;
            }
            if (keys.size() >= kMaxKeys) {
                ++left;
                continue;
            }
            int slot = static_cast<int>(keys.size()) + 1;
            bool string = lua_type(L_, -1) == LUA_TSTRING;
            std::size_t size = 0;
            const char* text = string ? lua_tolstring(L_, -1, &size) : "";
            keys.push_back({number ? 0 : string ? 1 : 2, value, std::string(text, size), slot});
            lua_pushvalue(L_, -1);
            lua_rawseti(L_, kept, slot);
        }
        std::sort(keys.begin(), keys.end());
        for (std::size_t k = 0; k < keys.size(); ++k) {
            if (full(node)) {
                left += keys.size() - k;
                break;
            }
            lua_rawgeti(L_, kept, keys[k].slot);
            std::string shown = key_text(keys[k]);
            lua_rawget(L_, index);
            node.items.push_back(build(lua_gettop(L_), depth + 1));
            node.items.back().key = shown + " = ";
            lua_pop(L_, 1);
        }
        add_rest(node, left);
        lua_settop(L_, kept - 1);
    }

    // The key itself is on the top of the stack.
    std::string key_text(const Key& key) {
        if (key.order == 1 && is_name(key.text)) return key.text;
        return "[" + scalar_key(lua_gettop(L_)) + "]";
    }
    std::string scalar_key(int index) {
        if (lua_type(L_, index) == LUA_TTABLE) return "table: " + address(L_, index);
        return scalar(index, 1);
    }
};

int measure(Node& node) {
    node.flat = text_width(node.key) + text_width(node.text);
    if (node.table) node.flat += 2;
    for (Node& item : node.items) node.flat += measure(item) + 2;
    if (!node.items.empty()) node.flat -= 2;
    return node.flat;
}

void write_flat(const Node& node, std::string& out) {
    out += node.key + node.text;
    if (!node.table) return;
    out += "{";
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        if (i > 0) out += ", ";
        write_flat(node.items[i], out);
    }
    out += "}";
}

void write_lines(const Node& node, int indent, int width, std::string& out) {
    if (!node.table || node.flat + indent <= width) return write_flat(node, out);
    out += node.key + node.text + "{";
    std::string margin = "\n" + std::string(static_cast<std::size_t>(indent) + 2, ' ');
    bool filled = false;  // short array items share a line
    int column = 0;
    for (const Node& item : node.items) {
        bool small = item.key.empty() && !item.table && item.flat <= 24;
        if (filled && small && column + item.flat + 2 <= width) {
            out += " ";
            ++column;
        } else {
            out += margin;
            column = indent + 2;
        }
        write_lines(item, indent + 2, width - 1, out);
        out += ",";
        column += item.flat + 1;
        filled = small;
    }
    out += "\n" + std::string(static_cast<std::size_t>(indent), ' ') + "}";
}

}  // namespace

std::string quote(const char* text, std::size_t size, std::size_t limit) {
    std::string out = "\"";
    std::size_t end = std::min(size, limit);
    while (end < size && end > 0 && (text[end] & 0xc0) == 0x80) --end;
    for (std::size_t i = 0; i < end; ++i) {
        unsigned char c = static_cast<unsigned char>(text[i]);
        if (c == '"' || c == '\\') {
            out += {'\\', static_cast<char>(c)};
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c < ' ' || c == 0x7f) {
            char code[8];
            std::snprintf(code, sizeof code, "\\%03d", c);
            out += code;
        } else {
            out += static_cast<char>(c);
        }
    }
    out += "\"";
    if (end < size) out += "… (" + with_commas(size) + " bytes)";
    return out;
}

std::string format_value(lua_State* L, int index, const PrintLimits& limits) {
    if (index < 0) index = lua_gettop(L) + index + 1;
    Node tree = Builder(L, limits).build(index, 0);
    measure(tree);
    std::string out;
    write_lines(tree, 0, limits.width, out);
    return out;
}

std::string format_values(lua_State* L, int first, int count, const PrintLimits& limits) {
    std::vector<std::string> texts;
    bool lines = false;
    for (int i = 0; i < count; ++i) {
        texts.push_back(format_value(L, first + i, limits));
        lines = lines || texts.back().find('\n') != std::string::npos;
    }
    std::string out;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (i > 0) out += lines ? "\n" : "\t";
        out += texts[i];
    }
    return out;
}

}  // namespace moonlet
