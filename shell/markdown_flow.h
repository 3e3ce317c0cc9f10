// SPDX-License-Identifier: Apache-2.0
// Words on rows of a terminal, as they come: a word that reaches the edge moves to the next row
// whole. Ideographs and kana break anywhere but before closing marks; Hangul breaks at blanks, as
// Koreans write. Knows columns and SGR parameters, nothing of markdown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moonlet {

class Flow {
  public:
    Flow(std::size_t width, std::string& out) : width_(width < 2 ? 2 : width), out_(out) {}

    // The line starts with `first`; the rows it goes on in start with `rest`.
    void begin(std::string_view first, std::string_view rest, const std::string& style);
    void put(std::string_view text, const std::string& style);
    // As it is, without wrapping.
    void raw(std::string_view text, const std::string& style);
    void end_line();
    // Plain style: to be called before others may write.
    void rest();

    bool line_is_open() const { return open_; }
    std::size_t width() const { return width_; }

  private:
    struct Piece {
        std::string text, style;
        int width;
    };
    std::size_t width_;
    std::string& out_;
    std::size_t column_ = 0, word_start_ = 0, indent_ = 0;
    std::vector<Piece> word_;
    std::string prefix_, prefix_style_, style_;
    bool open_ = false, after_wide_ = false;

    void put_cluster(std::string_view cluster, const std::string& style);
    void new_row();
    void write(const Piece& piece);
    void set_style(const std::string& style);
};

}  // namespace moonlet
