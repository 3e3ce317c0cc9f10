// SPDX-License-Identifier: Apache-2.0
#include "core/json_quick.h"

#include <charconv>
#include <cstring>
#include <string>
#include <unordered_set>
#include <vector>

namespace moonlet {

// A key that comes again replaces the value, as everywhere.
void drop_repeated(Json::object_t& entries) {
    bool repeated = false;
    if (entries.size() <= 8) {
        for (auto a = entries.begin(); a != entries.end(); ++a)
            for (auto b = entries.begin(); b != a; ++b) repeated = repeated || a->first == b->first;
    } else {
        size_t mask = 15;
        while (mask < entries.size() * 2) mask = mask * 2 + 1;
        std::vector<uint32_t> slots(mask + 1, 0);  // entry + 1
        auto name = [&](size_t i) -> const std::string& {
            return (entries.begin() + static_cast<std::ptrdiff_t>(i))->first;
        };
        for (size_t i = 0; i < entries.size() && !repeated; ++i) {
            size_t at = std::hash<std::string_view>()(name(i)) & mask;
            for (; slots[at] && !repeated; at = (at + 1) & mask)
                repeated = name(slots[at] - 1) == name(i);
            slots[at] = static_cast<uint32_t>(i + 1);
        }
    }
    if (!repeated) return;
    Json::object_t kept;
    std::unordered_set<std::string> names;
    for (auto& e : entries) {
        if (names.insert(e.first).second) kept.emplace_back(e.first, std::move(e.second));
        else kept.find(e.first)->second = std::move(e.second);
    }
    entries = std::move(kept);
}

namespace {

class Reader {
  public:
    explicit Reader(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

    bool read(Json& out) {
        if (!value(out, 0)) return false;
        skip();
        return at_ == end_;
    }

  private:
    void skip() {
        while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
    }
    bool take(char c) {
        skip();
        if (at_ == end_ || *at_ != c) return false;
        ++at_;
        return true;
    }
    bool word(std::string_view w) {
        if (static_cast<size_t>(end_ - at_) < w.size() || std::memcmp(at_, w.data(), w.size()) != 0)
            return false;
        at_ += w.size();
        return true;
    }

    bool value(Json& out, int depth) {
        skip();
        if (at_ == end_ || depth >= kMaxJsonDepth) return false;
        switch (*at_) {
            case '{': return object(out, depth);
            case '[': return array(out, depth);
            case '"': out = std::string(); return string(out.get_ref<std::string&>());
            case 't': out = true; return word("true");
            case 'f': out = false; return word("false");
            case 'n': return word("null");
            default: return number(out);
        }
    }

    bool object(Json& out, int depth) {
        ++at_;
        out = Json::object();
        auto& entries = out.get_ref<Json::object_t&>();
        if (take('}')) return true;
        do {
            skip();
            std::string name;
            if (at_ == end_ || *at_ != '"' || !string(name) || !take(':')) return false;
            entries.emplace_back(std::move(name), Json());
            if (!value(entries.back().second, depth + 1)) return false;
        } while (take(','));
        drop_repeated(entries);
        return take('}');
    }

    bool array(Json& out, int depth) {
        ++at_;
        out = Json::array();
        auto& items = out.get_ref<Json::array_t&>();
        if (take(']')) return true;
        do {
            items.emplace_back();
            if (!value(items.back(), depth + 1)) return false;
        } while (take(','));
        return take(']');
    }

    bool number(Json& out) {
        const char* begin = at_;
        bool minus = *at_ == '-', whole = true;
        if (minus) ++at_;
        const char* digits = at_;
        while (at_ < end_ && *at_ >= '0' && *at_ <= '9') ++at_;
        if (at_ == digits || (*digits == '0' && at_ - digits > 1)) return false;
        if (at_ < end_ && *at_ == '.') {
            whole = false;
            const char* first = ++at_;
            while (at_ < end_ && *at_ >= '0' && *at_ <= '9') ++at_;
            if (at_ == first) return false;
        }
        if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) return false;  // rare
        if (!whole) {
            double number = 0;
            if (std::from_chars(begin, at_, number).ec != std::errc()) return false;
            out = number;
            return true;
        }
        if (at_ - digits > 18) return false;  // what a word may not hold
        int64_t number = 0;
        for (const char* d = digits; d < at_; ++d) number = number * 10 + (*d - '0');
        if (minus) out = -number;
        else out = static_cast<uint64_t>(number);
        return true;
    }

    // Bytes of the character at `at`, which is not ASCII; 0: broken.
    size_t width(const char* at) const {
        auto byte = [&](size_t i) {
            return at + i < end_ ? static_cast<unsigned char>(at[i]) : 0u;
        };
        auto more = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
        unsigned lead = byte(0), second = byte(1);
        if (lead >= 0xC2 && lead <= 0xDF) return more(1) ? 2 : 0;
        if (lead >= 0xE0 && lead <= 0xEF) {
            bool fits = !(lead == 0xE0 && second < 0xA0) && !(lead == 0xED && second > 0x9F);
            return fits && more(1) && more(2) ? 3 : 0;
        }
        if (lead >= 0xF0 && lead <= 0xF4) {
            bool fits = !(lead == 0xF0 && second < 0x90) && !(lead == 0xF4 && second > 0x8F);
            return fits && more(1) && more(2) && more(3) ? 4 : 0;
        }
        return 0;
    }

    bool string(std::string& out) {
        const char* from = ++at_;
        while (at_ < end_ && *at_ != '"') {
            auto c = static_cast<unsigned char>(*at_);
            if (c < 0x20) return false;
            if (c == '\\') {
                out.append(from, at_);
                if (!escape(out)) return false;
                from = at_;
            } else if (c < 0x80) {
                ++at_;
            } else {
                size_t n = width(at_);
                if (n == 0) return false;
                at_ += n;
            }
        }
        if (at_ == end_) return false;
        out.append(from, at_);
        ++at_;
        return true;
    }

    bool escape(std::string& out) {
        if (end_ - at_ < 2) return false;
        char c = at_[1];
        at_ += 2;
        switch (c) {
            case '"':
            case '\\':
            case '/': out += c; return true;
            case 'b': out += '\b'; return true;
            case 'f': out += '\f'; return true;
            case 'n': out += '\n'; return true;
            case 'r': out += '\r'; return true;
            case 't': out += '\t'; return true;
            case 'u': break;
            default: return false;
        }
        uint32_t code = 0;
        if (end_ - at_ < 4 || std::from_chars(at_, at_ + 4, code, 16).ptr != at_ + 4) return false;
        at_ += 4;
        if (code >= 0xD800 && code < 0xE000) {  // the first half of a pair
            uint32_t low = 0;
            if (code >= 0xDC00 || end_ - at_ < 6 || at_[0] != '\\' || at_[1] != 'u' ||
                std::from_chars(at_ + 2, at_ + 6, low, 16).ptr != at_ + 6 || low < 0xDC00 ||
                low > 0xDFFF)
                return false;
            at_ += 6;
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        auto put = [&](uint32_t byte) { out += static_cast<char>(byte); };
        if (code < 0x80) {
            put(code);
        } else if (code < 0x800) {
            put(0xC0 | code >> 6);
            put(0x80 | (code & 63));
        } else {
            if (code < 0x10000) {
                put(0xE0 | code >> 12);
            } else {
                put(0xF0 | code >> 18);
                put(0x80 | (code >> 12 & 63));
            }
            put(0x80 | (code >> 6 & 63));
            put(0x80 | (code & 63));
        }
        return true;
    }

    const char* at_;
    const char* end_;
};

}  // namespace

bool quick_json(std::string_view text, Json& out) { return Reader(text).read(out); }

}  // namespace moonlet
