// SPDX-License-Identifier: Apache-2.0
// One pass; ASCII words need no table. A word with characters that NFKC may change is normalised as
// a whole before it is taken apart.
#include "lexical/words.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>

#include "lexical/characters.h"

namespace moonlet::lexical {

namespace {

// What NFKC leaves alone for sure: Latin letters, composed Hangul, plain Han and kana.
bool is_plain(char32_t c) {
    return c < 0x2B0 || (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0x4E00 && c <= 0x9FFF) ||
           (c >= 0x3041 && c <= 0x3096) || (c >= 0x30A1 && c <= 0x30FA);
}

std::string nfkc(const std::string& word) {
    utf8proc_uint8_t* result = nullptr;
    auto bytes = reinterpret_cast<const utf8proc_uint8_t*>(word.data());
    auto options = utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
    auto size = utf8proc_map(bytes, utf8proc_ssize_t(word.size()), &result, options);
    if (size < 0) return word;
    std::unique_ptr<utf8proc_uint8_t, void (*)(void*)> owner(result, std::free);
    return std::string(reinterpret_cast<const char*>(result), size_t(size));
}

using Take = std::function<void(std::string_view)>;

// Takes a lower-case word apart where scripts change.
void take_apart(std::string_view word, const Take& take) {
    for (size_t at = 0; at < word.size();) {
        size_t begin = at, end = at;
        bool syllabic = is_syllabic(next_character(word, end));
        if (!syllabic) {
            for (size_t next = end; next < word.size(); end = next)
                if (is_syllabic(next_character(word, next))) break;
            take(word.substr(begin, end - begin));
            at = end;
            continue;
        }
        size_t second = end, count = 1;  // where the second character of a pair begins
        while (end < word.size()) {
            size_t next = end;
            if (!is_syllabic(next_character(word, next))) break;
            take(word.substr(begin, next - begin));
            begin = second;
            second = end = next;
            ++count;
        }
        if (count == 1) take(word.substr(begin, end - begin));
        at = end;
    }
}

}  // namespace

void each_term(std::string_view text, Terms kind, const Take& take) {
    std::string word;
    bool plain = true, ascii = true;
    auto finish = [&] {
        if (word.empty()) return;
        if (!plain) {
            word = nfkc(word);
            std::string lower;  // compatible forms may be capitals
            for (size_t at = 0; at < word.size();)
                append_character(lower, to_lower(next_character(word, at)));
            word = lower;
        }
        if (ascii || kind == Terms::words) take(word);
        else take_apart(word, take);
        word.clear();
        plain = ascii = true;
    };
    for (size_t at = 0; at < text.size();) {
        unsigned char lead = static_cast<unsigned char>(text[at]);
        if (lead < 0x80) {
            ++at;
            if (lead >= 'a' && lead <= 'z') word += char(lead);
            else if (lead >= 'A' && lead <= 'Z') word += char(lead + 32);
            else if ((lead >= '0' && lead <= '9') || lead == '_') word += char(lead);
            else finish();
            continue;
        }
        char32_t c = next_character(text, at);
        if (!is_word(c)) {
            finish();
            continue;
        }
        ascii = false;
        plain = plain && is_plain(c);
        append_character(word, to_lower(c));
    }
    finish();
}

}  // namespace moonlet::lexical
