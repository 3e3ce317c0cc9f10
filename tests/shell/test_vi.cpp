// SPDX-License-Identifier: Apache-2.0
// The keys of vi: a text with the cursor as |, the keys, the text afterwards.
#include <catch2/catch.hpp>

#include "pty.h"
#include "shell/editor_state.h"

using namespace moonlet;
using namespace moonlet::test;

namespace {

struct Vi {
    History history{""};
    EditorState state{history,
                      {[](const std::string&) { return false; },
                       [](const std::string&, std::size_t) { return Completion{}; }}};

    Vi() {
        state.use_vi(true);
        state.start();
    }
    void type(std::string_view bytes) {
        KeyDecoder decoder;
        decoder.feed(bytes);
        for (Key key; decoder.next(&key, true);) state.handle(key, false);
    }
    std::string shown() {
        auto drawing = state.drawing("", 80, false, false);
        std::string text = drawing.text;
        return text.insert(drawing.cursor, "|");
    }
};

// `text` is pasted, the cursor brought to its |, then the keys typed in command mode.
std::string vi(std::string text, std::string_view keys) {
    Vi editor;
    std::size_t at = text.find('|');
    text.erase(at, 1);
    editor.type("\x1b[200~" + text + "\x1b[201~");
    for (std::size_t i = text.size(); i > at; --i) {
        if ((text[i - 1] & 0xc0) != 0x80) editor.type("\x1b[D");
    }
    editor.type("\x1b");
    if (at > 0 && text[at - 1] != '\n') editor.type("l");
    editor.type(keys);
    return editor.shown();
}

}  // namespace

TEST_CASE("vi: motions") {
    CHECK(vi("a.b|ar = foo", "w") == "a.bar |= foo");
    CHECK(vi("|a.bar = foo", "2w") == "a.|bar = foo");
    CHECK(vi("|a.bar = foo", "W") == "a.bar |= foo");
    CHECK(vi("a.bar = f|oo", "2b") == "a.bar |= foo");
    CHECK(vi("a.bar = f|oo", "3B") == "|a.bar = foo");
    CHECK(vi("|a.bar = foo", "e") == "a|.bar = foo");
    CHECK(vi("|a.bar = foo", "E") == "a.ba|r = foo");
    CHECK(vi("a |b c", "0") == "|a b c");
    CHECK(vi("  a b| c", "^") == "  |a b c");
    CHECK(vi("|a b c", "$") == "a b |c");
    CHECK(vi("|a,b,c,d", "f,") == "a|,b,c,d");
    CHECK(vi("|a,b,c,d", "f,;;") == "a,b,c|,d");
    CHECK(vi("|a,b,c,d", "f,;,") == "a|,b,c,d");
    CHECK(vi("|a,b,c,d", "t,") == "|a,b,c,d");
    CHECK(vi("|a,b,c,d", "t,;") == "a,|b,c,d");
    CHECK(vi("a,b,c|,d", "F,") == "a,b|,c,d");
    CHECK(vi("a,b,c,|d", "T,;") == "a,b,|c,d");
    CHECK(vi("|f(')', {1})", "%") == "f(')', {1}|)");
    CHECK(vi("f(')', {1}|)", "%") == "f|(')', {1})");
    CHECK(vi("a\nb\n|c", "gg") == "|a\nb\nc");
    CHECK(vi("|a\nb\nc", "G") == "a\nb\n|c");
    CHECK(vi("|a\nb\nc", "2G") == "a\n|b\nc");
    CHECK(vi("|ab\ncd", "jl") == "ab\nc|d");
    CHECK(vi("|한글 x", "lw") == "한글 |x");
}

TEST_CASE("vi: operators, counts, text objects") {
    CHECK(vi("|one two three", "dw") == "|two three");
    CHECK(vi("|one two three", "2dw") == "|three");
    CHECK(vi("|one two three", "d2w") == "|three");
    CHECK(vi("one |two three", "d$") == "one| ");
    CHECK(vi("one |two three", "D") == "one| ");
    CHECK(vi("one |two three", "db") == "|two three");
    CHECK(vi("one t|wo three", "diw") == "one | three");
    CHECK(vi("one t|wo three", "daw") == "one |three");
    CHECK(vi("f(a, |b)", "di(") == "f(|)");
    CHECK(vi("f(a, |b)", "da(") == "|f");
    CHECK(vi("f(g(1), |b)", "ci(x") == "f(x|)");
    CHECK(vi("x = 'a |b'", "ci'c") == "x = 'c|'");
    CHECK(vi("x = {a, |b}", "di{") == "x = {|}");
    CHECK(vi("t[|1]", "ci]2") == "t[2|]");
    CHECK(vi("|one two", "cwx\x1b") == "|x two");
    CHECK(vi("|one two", "ctwx\x1b") == "|xwo");
    CHECK(vi("a\n|b\nc", "dd") == "a\n|c");
    CHECK(vi("a\n|b\nc", "dj") == "|a");
    CHECK(vi("|a\nb\nc", "2dd") == "|c");
    CHECK(vi("|a\nb", "ddp") == "b\n|a");
    CHECK(vi("a\n|b", "ddP") == "|b\na");
    CHECK(vi("  |a\nb", "ccx\x1b") == "  |x\nb");
    CHECK(vi("|one two", "ywwP") == "one one| two");
    CHECK(vi("|ab", "ylp") == "a|ab");
    CHECK(vi("|ab", "yyp") == "ab\n|ab");
    CHECK(vi("|a\nb", ">j") == "  |a\n  b");
    CHECK(vi("  |a", "<<") == "|a");
    CHECK(vi("f(|a)", "dfz") == "f(|a)");  // no such character: nothing happens
}

TEST_CASE("vi: small changes, undo and repetition") {
    CHECK(vi("|abc", "x") == "|bc");
    CHECK(vi("|abc", "2x") == "|c");
    CHECK(vi("ab|c", "X") == "a|c");
    CHECK(vi("|abc", "rx") == "|xbc");
    CHECK(vi("|abc", "2rx") == "x|xc");
    CHECK(vi("|abc", "sxy\x1b") == "x|ybc");
    CHECK(vi("|abc", "Rxy\x1b") == "x|yc");
    CHECK(vi("a |b c", "Cx\x1b") == "a |x");
    CHECK(vi("a |b c", "Sx\x1b") == "|x");
    CHECK(vi("|aBc", "3~") == "Ab|C");
    CHECK(vi("|a\n  b", "J") == "a| b");
    CHECK(vi("a|b", "Ix\x1b") == "|xab");
    CHECK(vi("|ab", "Ax\x1b") == "ab|x");
    CHECK(vi("|ab", "ox\x1b") == "ab\n|x");
    CHECK(vi("|ab", "Ox\x1b") == "|x\nab");
    CHECK(vi("|ab", "3ix\x1b") == "xx|xab");
    CHECK(vi("|abcd", "xx.") == "|d");
    CHECK(vi("|one two three", "dw.") == "|three");
    CHECK(vi("|one two three", "cwx\x1bw.") == "x |x three");
    CHECK(vi("|abcdef", "x3.") == "|ef");
    CHECK(vi("|abc", "xu") == "|abc");
    CHECK(vi("|abc", "xxuu\x12") == "|bc");
    CHECK(vi("|abc", "ihello\x1bu") == "|abc");  // one insertion is one step
    CHECK(vi("|a", "A b\x1b.") == "a b |b");
}

TEST_CASE("vi at the prompt: :vi, Esc dw . A, and the cursor's shape", "[pty]") {
    Pty shell;
    shell.line(":vi");
    CHECK(shell.wait([&] { return shell.screen.cursor_shape() == 6; }));
    shell.send("one two three four = 1");
    REQUIRE(shell.wait_text("four = 1"));
    shell.send("\x1b");
    CHECK(shell.wait([&] { return shell.screen.cursor_shape() == 2; }));
    shell.send("0dw.");
    CHECK(shell.wait(
        [&] { return shell.screen.row(shell.screen.cursor_row()) == "> three four = 1"; }));
    shell.send("dwA0");
    CHECK(shell.wait([&] { return shell.screen.row(shell.screen.cursor_row()) == "> four = 10"; }));
    CHECK(shell.wait([&] { return shell.screen.cursor_shape() == 6; }));
    shell.send("\r");
    REQUIRE(shell.wait_prompt());
    CHECK(shell.ask("four") == "10");
    shell.send("\x1bkk\r");  // command mode: history
    REQUIRE(shell.wait_prompt());
    shell.line(":emacs");
    CHECK(shell.wait([&] { return shell.screen.cursor_shape() == 0; }));
    CHECK(shell.screen.unknown().empty());
}
