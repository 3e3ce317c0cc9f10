// SPDX-License-Identifier: Apache-2.0
// UTF-8 and character classes. The ranges become one two-level table of bit masks on first use:
// a lookup is two loads, and BERT asks five questions about every character.
#include "tokenizers/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <map>

#include "tokenizers/unicode_tables.h"

namespace moonlet::unicode {

namespace {

enum Bit : uint8_t {
    kWordBit = 1,
    kNumericBit = 2,
    kPunctuationBit = 4,
    kControlBit = 8,
    kCombiningBit = 16,
    kNonspacingBit = 32
};

class Classes {
  public:
    Classes() {
        std::vector<uint8_t> all(0x110000, 0);
        auto mark = [&](auto& ranges, Bit bit) {
            for (const Range& r : ranges)
                for (uint32_t c = r.first; c <= r.last; ++c) all[c] |= bit;
        };
        mark(kWord, kWordBit);
        mark(kNumeric, kNumericBit);
        mark(kPunctuation, kPunctuationBit);
        mark(kControl, kControlBit);
        mark(kCombining, kCombiningBit);
        mark(kNonspacing, kNonspacingBit);
        std::map<std::string_view, uint16_t> seen;
        for (size_t page = 0; page < index_.size(); ++page) {
            std::string_view bytes(reinterpret_cast<const char*>(&all[page * 256]), 256);
            auto [it, fresh] = seen.emplace(bytes, static_cast<uint16_t>(seen.size()));
            if (fresh) pages_.append(bytes);
            index_[page] = it->second;
        }
    }
    bool has(char32_t c, Bit bit) const {
        return c < 0x110000 &&
               (static_cast<uint8_t>(pages_[index_[c >> 8] * 256u + (c & 255)]) & bit);
    }

  private:
    std::array<uint16_t, 0x1100> index_;
    std::string pages_;
};

bool has(char32_t c, Bit bit) {
    static const Classes classes;
    return classes.has(c, bit);
}

}  // namespace

int script(char32_t c) {
    auto it = std::upper_bound(std::begin(kScripts), std::end(kScripts), c,
                               [](char32_t c, const ScriptRange& r) { return c < r.first; });
    if (it == std::begin(kScripts) || c > (--it)->last) return -1;
    return it->script;
}

char32_t next(std::string_view text, size_t& at) {
    auto b = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
    unsigned char lead = b(0);
    char32_t c;
    switch (width(lead)) {
        case 1:
            c = lead;
            at += 1;
            return c;
        case 2:
            c = (lead & 31u) << 6 | (b(1) & 63u);
            at += 2;
            return c;
        case 3:
            c = (lead & 15u) << 12 | (b(1) & 63u) << 6 | (b(2) & 63u);
            at += 3;
            return c;
        default:
            c = (lead & 7u) << 18 | (b(1) & 63u) << 12 | (b(2) & 63u) << 6 | (b(3) & 63u);
            at += 4;
            return c;
    }
}

void append(std::string& out, char32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xC0 | c >> 6);
        out += static_cast<char>(0x80 | (c & 63));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xE0 | c >> 12);
        out += static_cast<char>(0x80 | (c >> 6 & 63));
        out += static_cast<char>(0x80 | (c & 63));
    } else {
        out += static_cast<char>(0xF0 | c >> 18);
        out += static_cast<char>(0x80 | (c >> 12 & 63));
        out += static_cast<char>(0x80 | (c >> 6 & 63));
        out += static_cast<char>(0x80 | (c & 63));
    }
}

std::string utf8(char32_t c) {
    std::string out;
    append(out, c);
    return out;
}

int check(std::string_view text, size_t at) {
    auto byte = [&](size_t i) -> unsigned {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
    };
    unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    unsigned low = 0x80, high = 0xBF;  // what the second byte may be
    int need;
    if (lead >= 0xC2 && lead <= 0xDF) need = 2;
    else if (lead >= 0xE0 && lead <= 0xEF) need = 3;
    else if (lead >= 0xF0 && lead <= 0xF4) need = 4;
    else return -1;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
    for (int i = 1; i < need; ++i) {
        unsigned b = byte(static_cast<size_t>(i));
        if (b < low || b > high) return -i;
        low = 0x80, high = 0xBF;
    }
    return need;
}

bool valid(std::string_view text) {
    for (size_t at = 0; at < text.size();) {
        if (static_cast<unsigned char>(text[at]) < 0x80) {
            ++at;
            continue;
        }
        int n = check(text, at);
        if (n < 0) return false;
        at += static_cast<size_t>(n);
    }
    return true;
}

std::string lossy(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        int n = check(text, at);
        if (n > 0) {
            out.append(text, at, static_cast<size_t>(n));
            at += static_cast<size_t>(n);
        } else {
            append(out, 0xFFFD);
            at += static_cast<size_t>(-n);
        }
    }
    return out;
}

bool is_space(char32_t c) {
    if (c < 0x80) return c == ' ' || (c >= 9 && c <= 13);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}
bool is_word(char32_t c) { return has(c, kWordBit); }
bool is_numeric(char32_t c) { return has(c, kNumericBit); }
bool is_punctuation(char32_t c) { return has(c, kPunctuationBit); }
bool is_control(char32_t c) { return c == 0 || has(c, kControlBit); }
bool is_combining(char32_t c) { return has(c, kCombiningBit); }
bool is_nonspacing(char32_t c) { return has(c, kNonspacingBit); }

bool is_cjk(char32_t c) {
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
           (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B81F) ||
           (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0x2F800 && c <= 0x2FA1F);
}

int lower(char32_t c, char32_t out[2]) {
    // Letters newer than utf8proc's tables (Unicode 16 and 17).
    static constexpr struct {
        char32_t from, to;
    } kNew[] = {{0x1C89, 0x1C8A}, {0xA7CB, 0x264},  {0xA7CC, 0xA7CD}, {0xA7CE, 0xA7CF},
                {0xA7D2, 0xA7D3}, {0xA7D4, 0xA7D5}, {0xA7DA, 0xA7DB}, {0xA7DC, 0x19B}};
    out[0] = c;
    if (c < 0x80) {
        if (c >= 'A' && c <= 'Z') out[0] = c + 32;
        return 1;
    }
    if (c == 0x130) {
        out[0] = 'i', out[1] = 0x307;
        return 2;
    }
    out[0] = static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
    if (out[0] != c) return 1;
    for (auto& e : kNew)
        if (e.from == c) out[0] = e.to;
    if (c >= 0x10D50 && c <= 0x10D65) out[0] = c + 0x20;
    if (c >= 0x16EA0 && c <= 0x16EB8) out[0] = c + 0x1B;
    return 1;
}

std::vector<Change> lowercase(std::string_view text) {
    std::vector<Change> changes;
    changes.reserve(text.size());
    for (size_t i = 0; i < text.size();) {
        char32_t low[2];
        int n = lower(next(text, i), low);
        for (int k = 0; k < n; ++k) changes.push_back({low[k], k > 0});
    }
    return changes;
}

}  // namespace moonlet::unicode
