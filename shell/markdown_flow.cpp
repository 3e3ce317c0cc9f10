// SPDX-License-Identifier: Apache-2.0
#include "shell/markdown_flow.h"

#include <utf8proc.h>

#include "shell/text.h"

namespace moonlet {
namespace {

int code_point(std::string_view cluster) {
    utf8proc_int32_t point = -1;
    utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(cluster.data()),
                     static_cast<utf8proc_ssize_t>(cluster.size()), &point);
    return point;
}

bool breaks_anywhere(int point) {
    return (point >= 0x2e80 && point <= 0x312f) || (point >= 0x31a0 && point <= 0xa4cf) ||
           (point >= 0xf900 && point <= 0xfaff) || (point >= 0xff00 && point <= 0xffef) ||
           (point >= 0x20000 && point <= 0x3fffd);
}

// 、。」 and their like never start a row.
bool closes(int point) {
    for (int mark : {0x3001, 0x3002, 0x300d, 0x300f, 0x3011, 0x3015, 0xff01, 0xff09, 0xff0c, 0xff0e,
                     0xff1a, 0xff1b, 0xff1f, 0xff3d, 0xff5d, 0x30fc, 0x3063, 0x30c3})
        if (point == mark) return true;
    return false;
}

}  // namespace

void Flow::set_style(const std::string& style) {
    if (style == style_) return;
    out_ += style.empty() ? "\x1b[0m" : "\x1b[0;" + style + "m";
    style_ = style;
}

void Flow::rest() { set_style(""); }

void Flow::write(const Piece& piece) {
    set_style(piece.style);
    out_ += piece.text;
    column_ += static_cast<std::size_t>(piece.width);
}

void Flow::begin(std::string_view first, std::string_view rest, const std::string& style) {
    open_ = true;
    column_ = 0;
    prefix_ = rest;
    prefix_style_ = style;
    raw(first, style);
    indent_ = static_cast<std::size_t>(text_width(prefix_));
    if (indent_ + 4 > width_) {  // no room left for text beside it
        prefix_.clear();
        indent_ = 0;
    }
}

void Flow::new_row() {
    set_style("");
    out_ += "\n";
    column_ = 0;
    write({prefix_, prefix_style_, text_width(prefix_)});
    word_start_ = column_;
    after_wide_ = false;
}

void Flow::raw(std::string_view text, const std::string& style) {
    open_ = true;
    write({std::string(text), style, text_width(text)});
    word_.clear();
    word_start_ = column_;
    after_wide_ = false;
}

void Flow::put(std::string_view text, const std::string& style) {
    open_ = true;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = next_cluster(text, at);
        put_cluster(text.substr(at, end - at), style);
        at = end;
    }
}

void Flow::put_cluster(std::string_view cluster, const std::string& style) {
    if (cluster == "\t") cluster = " ";
    Piece piece{glyph(cluster).text, style, cluster_width(cluster)};
    auto columns = static_cast<std::size_t>(piece.width);
    if (cluster == " ") {
        if (column_ < width_) write(piece);
        word_.clear();
        word_start_ = column_;
        after_wide_ = false;
        return;
    }
    int point = code_point(cluster);
    bool wide = breaks_anywhere(point);
    if ((wide || after_wide_) && !closes(point) && columns > 0) {
        word_.clear();
        word_start_ = column_;
    }
    if (column_ + columns > width_) {
        bool whole_row = word_start_ <= indent_;  // longer than a row: broken where it is
        if (word_.empty() || whole_row) {
            new_row();
        } else {
            set_style("");
            out_ += "\r";
            if (word_start_ > 0) out_ += "\x1b[" + std::to_string(word_start_) + "C";
            out_ += "\x1b[K";
            new_row();
            for (const Piece& moved : word_) write(moved);
        }
        if (whole_row) word_.clear();
    }
    write(piece);
    word_.push_back(std::move(piece));
    after_wide_ = wide;
}

void Flow::end_line() {
    set_style("");
    out_ += "\n";
    column_ = word_start_ = 0;
    word_.clear();
    open_ = after_wide_ = false;
}

}  // namespace moonlet
