// SPDX-License-Identifier: Apache-2.0
// by = "sentence": whole sentences, packed up to the size within a paragraph first; a sentence that
// is longer is cut between words. And where a Korean or English sentence ends:
//   . ! ? … and closing quotes or brackets, then a blank; 。！？ without one, too;
//   다. 요. 죠. 까. directly before Hangul (a forgotten blank);
//   not inside a pair of brackets or double quotes that closes soon in the same paragraph;
//   not before a small letter, not in 3.14, e.g., Dr. Kim, J. Smith, No. 5, 2024. 3. 5., nor behind
//   the number of a list;
//   an ellipsis only where a sentence plainly begins or has ended;
//   at a blank line, headings, list items and table rows always; at another line's end unless it is
//   wrapped prose: 50 or more characters, or the next line begins with a small letter.
#include <algorithm>
#include <array>

#include "lexical/characters.h"
#include "lexical/levels.h"

namespace moonlet {

namespace {

using namespace lexical;

constexpr size_t kWrapped = 50;     // characters of a line that was wrapped, not ended
constexpr size_t kProtected = 400;  // bytes in which a bracket or quote has to close

template <size_t N>
bool among(std::string_view word, const std::array<std::string_view, N>& list) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

// Before a name or something that follows: never the end of a sentence.
constexpr std::array<std::string_view, 30> kTitles = {
    "dr",   "mr", "mrs", "ms",  "prof", "st",  "gen",  "rep",    "sen", "gov",
    "capt", "lt", "col", "sgt", "rev",  "hon", "pres", "mt",     "ft",  "messrs",
    "vs",   "cf", "e.g", "i.e", "eg",   "ie",  "viz",  "approx", "ca",  "mme"};
// The same before a number only.
constexpr std::array<std::string_view, 30> kBeforeNumbers = {
    "no",  "nos",  "fig", "figs", "p",   "pp",  "vol", "vols", "eq",   "ch",
    "sec", "art",  "ver", "jan",  "feb", "mar", "apr", "jun",  "jul",  "aug",
    "sep", "sept", "oct", "nov",  "dec", "tel", "ext", "app",  "chap", "para"};
// They may end a sentence: only before a word that often begins one.
constexpr std::array<std::string_view, 11> kEndings = {"inc", "ltd", "co",   "corp", "jr",  "sr",
                                                       "a.m", "p.m", "bros", "al",   "ph.d"};
constexpr std::array<std::string_view, 36> kStarters = {
    "The",   "A",     "An",    "He",      "She", "It",   "They",  "We",   "You",
    "I",     "But",   "And",   "In",      "On",  "At",   "This",  "That", "These",
    "Those", "There", "Then",  "However", "If",  "When", "While", "As",   "For",
    "His",   "Her",   "Their", "Its",     "Our", "My",   "What",  "Who",  "So"};

bool is_terminator(char32_t c) {
    return c == '.' || c == '!' || c == '?' || c == 0x2026 || c == 0x3002 || c == 0xFF01 ||
           c == 0xFF1F || c == 0xFF0E || c == 0x203C || c == 0x2049;
}
bool needs_no_blank(char32_t c) { return c == 0x3002 || c == 0xFF01 || c == 0xFF1F; }
bool is_closer(char32_t c) {
    return c == '"' || c == '\'' || c == ')' || c == ']' || c == '}' || c == '*' || c == '_' ||
           c == 0x201D || c == 0x2019 || c == 0x300D || c == 0x300F || c == 0x300B || c == 0x3009 ||
           c == 0x3011 || c == 0xBB || c == 0xFF09;
}
bool is_opener(char32_t c) {
    return c == '"' || c == '\'' || c == '(' || c == '[' || c == '{' || c == '*' || c == '_' ||
           c == 0x201C || c == 0x2018 || c == 0x300C || c == 0x300E || c == 0x300A || c == 0x3008 ||
           c == 0x3010 || c == 0xAB || c == 0xFF08;
}
// What a Korean sentence ends in: 다 요 죠 까 네 지 음 임 함 됨 라 자.
bool ends_korean(char32_t c) {
    return c == 0xB2E4 || c == 0xC694 || c == 0xC8E0 || c == 0xAE4C || c == 0xB124 || c == 0xC9C0 ||
           c == 0xC74C || c == 0xC784 || c == 0xD568 || c == 0xB428 || c == 0xB77C || c == 0xC790;
}
// Hangul that goes on behind a quoted sentence: 라(고) 하(고) 고 며 는 란.
bool continues_korean(char32_t c) {
    return c == 0xB77C || c == 0xD558 || c == 0xACE0 || c == 0xBA70 || c == 0xB294 || c == 0xB780;
}

char closing_of(char opening) { return opening == '(' ? ')' : opening == '[' ? ']' : '"'; }

class Sentences {
  public:
    explicit Sentences(std::string_view text) : text_(text) {}

    std::vector<std::pair<size_t, size_t>> read() {
        for (size_t at = 0; at < text_.size();) {
            switch (static_cast<unsigned char>(text_[at])) {
                case '\n': at = line_end(at); break;
                case '.':
                case '!':
                case '?': at = terminator(at); break;
                case '(':
                case '[':
                case '"':
                    protect(at, closing_of(text_[at]));
                    ++at;
                    break;
                case 0xE2:
                case 0xE3:
                case 0xEF: at = other(at); break;
                default: ++at;
            }
        }
        cut(text_.size());
        return std::move(spans_);
    }

  private:
    char32_t at(size_t place) const {
        return place < text_.size() ? next_character(text_, place) : 0;
    }
    char32_t before(size_t place) const { return place ? previous_character(text_, place) : 0; }

    void cut(size_t end) {
        size_t first = begin_, last = end;
        strip(text_, first, last);
        if (first < last) spans_.push_back({first, last});
        begin_ = end;
    }

    // Multi-byte terminators and opening quotes.
    size_t other(size_t place) {
        size_t next = place;
        char32_t c = next_character(text_, next);
        if (is_terminator(c)) return terminator(place);
        if (c == 0x201C) protect_until(next, "\xE2\x80\x9D");
        if (c == 0x300C) protect_until(next, "\xE3\x80\x8D");
        if (c == 0x300E) protect_until(next, "\xE3\x80\x8F");
        return next;
    }

    void protect(size_t place, char closing) {
        if (closing == '"') {  // it opens where a word begins
            char32_t left = before(place), right = at(place + 1);
            bool opens = place == 0 || is_space(left) || is_opener(left);
            if (!opens || is_space(right) || right == 0) return;
        }
        protect_until(place + 1, std::string_view(&closing, 1));
    }
    void protect_until(size_t from, std::string_view closing) {
        if (from <= protected_) return;
        std::string_view near = text_.substr(from, kProtected);
        size_t end = near.find(closing);
        if (end != std::string_view::npos && near.substr(0, end).find("\n\n") == near.npos)
            protected_ = from + end;
    }

    // A run of terminators and what closes behind it. Returns where to go on.
    size_t terminator(size_t place) {
        size_t end = place, count = 0;
        bool full_width = false, dots_only = true;
        for (size_t next = end; next < text_.size(); end = next, ++count) {
            char32_t c = next_character(text_, next);
            if (!is_terminator(c)) break;
            full_width = full_width || needs_no_blank(c);
            dots_only = dots_only && (c == '.' || c == 0x2026);
        }
        size_t closed = end;
        for (size_t next = closed; next < text_.size(); closed = next)
            if (!is_closer(next_character(text_, next))) break;
        if (place < protected_ && closed <= protected_) return end;  // still inside
        bool ellipsis = dots_only && (count > 1 || end - place > 1);
        if (ends(place, end, closed, full_width, dots_only && !ellipsis, ellipsis)) {
            cut(closed);
            return closed;
        }
        return end;
    }

    bool ends(size_t place, size_t end, size_t closed, bool full_width, bool dot, bool ellipsis) {
        if (closed >= text_.size()) return true;
        char32_t follows = at(closed), last = before(place);
        if (!is_space(follows)) {
            if (full_width) return closed == end || !is_letter(follows);
            return closed == end && !ellipsis && ends_korean(last) && is_hangul(follows) &&
                   (dot || !continues_korean(follows));
        }
        size_t next = closed;
        while (next < text_.size()) {
            size_t after = next;
            char32_t c = next_character(text_, after);
            if (c == '\n' && line_begins_block(after)) return true;
            if (!is_space(c) && !is_opener(c)) break;
            next = after;
        }
        if (next >= text_.size()) return true;
        char32_t begins = at(next);
        if (full_width) return true;
        if (is_lower(begins) && !is_hangul(last)) return false;
        if (ellipsis && is_hangul(begins)) return ends_korean(last);
        return !dot || !abbreviates(place, next, begins);
    }

    // Whether the dot at `place` belongs to the word or number before it.
    bool abbreviates(size_t place, size_t next, char32_t begins) const {
        size_t word = place;
        while (word > begin_ && place - word < 24) {
            size_t left = word;
            char32_t c = previous_character(text_, left);
            if (!is_word(c) && c != '.') break;
            word = left;
        }
        std::string_view given = text_.substr(word, place - word);
        if (given.empty()) return false;
        if (given.find_first_not_of("0123456789") == std::string_view::npos)
            return is_digit(begins) || starts_line(word) || follows_number(word);
        size_t first = word;
        char32_t letter = next_character(text_, first);
        if (first == place && letter >= 0xAC00 && starts_line(word))
            return std::string_view("가나다라마바사아자차카타파하").find(given) != given.npos;
        if (!is_letter(letter) || is_syllabic(letter)) return false;
        std::string small;
        for (size_t i = word; i < place;)
            append_character(small, to_lower(next_character(text_, i)));
        if (among(small, kTitles)) return true;
        if (among(small, kBeforeNumbers)) return is_digit(begins);
        bool initials = (first == place && is_upper(letter)) ||
                        (small.size() > 2 && small[1] == '.' && small[small.size() - 2] == '.');
        return (initials || among(small, kEndings)) && !starter(next);
    }
    bool starter(size_t place) const {
        size_t end = place;
        for (size_t next = end; next < text_.size() && end - place < 12; end = next)
            if (!is_letter(next_character(text_, next))) break;
        return among(text_.substr(place, end - place), kStarters);
    }
    bool starts_line(size_t word) const {
        size_t first = word;
        while (first > 0 && (text_[first - 1] == ' ' || text_[first - 1] == '\t')) --first;
        return first == 0 || text_[first - 1] == '\n' || first <= begin_;
    }
    // "3. 5" before the place: the parts of a date.
    bool follows_number(size_t word) const {
        return word >= 3 && text_[word - 1] == ' ' && text_[word - 2] == '.' &&
               is_digit(static_cast<unsigned char>(text_[word - 3]));
    }

    bool line_begins_block(size_t line) const {
        size_t first = line;
        while (first < text_.size() && (text_[first] == ' ' || text_[first] == '\t')) ++first;
        if (first >= text_.size() || text_[first] == '\n' || text_[first] == '\r') return true;
        char c = text_[first], after = first + 1 < text_.size() ? text_[first + 1] : ' ';
        if (c == '#' || c == '|' || c == '>') return true;
        if (c == '-' || c == '*' || c == '+') return after == ' ';
        if (c == '`' || c == '~') return text_.substr(first, 3) == std::string(3, c);
        size_t digits = first;
        while (digits < text_.size() && digits - first < 4 && is_digit(text_[digits] & 0x7F) &&
               static_cast<unsigned char>(text_[digits]) < 0x80)
            ++digits;
        return digits > first && digits + 1 < text_.size() &&
               (text_[digits] == '.' || text_[digits] == ')') && text_[digits + 1] == ' ';
    }

    size_t line_end(size_t place) {
        std::string_view line = text_.substr(line_, place - line_);
        line_ = place + 1;
        if (line_begins_block(place + 1) || (!line.empty() && (line[0] == '#' || line[0] == '|'))) {
            cut(place);
        } else if (place >= protected_) {
            size_t first = place + 1;
            while (first < text_.size() && text_[first] == ' ') ++first;
            bool goes_on = is_lower(at(first)) || count_characters(line) >= kWrapped;
            if (!goes_on) cut(place);
        }
        return place + 1;
    }

    std::string_view text_;
    std::vector<std::pair<size_t, size_t>> spans_;
    size_t begin_ = 0;      // of the sentence that is being read
    size_t line_ = 0;       // where the line began
    size_t protected_ = 0;  // nothing ends before this byte
};

std::vector<Chunk> split_sentence(std::string_view text, const SplitOptions& options) {
    std::vector<Chunk> chunks;
    if (options.size == 0) {
        for (auto [begin, end] : sentence_spans(text)) chunks.push_back({begin, end, {}});
        return chunks;
    }
    const std::vector<Level> levels = {{"\n\n", false}, {"", true}, {" ", false}, {"", false}};
    split_levels(text, 0, text.size(), levels, options.size, options.overlap, chunks);
    return chunks;
}

const bool registered = Splitters::add("sentence", split_sentence);

}  // namespace

std::vector<std::pair<size_t, size_t>> sentence_spans(std::string_view text) {
    return Sentences(text).read();
}

}  // namespace moonlet
