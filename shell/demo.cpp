// SPDX-License-Identifier: Apache-2.0
#include "shell/demo.h"

#include <algorithm>
#include <cstdlib>

#include "shell/text.h"

namespace moonlet {
namespace {

std::string trimmed(std::string_view text) {
    std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin));
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = std::min(text.find('\n', at), text.size());
        lines.emplace_back(text.substr(at, end - at));
        if (!lines.back().empty() && lines.back().back() == '\r') lines.back().pop_back();
        at = end + 1;
    }
    return lines;
}

// "-- text" -> "text"; a long comment is code: it may end anywhere.
bool is_narration(const std::string& line, std::string* prose) {
    std::string text = trimmed(line);
    if (text.rfind("--", 0) != 0 || text.rfind("--[[", 0) == 0 || text.rfind("--[=", 0) == 0)
        return false;
    std::size_t begin = text.find_first_not_of("- ");
    *prose = begin == std::string::npos ? "" : text.substr(begin);
    if (prose->rfind("SPDX-License-Identifier", 0) == 0) prose->clear();
    return true;
}

// Words in rows of at most `width` columns.
std::string wrapped(const std::string& text, int width) {
    std::string out, row;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = std::min(text.find(' ', at), text.size());
        std::string word = text.substr(at, end - at);
        at = end + 1;
        if (word.empty()) continue;
        if (!row.empty() && text_width(row) + 1 + text_width(word) > width) {
            out += row + "\n";
            row.clear();
        }
        row += (row.empty() ? "" : " ") + word;
    }
    return out + row + "\n";
}

std::string prose(const DemoStep& step, const DemoHost& host) {
    std::string out, paragraph;
    for (const std::string& line : lines_of(step.narration + "\n\n")) {
        if (!line.empty()) {
            paragraph += (paragraph.empty() ? "" : " ") + line;
        } else if (!paragraph.empty()) {
            out += (out.empty() ? "" : "\n") + wrapped(paragraph, std::min(host.width - 1, 78));
            paragraph.clear();
        }
    }
    if (out.empty()) return out;
    return "\n" + (host.color ? "\x1b[36m" + out.substr(0, out.size() - 1) + "\x1b[0m\n" : out);
}

std::string note(const std::string& text, const DemoHost& host) {
    std::string row = wrapped(text, std::max(host.width - 1, 1));
    return host.color ? "\x1b[2m" + row.substr(0, row.size() - 1) + "\x1b[0m\n" : row;
}

// ":skip 2" -> the step to go to from `at`; false for any other entry.
bool moves(const std::string& entry, std::size_t at, std::size_t count, std::size_t* to) {
    std::size_t blank = entry.find(' ');
    std::string word = entry.substr(0, blank);
    long n = blank == std::string::npos ? 0 : std::atol(entry.c_str() + blank);
    long now = static_cast<long>(at), next = 0;
    if (word == ":skip" || word == ":next") next = now + std::max(n, 1L);
    else if (word == ":back") next = now - std::max(n, 1L);
    else if (word == ":again") next = now - 1;
    else if (word == ":jump" || word == ":seek") next = n - 1;
    else return false;
    *to = static_cast<std::size_t>(std::clamp(next, 0L, static_cast<long>(count)));
    return true;
}

}  // namespace

std::vector<DemoStep> demo_steps(std::string_view script,
                                 const std::function<bool(const std::string&)>& is_incomplete) {
    std::vector<DemoStep> steps;
    DemoStep step;
    auto finish = [&] {
        while (!step.narration.empty() && step.narration.back() == '\n') step.narration.pop_back();
        while (!step.code.empty() && step.code.back() == '\n') step.code.pop_back();
        if (!step.code.empty() || !step.narration.empty()) steps.push_back(step);
        step = {};
    };
    bool first = true;
    for (const std::string& line : lines_of(script)) {
        std::string text;
        bool skipped = first && line.rfind("#", 0) == 0;
        first = false;
        if (skipped) continue;
        if (trimmed(line).empty()) {
            if (step.code.empty()) {
                if (!step.narration.empty()) step.narration += "\n";
            } else if (is_incomplete(step.code)) {
                step.code += "\n";
            } else {
                finish();
            }
        } else if (step.code.empty() && is_narration(line, &text)) {
            step.narration += text + "\n";
        } else {
            step.code += line + "\n";
        }
    }
    finish();
    return steps;
}

bool run_demo(const std::string& name, const std::vector<DemoStep>& steps, const DemoHost& host) {
    host.print(note(name + ": " + std::to_string(steps.size()) +
                        " steps · Enter runs the one shown, edited or not · PageDown or :skip, "
                        "PageUp or :back, Ctrl-C leaves",
                    host));
    std::string draft;
    bool fresh = true;  // the step was not shown yet
    for (std::size_t at = 0; at < steps.size();) {
        if (fresh) {
            host.print(prose(steps[at], host));
            draft = steps[at].code;
            if (draft.empty()) {
                ++at;
                continue;
            }
            host.print(note(std::to_string(at + 1) + "/" + std::to_string(steps.size()), host));
        }
        fresh = true;
        std::string entry;
        DemoKey key = host.read(draft, &entry);
        std::string text = trimmed(entry);
        if (key == DemoKey::closed) return false;
        if (key == DemoKey::stop || text == ":stop" || text == ":quit") {
            host.print(note("left " + name + " before step " + std::to_string(at + 1), host));
            return true;
        }
        if (key == DemoKey::next || key == DemoKey::back)
            text = key == DemoKey::next ? ":skip" : ":back";
        std::size_t to = at;
        if (moves(text, at, steps.size(), &to)) {
            // Back over what is only narration.
            while (to > 0 && to < at && steps[to].code.empty()) --to;
            at = to;
        } else if (text.empty()) {
            ++at;  // what was there has been deleted: nothing to run
        } else {
            bool worked = false, aside = text[0] == ':' || text[0] == '?';
            if (!host.run(entry, &worked)) return false;
            if (aside) {
                fresh = false;
            } else if (worked) {
                ++at;
            } else {
                fresh = false;
                draft = entry;
            }
        }
    }
    host.print(note("end of " + name, host));
    return true;
}

}  // namespace moonlet
