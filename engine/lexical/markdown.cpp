// SPDX-License-Identifier: Apache-2.0
// by = "markdown": a section from one heading to the next, with the headings above it; longer ones
// are cut on by paragraphs, lines, sentences and words, never across a heading. Headings are
// CommonMark's: # to ###### and text underlined with === or ---, neither inside fenced code; front
// matter between --- lines belongs to the first section.
#include "core/interrupt.h"
#include "lexical/characters.h"
#include "lexical/levels.h"

namespace moonlet {

namespace {

using lexical::strip;

struct Line {
    size_t begin, end;  // without the line's end
};

std::string_view trimmed(std::string_view text, size_t begin, size_t end) {
    strip(text, begin, end);
    return text.substr(begin, end - begin);
}

// Up to three blanks of indentation are none.
std::string_view unindented(std::string_view text, const Line& line) {
    size_t begin = line.begin;
    while (begin < line.end && begin - line.begin < 3 && text[begin] == ' ') ++begin;
    return text.substr(begin, line.end - begin);
}

// The level of an ATX heading, 0 for another line; its text goes to `title`.
int atx_heading(std::string_view line, std::string& title) {
    size_t level = 0;
    while (level < line.size() && line[level] == '#') ++level;
    if (level == 0 || level > 6) return 0;
    if (level < line.size() && line[level] != ' ' && line[level] != '\t') return 0;
    std::string_view rest = trimmed(line, level, line.size());
    size_t marks = rest.size();
    while (marks > 0 && rest[marks - 1] == '#') --marks;
    if (marks == 0 || rest[marks - 1] == ' ' || rest[marks - 1] == '\t')
        rest = trimmed(rest, 0, marks);
    title = rest;
    return int(level);
}

// 1 under ===, 2 under ---, else 0.
int setext_level(std::string_view line) {
    line = line.substr(0, line.find_last_not_of(" \t\r") + 1);
    if (line.empty() || line.find_first_not_of(line[0]) != std::string_view::npos) return 0;
    return line[0] == '=' ? 1 : line[0] == '-' ? 2 : 0;
}

struct Section {
    size_t begin, end;
    std::vector<std::string> headers;
};

class Sections {
  public:
    explicit Sections(std::string_view text) : text_(text) {}

    std::vector<Section> read() {
        size_t at = front_matter();
        Line above{0, 0};  // the line of text that an underline would make a heading
        while (at < text_.size()) {
            size_t end = text_.find('\n', at);
            if (end == std::string_view::npos) end = text_.size();
            Line line{at, end};
            at = end + 1;
            std::string_view content = unindented(text_, line);
            if (in_fence(content)) {
                above = {0, 0};
                continue;
            }
            std::string title;
            if (int level = atx_heading(content, title)) {
                open(line.begin, level, title);
                above = {0, 0};
            } else if (int under = above.end ? setext_level(content) : 0) {
                open(above.begin, under, std::string(trimmed(text_, above.begin, above.end)));
                above = {0, 0};
            } else {
                bool plain = !trimmed(content, 0, content.size()).empty() &&
                             std::string_view("-*+>|#=`~<").find(content[0]) == std::string::npos;
                above = plain && line.end > 0 ? line : Line{0, 0};
            }
        }
        close(text_.size());
        return std::move(sections_);
    }

  private:
    // Where the text goes on behind "---\n…\n---", 0 without such a head.
    size_t front_matter() const {
        if (text_.substr(0, 4) != "---\n" && text_.substr(0, 5) != "---\r\n") return 0;
        size_t at = text_.find("\n---", 3);
        if (at == std::string_view::npos) return 0;
        size_t end = text_.find('\n', at + 1);
        return end == std::string_view::npos ? text_.size() : end + 1;
    }

    bool in_fence(std::string_view line) {
        size_t marks = 0;
        if (!line.empty() && (line[0] == '`' || line[0] == '~'))
            while (marks < line.size() && line[marks] == line[0]) ++marks;
        if (fence_ == 0) {
            if (marks < 3) return false;
            if (line[0] == '`' && line.find('`', marks) != std::string_view::npos) return false;
            fence_ = line[0];
            fence_marks_ = marks;
            return true;
        }
        bool rest_blank = trimmed(line, marks, line.size()).empty();
        if (marks >= fence_marks_ && line[0] == fence_ && rest_blank) fence_ = 0;
        return true;
    }

    void close(size_t end) {
        if (begin_ < end) {
            Section section{begin_, end, {}};
            for (auto& [level, title] : path_) section.headers.push_back(title);
            sections_.push_back(std::move(section));
        }
        begin_ = end;
    }

    void open(size_t begin, int level, const std::string& title) {
        close(begin);
        while (!path_.empty() && path_.back().first >= level) path_.pop_back();
        path_.push_back({level, title});
    }

    std::string_view text_;
    std::vector<Section> sections_;
    std::vector<std::pair<int, std::string>> path_;
    size_t begin_ = 0, fence_marks_ = 0;
    char fence_ = 0;
};

std::vector<Chunk> split_markdown(std::string_view text, const SplitOptions& options) {
    const std::vector<lexical::Level> levels = {
        {"\n\n", false}, {"\n", false}, {"", true}, {" ", false}, {"", false}};
    std::vector<Chunk> chunks;
    for (Section& section : Sections(text).read()) {
        interrupt::check();
        size_t first = chunks.size();
        if (options.size == 0) {
            strip(text, section.begin, section.end);
            if (section.begin < section.end) chunks.push_back({section.begin, section.end, {}});
        } else {
            lexical::split_levels(text, section.begin, section.end, levels, options.size,
                                  options.overlap, chunks);
        }
        for (size_t i = first; i < chunks.size(); ++i) chunks[i].headers = section.headers;
    }
    return chunks;
}

const bool registered = Splitters::add("markdown", split_markdown);

}  // namespace

}  // namespace moonlet
