// SPDX-License-Identifier: Apache-2.0
// Markdown as it arrives, for a terminal: what is certain is written at once and never taken back
// but for the word at the end of a row that does not fit, which moves to the next (the cursor goes
// left, never up). Text streams word by word; a span (**bold**, `code`, [link](to)) appears when it
// is closed, a line of a code block when it is whole, a table when it is complete. Line breaks of
// the source stay. It knows no terminal: bytes go to a function.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "shell/markdown_flow.h"

namespace moonlet {

class MarkdownStream {
  public:
    struct Look {
        std::size_t width = 80;
        bool unicode = true;    // bullets and lines of tables
        bool thinking = false;  // the text starts inside a thought, as after "<think>"
    };
    MarkdownStream(Look look, std::function<void(std::string_view)> out);

    void write(std::string_view piece);
    // The text is over: what was held back is written, and the last line is ended.
    void finish();

  private:
    Look look_;
    std::function<void(std::string_view)> out_;
    std::string bytes_;  // to be written
    Flow flow_;
    std::string buffer_;    // source not yet used, from the start of a line or within one
    bool in_line_ = false;  // the start of the line is done: spans follow
    bool thinking_;
    std::string heading_;                  // SGR parameters of the line
    char previous_ = ' ';                  // the character before buffer_, within a line
    std::string fence_, language_, code_;  // of the code block we are in
    std::vector<std::string> table_;       // its lines so far

    void step(bool end);
    bool begin_line(bool end);
    bool line_start(std::string_view line, bool whole, std::size_t* used);
    bool code_line(bool end);
    void show_code(const std::string& line);
    void show_table();
    std::size_t spans(std::string_view text, bool whole, const std::string& style);
    std::string base() const;
};

}  // namespace moonlet
