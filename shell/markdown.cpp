// SPDX-License-Identifier: Apache-2.0
#include "shell/markdown.h"

#include <algorithm>
#include <cctype>

#include "shell/code_colors.h"
#include "shell/markdown_table.h"
#include "shell/text.h"

namespace moonlet {
namespace {

constexpr std::size_t kLongestSpan = 500;  // bytes; what is open for longer was no span
constexpr std::string_view kThink = "<think>", kThought = "</think>";
const std::string kDim = "2", kCode = "36";

std::string join(const std::string& a, const std::string& b) {
    return a.empty() ? b : b.empty() ? a : a + ";" + b;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n'; }
bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || (c & 0x80); }

// Bytes at the end that are the start of a character.
std::size_t unfinished_character(std::string_view text) {
    for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
        auto c = static_cast<unsigned char>(text[text.size() - back]);
        if (c < 0x80) return 0;
        if (c >= 0xc0) return back < (c < 0xe0 ? 2u : c < 0xf0 ? 3u : 4u) ? back : 0;
    }
    return 0;
}

std::size_t run_length(std::string_view text, std::size_t at) {
    std::size_t end = at;
    while (end < text.size() && text[end] == text[at]) ++end;
    return end - at;
}

// Where the closing run of an emphasis opened before `at` starts; npos = not there. Unless the text
// is whole, a run at its end may become a longer one.
std::size_t closing(std::string_view text, std::size_t at, std::string_view mark, bool whole) {
    for (std::size_t i = at; i < text.size(); ++i) {
        if (text[i] == '`') {
            std::size_t n = run_length(text, i), end = text.find(std::string(n, '`'), i + n);
            if (end == std::string_view::npos) continue;
            i = end + n - 1;
        } else if (text[i] == '\\') {
            ++i;
        } else if (text[i] == mark[0]) {
            std::size_t n = run_length(text, i);
            if (i + n == text.size() && !whole) return std::string_view::npos;
            bool inner = mark[0] == '_' && i + n < text.size() && is_word(text[i + n]);
            if (n == mark.size() && i > at && !is_space(text[i - 1]) && !inner) return i;
            if (n == 3 && mark.size() == 1) return i + 2;  // **…***
            i += n - 1;
        }
    }
    return std::string_view::npos;
}

}  // namespace

MarkdownStream::MarkdownStream(Look look, std::function<void(std::string_view)> out)
    : look_(look), out_(std::move(out)), flow_(look.width, bytes_), thinking_(look.thinking) {}

std::string MarkdownStream::base() const { return join(thinking_ ? kDim : "", heading_); }

void MarkdownStream::write(std::string_view piece) {
    buffer_ += piece;
    step(false);
    flow_.rest();
    if (!bytes_.empty()) out_(bytes_);
    bytes_.clear();
}

void MarkdownStream::finish() {
    step(true);
    if (!table_.empty()) show_table();
    if (flow_.line_is_open()) flow_.end_line();
    flow_.rest();
    if (!bytes_.empty()) out_(bytes_);
    bytes_.clear();
}

// Uses up what is certain; `end`: nothing more will come.
void MarkdownStream::step(bool end) {
    while (!buffer_.empty()) {
        if (!fence_.empty()) {
            if (!code_line(end)) return;
        } else if (!in_line_) {
            if (!begin_line(end)) return;
        } else {
            std::size_t line_end = buffer_.find('\n');
            bool whole = line_end != std::string::npos;
            std::string line = buffer_.substr(0, line_end);
            if (!line.empty() && line.back() == '\r') line.pop_back();
            std::size_t used = spans(line, whole || end, base());
            if (!whole) {
                if (used > 0) previous_ = buffer_[used - 1];
                buffer_.erase(0, used);
                return;
            }
            buffer_.erase(0, line_end + 1);
            flow_.end_line();
            in_line_ = false;
            heading_.clear();
        }
    }
}

// Decides what the line is; false = not yet.
bool MarkdownStream::begin_line(bool end) {
    std::size_t line_end = buffer_.find('\n');
    bool whole = line_end != std::string::npos || end;
    std::string line = buffer_.substr(0, line_end);
    std::size_t first = line.find_first_not_of(" \t\r");
    if (first != std::string::npos && line[first] == '|' && fence_.empty()) {
        if (!whole) return false;
        table_.push_back(line);
        buffer_.erase(0, line_end == std::string::npos ? buffer_.size() : line_end + 1);
        return true;
    }
    if (first == std::string::npos && !whole) return false;
    if (!table_.empty()) show_table();
    if (first == std::string::npos) {
        buffer_.erase(0, line_end == std::string::npos ? buffer_.size() : line_end + 1);
        flow_.end_line();
        return true;
    }
    std::size_t used = 0;
    if (!line_start(line, whole, &used)) return false;
    previous_ = ' ';
    bool is_whole_line = used > line.size();  // nothing of it is left for spans
    buffer_.erase(0, std::min(used, buffer_.size()));
    in_line_ = !is_whole_line;
    return true;
}

// The marks at its start. *used: bytes they take, one more than the line has when it is done.
bool MarkdownStream::line_start(std::string_view line, bool whole, std::size_t* used) {
    std::string first, rest;  // what rows start with
    std::size_t at = 0;
    auto starts = [&](std::string_view mark) {
        std::string_view left = line.substr(at);
        if (left.substr(0, mark.size()) == mark) return 1;
        return !whole && mark.substr(0, left.size()) == left ? -1 : 0;  // -1: may become it
    };
    for (bool more = true; more;) {
        more = false;
        std::size_t blanks = 0;
        while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at, ++blanks;
        first += std::string(std::min(blanks, look_.width / 3), ' ');
        rest += std::string(std::min(blanks, look_.width / 3), ' ');
        if (at == line.size()) {
            if (!whole) return false;
            break;
        }
        char c = line[at];
        std::size_t run = run_length(line, at), behind = at + run;
        bool at_end = behind == line.size() && !whole;  // the next byte decides
        if (c == '<') {
            for (auto mark : {kThink, kThought}) {
                int is = starts(mark);
                if (is < 0) return false;
                if (is == 0) continue;
                thinking_ = mark == kThink;
                at += mark.size();
                more = true;
                // A line of its own is not shown.
                if (at == line.size()) {
                    if (!whole) return false;
                    *used = line.size() + 1;
                    return true;
                }
            }
        } else if ((c == '`' || c == '~') && run <= 3 && at_end) {
            return false;
        } else if ((c == '`' || c == '~') && run >= 3) {
            if (!whole) return false;
            std::string info(line.substr(behind));
            if (c == '`' && info.find('`') != std::string::npos) break;
            info.erase(0, info.find_first_not_of(' '));
            language_ = info.substr(0, info.find_first_of(" {\r:"));
            std::transform(language_.begin(), language_.end(), language_.begin(),
                           [](char l) { return static_cast<char>(std::tolower(l)); });
            fence_ = std::string(run, c);
            code_.clear();
            flow_.begin(first, rest, join(base(), kDim));
            flow_.raw(line.substr(at, line.find_last_not_of('\r') + 1 - at), join(base(), kDim));
            flow_.end_line();
            *used = line.size() + 1;
            return true;
        } else if (c == '#' && run <= 6 && at_end) {
            return false;
        } else if (c == '#' && run <= 6 && behind < line.size() && line[behind] == ' ') {
            at = behind + 1;
            heading_ = run == 1 ? "1;4" : "1";
        } else if (c == '>') {
            ++at;
            if (at == line.size() && !whole) return false;
            if (at < line.size() && line[at] == ' ') ++at;
            first += look_.unicode ? "│ " : "> ";
            rest += look_.unicode ? "│ " : "> ";
            more = true;
        } else if (c == '-' || c == '*' || c == '_' || c == '+') {
            if (line.find_first_not_of(std::string{c, ' ', '\r'}, at) == std::string_view::npos) {
                if (!whole) return false;  // a rule, a list item, bold …
                if (std::count(line.begin() + static_cast<std::ptrdiff_t>(at), line.end(), c) >=
                    3) {
                    flow_.begin(first, rest, join(base(), kDim));
                    std::string rule;
                    std::size_t columns = std::min<std::size_t>(look_.width, 40);
                    while (columns-- > 0) rule += look_.unicode ? "─" : "-";
                    flow_.raw(rule, kDim);
                    flow_.end_line();
                    *used = line.size() + 1;
                    return true;
                }
            }
            if (c != '_' && run == 1 && behind < line.size() && line[behind] == ' ') {
                first += look_.unicode ? "• " : std::string{c, ' '};
                rest += "  ";
                at += 2;
            }
        } else if (std::isdigit(static_cast<unsigned char>(c))) {
            std::size_t digits = at;
            while (digits < line.size() && std::isdigit(static_cast<unsigned char>(line[digits])))
                ++digits;
            if (digits - at < 10) {
                if (digits + 1 >= line.size() && !whole) return false;
                bool item = digits + 1 < line.size() &&
                            (line[digits] == '.' || line[digits] == ')') && line[digits + 1] == ' ';
                if (item) {
                    std::string number(line.substr(at, digits + 2 - at));
                    first += number;
                    rest += std::string(number.size(), ' ');
                    at = digits + 2;
                }
            }
        }
    }
    flow_.begin(first, rest, join(base(), ""));
    *used = at;
    return true;
}

bool MarkdownStream::code_line(bool end) {
    std::size_t line_end = buffer_.find('\n');
    if (line_end == std::string::npos && !end) return false;
    std::string line = buffer_.substr(0, line_end);
    buffer_.erase(0, line_end == std::string::npos ? buffer_.size() : line_end + 1);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    std::size_t mark = std::min(line.find_first_not_of(' '), line.size());
    bool closed = line.compare(mark, fence_.size(), fence_) == 0 &&
                  line.find_first_not_of(" " + fence_.substr(0, 1), mark) == std::string::npos;
    if (closed) {
        fence_.clear();
        flow_.raw(line, join(base(), kDim));
    } else {
        show_code(line);
    }
    flow_.end_line();
    return true;
}

// A string or comment may have begun lines before: the whole block so far is coloured.
void MarkdownStream::show_code(const std::string& line) {
    if (code_.size() > (1 << 15)) code_.clear();
    std::size_t start = code_.size();
    code_ += line + "\n";
    auto styles = color_code(language_, code_);
    for (std::size_t at = 0; at < line.size();) {
        std::size_t end = at;
        std::string text;
        Style style = styles[start + at];
        while (end < line.size() && styles[start + end] == style) {
            std::size_t next = next_cluster(line, end);
            std::string_view cluster = std::string_view(line).substr(end, next - end);
            text += cluster == "\t" ? "    " : glyph(cluster).text;
            end = next;
        }
        flow_.raw(text, join(base(), sgr(style)));
        at = end;
    }
}

void MarkdownStream::show_table() {
    std::vector<std::string> lines;
    lines.swap(table_);
    if (auto rows = table_rows(lines)) {
        auto print = [&](std::string_view text, const std::string& style) {
            flow_.raw(text, join(base(), style));
        };
        draw_table(*rows, look_.width, look_.unicode, print, [&] { flow_.end_line(); });
        return;
    }
    for (const auto& line : lines) {
        flow_.begin("", "", base());
        spans(line, true, base());
        flow_.end_line();
    }
}

// Shows text with its spans; returns the bytes used. Not all of them while a span may still close.
std::size_t MarkdownStream::spans(std::string_view text, bool whole, const std::string& style) {
    std::size_t plain = 0, at = 0;
    auto before = [&] { return at > 0 ? text[at - 1] : previous_; };
    auto flush = [&] {
        flow_.put(text.substr(plain, at - plain), style);
        plain = at;
    };
    // A span may come: show what is before it, and wait unless it has been too long.
    auto waits = [&] {
        if (whole || text.size() - at > kLongestSpan) return false;
        flush();
        return true;
    };
    while (at < text.size()) {
        char c = text[at];
        std::size_t run = run_length(text, at);
        bool at_end = at + run == text.size();
        if (c == '`') {
            std::size_t end = std::string_view::npos;
            for (std::size_t i = at + run; i < text.size();) {
                std::size_t length = text[i] == '`' ? run_length(text, i) : 1;
                bool certain = whole || i + length < text.size();
                if (text[i] == '`' && length == run && certain) {
                    end = i;
                    break;
                }
                i += length;
            }
            if (end == std::string_view::npos) {
                if (waits()) return at;
                at += run;
                continue;
            }
            flush();
            flow_.put(text.substr(at + run, end - at - run), join(style, kCode));
            plain = at = end + run;
        } else if (c == '*' || c == '_' || (c == '~' && (run >= 2 || at_end))) {
            if (at_end && !whole) {
                flush();
                return at;
            }
            bool opens = run <= 3 && !at_end && !is_space(text[at + run]) &&
                         !(c == '_' && is_word(before())) && !(c == '~' && run != 2);
            // 2*3*4 is no emphasis.
            if (c == '*' && run == 1 && std::isalnum(static_cast<unsigned char>(before())))
                opens = false;
            std::size_t end = opens ? closing(text, at + run, text.substr(at, run), whole)
                                    : std::string_view::npos;
            if (opens && end == std::string_view::npos && waits()) return at;
            if (end == std::string_view::npos) {
                at += run;
                continue;
            }
            flush();
            std::string more = c == '~' ? "9" : run == 1 ? "3" : run == 2 ? "1" : "1;3";
            char kept = previous_;
            previous_ = ' ';
            spans(text.substr(at + run, end - at - run), true, join(style, more));
            previous_ = kept;
            plain = at = end + run;
        } else if (c == '[') {
            std::size_t close = text.find(']', at), end = std::string_view::npos;
            if (close == std::string_view::npos || close + 1 == text.size()) {
                if (waits()) return at;
            } else if (text[close + 1] == '(') {
                end = text.find(')', close);
                if (end == std::string_view::npos && waits()) return at;
            }
            if (end == std::string_view::npos) {
                ++at;
                continue;
            }
            bool image = at > plain && text[at - 1] == '!';
            if (image) --at;
            flush();
            if (image) ++at;
            std::string_view label = text.substr(at + 1, close - at - 1);
            std::string_view target = text.substr(close + 2, end - close - 2);
            spans(label, true, join(style, "4"));
            if (target != label) {
                flow_.put(" (", join(style, kDim));
                flow_.put(target, join(style, kDim));
                flow_.put(")", join(style, kDim));
            }
            plain = at = end + 1;
        } else if (c == '\\') {
            if (at + 1 == text.size() && !whole) {
                flush();
                return at;
            }
            if (at + 1 < text.size() &&
                std::string_view("*_`#|~<>-.!+\\").find(text[at + 1]) != std::string_view::npos) {
                flush();
                plain = ++at;
            }
            ++at;
        } else if (c == '<' && thinking_) {
            std::string_view left = text.substr(at);
            if (left.substr(0, kThought.size()) == kThought) {
                flush();
                thinking_ = false;
                plain = at += kThought.size();
                return plain + spans(text.substr(at), whole, base());
            }
            if (kThought.substr(0, left.size()) == left && waits()) return at;
            ++at;
        } else {
            ++at;
        }
    }
    if (!whole) at -= unfinished_character(text);
    flush();
    return at;
}

}  // namespace moonlet
