// SPDX-License-Identifier: Apache-2.0
// The render function and its difference, without a terminal: what a screen shows after any chain
// of edits equals what it shows when the last state is drawn on an empty screen.
#include <catch2/catch.hpp>

#include "shell/render.h"
#include "shell/text.h"

using namespace moonlet;

namespace {

std::vector<std::string> texts(const Frame& frame) {
    std::vector<std::string> rows;
    for (const Row& row : frame.rows) {
        std::string text;
        for (const Cell& cell : row) text += cell.text;
        rows.push_back(text);
    }
    return rows;
}

Frame draw(std::string_view text, std::size_t cursor, std::size_t width) {
    EditView view;
    view.text = text;
    view.cursor = cursor;
    view.prompt = "> ";
    view.prompt2 = ".. ";
    return render(view, width);
}

}  // namespace

TEST_CASE("lines get their prompts, long ones wrap") {
    auto frame = draw("ab\ncdefgh", 9, 8);
    CHECK(texts(frame) == std::vector<std::string>{"> ab", ".. cdefg", "h"});
    CHECK(frame.cursor_row == 2);
    CHECK(frame.cursor_column == 1);
}

TEST_CASE("the cursor behind a full row stands on the next") {
    auto frame = draw("abcdef", 6, 8);
    CHECK(texts(frame) == std::vector<std::string>{"> abcdef", ""});
    CHECK(frame.cursor_row == 1);
    CHECK(frame.cursor_column == 0);
}

TEST_CASE("wide characters are never split, marks take no column") {
    auto frame = draw("a한글", 1, 6);  // "> a한" is 5 columns, 글 does not fit
    CHECK(texts(frame) == std::vector<std::string>{"> a한", "글"});
    CHECK(frame.cursor_column == 3);
    CHECK(text_width("e\xcc\x81") == 1);
    CHECK(text_width("👩‍👩‍👧") == 2);
    const char* jamo =
        "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xabx";  // one syllable of three letters, and x
    CHECK(text_width(jamo) == 3);
    CHECK(next_cluster(jamo, 0) == 9);
    CHECK(text_width("🇰🇷") == 2);
    CHECK(text_width("\x1b[31mred\x1b[0m") == 3);
    CHECK(text_width("\xff\xfe") == 2);
}

TEST_CASE("control characters and bad bytes are shown, not sent") {
    auto frame = draw("\x01\x1b\xff", 0, 20);
    CHECK(texts(frame)[0] == "> ^A^[\xef\xbf\xbd");
}

TEST_CASE("nothing that a terminal would act on is sent, and every character is seen") {
    CHECK(texts(draw("\xe2\x80\xae|\xc2\x9b|\xe2\x80\x8b", 0, 40))[0] == "> <202e>|<9b>|<200b>");
    CHECK(texts(draw("\xcc\x81", 0, 20))[0] == "> \xe2\x97\x8c\xcc\x81");  // a lone accent
    CHECK(texts(draw("\xe1\x85\xa1", 0, 20))[0] == "> ㅏ");                // a lone vowel
    CHECK(texts(draw("한\t", 0, 1)) == std::vector<std::string>{">", " ", "?", " "});
}

TEST_CASE("a prompt with colours counts only what is seen") {
    EditView view;
    view.text = "x";
    view.cursor = 1;
    view.prompt = "\x1b[32m$\x1b[0m ";
    auto frame = render(view, 10);
    CHECK(frame.cursor_column == 3);
}

TEST_CASE("a frame higher than the screen shows the part with the cursor") {
    std::string text;
    for (int i = 0; i < 30; ++i) text += std::to_string(i) + "\n";
    std::size_t first = 0;
    auto part = [&](std::size_t cursor) {
        EditView view{text, cursor, "> ", ".. "};
        return render_part(view, 20, 10, &first);
    };
    auto end = part(text.size());
    CHECK(end.rows.size() == 10);
    CHECK(first == 21);
    CHECK(end.cursor_row == 9);
    auto start = part(0);
    CHECK(first == 0);
    CHECK(start.cursor_row == 0);
}

TEST_CASE("an unchanged frame writes nothing") {
    auto frame = draw("abc", 1, 20);
    CHECK(diff(frame, frame, true).empty());
}

TEST_CASE("one more character writes one character") {
    std::string bytes = diff(draw("abc", 3, 20), draw("abcd", 4, 20), false);
    CHECK(bytes.size() < 20);
    CHECK(bytes.find("abc") == std::string::npos);
}
