// SPDX-License-Identifier: Apache-2.0
#include "shell/vi_keys.h"

#include <algorithm>

#include "shell/text.h"

namespace moonlet {
namespace {

constexpr std::size_t kMostTimes = 10000;

bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

std::string flipped(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z';
        if (lower || upper) c = static_cast<char>(c ^ 0x20);
    }
    return out;
}

}  // namespace

ViKeys::ViKeys(EditBuffer& buffer, std::function<void(const Key&)> insert)
    : buffer_(buffer), insert_(std::move(insert)) {}

void ViKeys::start() {
    mode_ = Mode::insert;
    ++change_;
    typed_.clear();
    inserted_from_ = 0;
    insert_count_ = 1;
    count_ = operator_count_ = 0;
    operator_ = prefix_ = 0;
    changed_ = true;  // what is typed first can be repeated with `.`, too
}

std::size_t ViKeys::count() const {
    std::size_t both =
        operator_count_ > 0 ? operator_count_ * std::max<std::size_t>(count_, 1) : count_;
    return std::min(both, kMostTimes);
}

// A command is complete.
void ViKeys::finish() {
    count_ = operator_count_ = 0;
    operator_ = prefix_ = 0;
    if (mode_ != Mode::command) return;  // the keys of the insertion follow
    if (changed_ && !repeating_) last_ = typed_;
    typed_.clear();
    changed_ = false;
    ++change_;
    buffer_.move(vi_on_character(buffer_.text(), buffer_.cursor()));
}

void ViKeys::enter_insert(Mode mode) {
    insert_count_ = times();
    mode_ = mode;
    changed_ = true;
    inserted_from_ = typed_.size();
    ++change_;
}

void ViKeys::inserted(const Key& key) {
    if (mode_ != Mode::command && !repeating_) typed_.push_back(key);
}

ViAsk ViKeys::escape() {
    if (mode_ == Mode::command) {
        changed_ = false;
        finish();
        return ViAsk::nothing;
    }
    std::vector<Key> text(
        typed_.begin() + static_cast<std::ptrdiff_t>(std::min(inserted_from_, typed_.size())),
        typed_.end());
    for (std::size_t n = 1; n < insert_count_ && !repeating_; ++n) {
        for (const Key& key : text) insert_(key);
    }
    mode_ = Mode::command;
    const std::string& all = buffer_.text();
    if (buffer_.cursor() > vi_line_start(all, buffer_.cursor())) buffer_.left();
    // What was typed at the start of the entry is repeated as `i` and that text.
    if (!repeating_ && inserted_from_ == 0 && !typed_.empty()) {
        typed_.insert(typed_.begin(), Key{KeyKind::text, 0, "i"});
    }
    if (typed_.empty()) changed_ = false;
    finish();
    return ViAsk::nothing;
}

ViAsk ViKeys::handle(const Key& key) {
    if (key.kind == KeyKind::alt && key.code >= ' ' &&
        key.code != 0x7f) {  // Esc and a letter, typed fast
        if (mode_ != Mode::command) escape();
        return handle({KeyKind::text, 0, std::string(1, key.code)});
    }
    if (key.kind == KeyKind::escape) return escape();
    if (mode_ != Mode::command) return ViAsk::pass;
    if (key.kind == KeyKind::text) {
        if (!repeating_) typed_.push_back(key);
        return character(key.text);
    }
    if (key.kind == KeyKind::control && key.code == 'r') {
        changed_ = false;
        finish();
        return ViAsk::redo;
    }
    if (key.kind == KeyKind::backspace) return character("h");
    changed_ = false;
    finish();
    return ViAsk::pass;
}

ViAsk ViKeys::character(const std::string& cluster) {
    if (prefix_ != 0) return waited(cluster);
    if (cluster.size() != 1) {
        finish();
        return ViAsk::nothing;
    }
    return command(cluster[0]);
}

// The character that f, r, g, i( … waited for.
ViAsk ViKeys::waited(const std::string& cluster) {
    char prefix = prefix_;
    prefix_ = 0;
    const std::string& text = buffer_.text();
    if (is_one_of(prefix, "fFtT")) {
        find_ = {prefix, cluster};
        if (auto motion = vi_find(text, buffer_.cursor(), find_, count(), false)) {
            move_to(*motion);
        } else {
            finish();
        }
        return ViAsk::nothing;
    }
    if (prefix == 'r') {
        std::size_t at = buffer_.cursor(), end = at, n = times();
        while (n > 0 && end < vi_line_end(text, at)) {
            end = next_cluster(text, end);
            --n;
        }
        if (n == 0) {
            std::string instead;
            for (n = times(); n > 0; --n) instead += cluster;
            buffer_.replace(at, end, instead);
            buffer_.left();
            changed_ = true;
        }
    } else if (prefix == 'g' && cluster == "g") {
        move_to(*vi_motion(text, buffer_.cursor(), 'g', count()));
        return ViAsk::nothing;
    } else if ((prefix == 'i' || prefix == 'a') && operator_ != 0) {
        if (auto range = vi_object(text, buffer_.cursor(), prefix == 'a', cluster[0])) {
            operate(*range);
            return ViAsk::nothing;
        }
    }
    finish();
    return ViAsk::nothing;
}

void ViKeys::take(ViRange range) {
    register_ = buffer_.text().substr(range.begin, range.end - range.begin);
    register_lines_ = range.lines;
}

// Does the waiting operator, or moves when there is none.
void ViKeys::move_to(const ViMotion& motion) {
    const std::string& text = buffer_.text();
    std::size_t at = buffer_.cursor();
    if (operator_ == 0) {
        std::size_t to = motion.to;
        if (motion.lines) {  // j and k keep the column
            to = std::min(to, text.size());
        }
        buffer_.move(to);
        finish();
        return;
    }
    ViRange range{std::min(at, motion.to), std::max(at, motion.to)};
    if (motion.inclusive && range.end < text.size()) range.end = next_cluster(text, range.end);
    if (motion.lines) {
        range = {vi_line_start(text, range.begin), vi_line_end(text, range.end), true};
    }
    operate(range);
}

void ViKeys::operate(ViRange range) {
    const std::string& text = buffer_.text();
    char what = operator_;
    take(range);
    if (what == 'y') {
        if (!range.lines) buffer_.move(range.begin);
    } else if (what == 'd') {
        // Of whole lines the line break goes too: the one behind, at the end the one before.
        if (range.lines && range.end < text.size()) {
            ++range.end;
        } else if (range.lines && range.begin > 0) {
            --range.begin;
        }
        buffer_.replace(range.begin, range.end, "");
        if (range.lines) buffer_.move(vi_first_word(buffer_.text(), buffer_.cursor()));
        changed_ = true;
    } else if (what == 'c') {
        if (range.lines) range.begin = vi_first_word(text, range.begin);
        buffer_.replace(range.begin, range.end, "");
        count_ = operator_count_ = 0;
        enter_insert();
    } else if (what == '<' || what == '>') {
        std::size_t start = vi_line_start(text, range.begin), end = range.end;
        std::string out, part = text.substr(start, vi_line_end(text, end) - start);
        for (std::size_t line = 0; line <= part.size();) {
            std::size_t stop = vi_line_end(part, line), blanks = 0;
            while (what == '<' && blanks < 2 && part[line + blanks] == ' ') ++blanks;
            std::string body = part.substr(line + blanks, stop - line - blanks);
            out += (what == '>' && !body.empty() ? "  " : "") + body;
            if (stop < part.size()) out += '\n';
            line = stop + 1;
        }
        buffer_.replace(start, start + part.size(), out);
        buffer_.move(vi_first_word(buffer_.text(), start));
        changed_ = true;
    }
    finish();
}

// dd, cc, yy, Y, S: so many whole lines from this one on.
void ViKeys::lines(std::size_t count, char key) {
    const std::string& text = buffer_.text();
    std::size_t begin = vi_line_start(text, buffer_.cursor()), end = vi_line_end(text, begin);
    while (--count > 0 && end < text.size()) end = vi_line_end(text, end + 1);
    operator_ = key;
    operate({begin, end, true});
}

void ViKeys::put(bool behind) {
    if (register_.empty()) return;
    const std::string& text = buffer_.text();
    std::size_t at = buffer_.cursor();
    std::string what;
    for (std::size_t n = times(); n > 0; --n) {
        what += register_;
        if (register_lines_) what += '\n';
    }
    changed_ = true;
    if (!register_lines_) {
        if (behind && at < vi_line_end(text, at)) at = next_cluster(text, at);
        buffer_.replace(at, at, what);
        buffer_.left();
        return;
    }
    std::size_t line = behind ? vi_line_end(text, at) : vi_line_start(text, at);
    if (behind) {  // the line break goes before it
        what.pop_back();
        what.insert(what.begin(), '\n');
    }
    buffer_.replace(line, line, what);
    buffer_.move(vi_first_word(buffer_.text(), behind ? line + 1 : line));
}

void ViKeys::toggle_case(std::size_t count) {
    const std::string& text = buffer_.text();
    std::size_t at = buffer_.cursor(), end = at;
    while (count-- > 0 && end < vi_line_end(text, at)) end = next_cluster(text, end);
    buffer_.replace(at, end, flipped(std::string_view(text).substr(at, end - at)));
    changed_ = true;
}

void ViKeys::join(std::size_t count) {
    for (std::size_t n = std::max<std::size_t>(count, 2) - 1; n > 0; --n) {
        const std::string& text = buffer_.text();
        std::size_t end = vi_line_end(text, buffer_.cursor());
        if (end == text.size()) break;
        std::size_t next = text.find_first_not_of(" \t", end + 1);
        next = std::min(next, text.size());
        bool blank = next < text.size() && text[next] != ')' && text[next] != '\n' && end > 0 &&
                     text[end - 1] != ' ' && text[end - 1] != '\n';
        buffer_.replace(end, next, blank ? " " : "");
        buffer_.move(end);
        changed_ = true;
    }
}

void ViKeys::repeat(std::size_t count) {
    std::vector<Key> keys = last_;
    finish();
    if (keys.empty()) return;
    if (count > 0) {  // instead of the count it had
        std::size_t digits = 0;
        auto digit = [&](const Key& key) {
            return key.text.size() == 1 && key.text[0] >= '0' && key.text[0] <= '9';
        };
        while (digits < keys.size() && digit(keys[digits]) && keys[digits].text != "0") ++digits;
        keys.erase(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(digits));
        std::string digits_now = std::to_string(count);
        for (std::size_t i = digits_now.size(); i-- > 0;) {
            keys.insert(keys.begin(), Key{KeyKind::text, 0, digits_now.substr(i, 1)});
        }
    }
    repeating_ = true;
    std::size_t inserted = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (mode_ == Mode::command) {
            handle(keys[i]);
            inserted = i + 1;
        } else {
            insert_(keys[i]);
        }
    }
    if (mode_ != Mode::command) {
        for (std::size_t n = 1; n < insert_count_; ++n) {
            for (std::size_t i = inserted; i < keys.size(); ++i) insert_(keys[i]);
        }
        escape();
    }
    repeating_ = false;
}

ViAsk ViKeys::command(char key) {
    const std::string& text = buffer_.text();
    std::size_t at = buffer_.cursor();
    if (key >= '1' && key <= '9') {
        count_ = std::min(count_ * 10 + static_cast<std::size_t>(key - '0'), kMostTimes);
        return ViAsk::nothing;
    }
    if (key == '0' && count_ > 0) {
        count_ = std::min(count_ * 10, kMostTimes);
        return ViAsk::nothing;
    }
    if (operator_ != 0 && key == operator_) {
        lines(times(), operator_);
        return ViAsk::nothing;
    }
    if (is_one_of(key, "fFtTg") || (operator_ == 0 && key == 'r') ||
        (operator_ != 0 && is_one_of(key, "ia"))) {
        prefix_ = key;
        return ViAsk::nothing;
    }
    if (is_one_of(key, "dcy<>") && operator_ == 0) {
        operator_ = key;
        operator_count_ = count_;
        count_ = 0;
        return ViAsk::nothing;
    }
    if (key == ';' || key == ',') {
        ViFind find = find_;
        if (key == ',') find.kind = static_cast<char>(find.kind ^ 0x20);
        auto motion = find.target.empty() ? std::nullopt : vi_find(text, at, find, count(), true);
        if (motion) {
            move_to(*motion);
        } else {
            finish();
        }
        return ViAsk::nothing;
    }
    // cw is ce on a word: the blanks behind it stay.
    if (operator_ == 'c' && (key == 'w' || key == 'W') && at < text.size() &&
        !is_one_of(text[at], " \t\n")) {
        auto word = vi_object(text, at, false, key);
        if (times() == 1 && word) {
            operate({at, word->end});
            return ViAsk::nothing;
        }
        key = key == 'w' ? 'e' : 'E';
    }
    if ((key == 'j' || key == 'k') && operator_ == 0) {
        bool moved = false;
        for (std::size_t n = times(); n > 0; --n)
            moved = (key == 'j' ? buffer_.down() : buffer_.up()) || moved;
        finish();
        if (moved) return ViAsk::nothing;
        return key == 'j' ? ViAsk::newer : ViAsk::older;
    }
    if (is_one_of(key, "hl 0^$wbeWBEG%jk")) {
        auto motion = vi_motion(text, at, key, count());
        // dw on the last word of a line does not take the line break along.
        if (motion && operator_ != 0 && (key == 'w' || key == 'W')) {
            std::size_t end = vi_line_end(text, at);
            if (times() == 1 && motion->to > end) motion->to = end;
        }
        if (motion) {
            move_to(*motion);
        } else {
            finish();
        }
        return ViAsk::nothing;
    }
    if (operator_ != 0) {  // no motion: the command is given up
        finish();
        return ViAsk::nothing;
    }
    ViAsk ask = ViAsk::nothing;
    switch (key) {
        case 'i': enter_insert(); break;
        case 'a':
            if (at < vi_line_end(text, at)) buffer_.right();
            enter_insert();
            break;
        case 'I':
            buffer_.move(vi_first_word(text, at));
            enter_insert();
            break;
        case 'A':
            buffer_.line_end();
            enter_insert();
            break;
        case 'o':
            buffer_.line_end();
            enter_insert();
            buffer_.insert_line();
            break;
        case 'O': {
            std::size_t start = vi_line_start(text, at), blanks = vi_first_word(text, at) - start;
            enter_insert();
            buffer_.replace(start, start, std::string(blanks, ' ') + "\n");
            buffer_.move(start + blanks);
            break;
        }
        case 'R': enter_insert(Mode::replace); break;
        case 's':
        case 'x':
        case 'X':
        case 'D':
        case 'C': {
            operator_ = key == 's' || key == 'C' ? 'c' : 'd';
            auto motion = vi_motion(text, at,
                                    key == 'X'                 ? 'h'
                                    : key == 's' || key == 'x' ? 'l'
                                                               : '$',
                                    count());
            move_to(*motion);
            return ViAsk::nothing;
        }
        case 'S': lines(times(), 'c'); return ViAsk::nothing;
        case 'Y': lines(times(), 'y'); return ViAsk::nothing;
        case 'p': put(true); break;
        case 'P': put(false); break;
        case 'J': join(count()); break;
        case '~': toggle_case(times()); break;
        case '.':
            typed_.clear();
            repeat(count_);
            return ViAsk::nothing;
        case 'u': ask = ViAsk::undo; break;
        case '/':
        case '?': ask = ViAsk::search; break;
        default: break;
    }
    finish();
    return ask;
}

}  // namespace moonlet
