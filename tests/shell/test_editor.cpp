// SPDX-License-Identifier: Apache-2.0
// Keys to text, without a terminal.
#include <catch2/catch.hpp>

#include <lua.hpp>

#include "shell/editor_state.h"
#include "shell/parse_state.h"

using namespace moonlet;

namespace {

// Types byte sequences as a terminal would send them.
struct Typing {
    History history{""};
    lua_State* L = luaL_newstate();
    Completion offered{};
    EditorState state{history,
                      {[this](const std::string& text) {
                           return parse_entry(L, text, "=x").state != ParseState::incomplete;
                       },
                       [this](const std::string&, std::size_t) { return offered; }}};
    EditAction last = EditAction::redraw;

    Typing() { state.start(); }
    ~Typing() { lua_close(L); }

    // Each call is one burst of bytes; keys are handled as if typed one by one.
    const std::string& type(std::string_view bytes) {
        KeyDecoder decoder;
        decoder.feed(bytes);
        Key key;
        while (decoder.next(&key, true)) {
            last = state.handle(key, false);
            if (last == EditAction::accept) {
                accepted = state.text();
                history.add(accepted);
                state.start();
            }
        }
        return state.text();
    }
    std::string accepted;
    std::size_t cursor() { return state.drawing("> ", 80, false, false).cursor; }
};

const char* const kLeft = "\x1b[D";
const char* const kUp = "\x1b[A";
const char* const kDown = "\x1b[B";

}  // namespace

TEST_CASE("moving and erasing by characters as people see them") {
    Typing t;
    t.type("a한e\xcc\x81");
    t.type(kLeft);
    CHECK(t.cursor() == 4);
    t.type(kLeft);
    CHECK(t.cursor() == 1);
    CHECK(t.type("\x1b[3~") == "ae\xcc\x81");  // Delete
    CHECK(t.type("\x05\x7f") == "a");          // Ctrl-E, Backspace
    CHECK(t.type("\x01x\x05y") == "xay");      // Ctrl-A, Ctrl-E
    CHECK(t.type("\x1b[Hb\x1b[Fc") == "bxayc");
}

TEST_CASE("words, kills and yank") {
    Typing t;
    t.type("print(alpha, beta)");
    CHECK(t.type("\x17") == "print(alpha, ");  // Ctrl-W: to the blank
    CHECK(t.type("\x19") == "print(alpha, beta)");
    CHECK(t.type("\x1b"
                 "b\x1b"
                 "b\x1b"
                 "d") == "print(, beta)");  // Alt-B twice, Alt-D
    CHECK(t.type("\x0b") == "print(");
    CHECK(t.type("\x15") == "");
    CHECK(t.type("\x19") == "print(alpha, beta)");  // three kills in a row, in their order
    t.type("\x15");
    t.type("one two three\x17\x17");
    CHECK(t.type("\x19") == "one two three");  // kills in a row are one
    CHECK(t.type("\x1b[1;5D\x1b[1;5DX") == "one Xtwo three");
}

TEST_CASE("Enter ends what is complete and indents what is not") {
    Typing t;
    t.type("for i=1,3 do\r");
    CHECK(t.state.text() == "for i=1,3 do\n  ");
    t.type("if i then\r");
    CHECK(t.type("f()\rend") == "for i=1,3 do\n  if i then\n    f()\n  end");
    t.type("\rend");
    CHECK(t.state.text() == "for i=1,3 do\n  if i then\n    f()\n  end\nend");
    t.type("\r");
    CHECK(t.accepted == "for i=1,3 do\n  if i then\n    f()\n  end\nend");
    CHECK(t.state.text().empty());
    t.type("x = {\ra=1,\r}");
    CHECK(t.state.text() == "x = {\n  a=1,\n}");
}

TEST_CASE("Up and Down: within the block, then whole entries") {
    Typing t;
    t.type("a = 1\r");
    t.type("do\rb()\rend\r");
    t.type("c = 3\r");
    t.type("draft");
    CHECK(t.type(kUp) == "draft");  // nothing starts so
    t.type("\x15");
    CHECK(t.type(kUp) == "c = 3");
    CHECK(t.type(kUp) == "do\n  b()\nend");
    CHECK(t.type(kUp) == "a = 1");  // one step for the whole block
    CHECK(t.type(kDown) == "do\n  b()\nend");
    t.type(kLeft);
    t.type(kUp);  // now within the block
    CHECK(t.state.text() == "do\n  b()\nend");
    CHECK(t.cursor() == 5);
    t.type(
        "\x1b[F"
        "x");
    CHECK(t.state.text() == "do\n  b()x\nend");
}

TEST_CASE("Up after typing walks only what starts so, and Down gives the draft back") {
    Typing t;
    for (const char* entry : {"print(1)\r", "x = 2\r", "print(3)\r"}) t.type(entry);
    t.type("pri");
    CHECK(t.type(kUp) == "print(3)");
    CHECK(t.type(kUp) == "print(1)");
    CHECK(t.type(kUp) == "print(1)");
    CHECK(t.type(kDown) == "print(3)");
    CHECK(t.type(kDown) == "pri");
}

TEST_CASE("Ctrl-R searches, repeats, gives up") {
    Typing t;
    for (const char* entry : {"alpha = 1\r", "beta = 2\r", "alpha = 3\r"}) t.type(entry);
    t.type("draft\x12");
    CHECK(t.type("alp") == "alpha = 3");
    CHECK(t.state.drawing("> ", 80, false, false).prompt == "search `alp`: ");
    CHECK(t.type("\x12") == "alpha = 1");
    CHECK(t.type("zzz") == "alpha = 1");
    CHECK(t.state.drawing("> ", 80, false, false).prompt == "no match `alpzzz`: ");
    CHECK(t.type("\x1b") == "draft");
    t.type(
        "\x12"
        "bet\r");
    CHECK(t.accepted == "beta = 2");
    t.type(
        "\x12"
        "bet");
    CHECK(t.type("\x05;") == "beta = 2;");
}

TEST_CASE("a paste is text: no indentation, no completion, no run") {
    Typing t;
    t.offered = {0, 0, {{"boom", ""}}};
    t.type("\x1b[200~for i=1,2 do\r\tprint(i)\rend\r\x1b[201~");
    CHECK(t.state.text() == "for i=1,2 do\n\tprint(i)\nend");
    CHECK(t.accepted.empty());
    t.type("\r");
    CHECK(t.accepted == "for i=1,2 do\n\tprint(i)\nend");
}

TEST_CASE("a paste in pieces, even within its end mark") {
    KeyDecoder decoder;
    Key key;
    std::string whole = "\x1b[200~" + std::string(100000, 'x') + "\x1b[201~y";
    int keys = 0;
    std::string pasted;
    for (std::size_t at = 0; at < whole.size(); at += 7) {
        decoder.feed(whole.substr(at, 7));
        while (decoder.next(&key, false)) {
            ++keys;
            if (key.kind == KeyKind::paste) pasted = key.text;
        }
    }
    CHECK(keys == 2);
    CHECK(pasted == std::string(100000, 'x'));
    CHECK(key.text == "");
}

TEST_CASE("completion: what is certain is written, the rest is listed") {
    Typing t;
    t.type("str");
    t.offered = {0, 3, {{"string", ""}}};
    CHECK(t.type("\t") == "string");
    t.offered = {0, 6, {{"string.find", ""}, {"string.format", ""}}};
    CHECK(t.type("\t") == "string.f");
    t.offered = {0, 8, {{"string.find", "find"}, {"string.format", "format", "note"}}};
    t.type("\t");
    auto below = t.state.drawing("> ", 80, false, false).below;
    REQUIRE(below.size() == 2);
    CHECK(t.state.drawing("> ", 80, false, true).below.empty());
    t.type("x");
    CHECK(t.state.drawing("> ", 80, false, false).below.empty());
    t.type("\x15");
    CHECK(t.type("\t") == "  ");  // only blanks before it
    t.type(
        "\x15"
        "x ");
    t.offered = {2, 2, {{"한글", ""}, {"한국", ""}}};
    CHECK(t.type("\t") == "x 한");  // never half a character
}

TEST_CASE("Ctrl-C, Ctrl-D, Ctrl-L are actions") {
    Typing t;
    t.type("\x04");
    CHECK(t.last == EditAction::leave);
    t.type("ab\x01\x04");
    CHECK(t.state.text() == "b");
    t.type("\x03");
    CHECK(t.last == EditAction::cancel);
    t.type("\x0c");
    CHECK(t.last == EditAction::clear_screen);
}

TEST_CASE("backspace in an indentation takes two blanks") {
    Typing t;
    t.type("do\r");
    CHECK(t.type("\x7f") == "do\n");
}

TEST_CASE("undo and redo: words typed, erased, pasted, completed") {
    Typing t;
    t.type("one");
    t.type(" two");
    t.type("\x7f\x7f");
    CHECK(t.state.text() == "one t");
    CHECK(t.type("\x1f") == "one two");
    CHECK(t.type("\x18\x15") == "one");  // Ctrl-X Ctrl-U
    CHECK(t.type("\x1f") == "");
    CHECK(t.type("\x1f") == "");
    CHECK(t.type("\x1b_") == "one");
    CHECK(t.type("\x18\x12") == "one two");  // Ctrl-X Ctrl-R
    t.type("\x15");
    CHECK(t.type("\x1f") == "one two");
    CHECK(t.cursor() == 7);
    t.type("\x15\x1b[200~a\rb\x1b[201~");
    CHECK(t.type("\x1f") == "");
    CHECK(t.type("\x1f") == "one two");
    t.type("x");
    CHECK(t.type("\x1b_") == "one twox");  // a new edit leaves nothing to redo
}

TEST_CASE("the kill ring turns: Alt-Y") {
    Typing t;
    for (const char* word : {"one", "two", "three"}) t.type(std::string(word) + "\x15");
    CHECK(t.type("\x19") == "three");
    CHECK(t.type("\x1by") == "two");
    CHECK(t.type("\x1by") == "one");
    CHECK(t.type("\x1by") == "three");
    CHECK(t.type("!\x1by") == "three!");  // only right behind a yank
}

TEST_CASE("transpose, case of words, quoted insert") {
    Typing t;
    CHECK(t.type("ab\x14") == "ba");
    CHECK(t.type("c\x01\x06\x14") == "abc");
    CHECK(t.type("\x05\x15one two\x1bt") == "two one");
    CHECK(t.type("\x01\x1bu") == "TWO one");
    CHECK(t.type("\x1b"
                 "c") == "TWO One");
    CHECK(t.type("\x01\x1bl") == "two One");
    CHECK(t.type("\x05\x15\x16\t\x16\x03") == "\t\x03");
}

TEST_CASE("Hangul: whole syllables go at once, parts as they were typed") {
    Typing t;
    CHECK(t.type("한글\x7f") == "한");
    const char* parts = "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab";
    t.type("\x15");
    t.type(parts);
    CHECK(t.type("\x7f") == "\xe1\x84\x92\xe1\x85\xa1");
    CHECK(t.type("\x7f") == "\xe1\x84\x92");
    CHECK(t.type("\x7f") == "");
}

TEST_CASE("a pasted transcript loses its prompts and its results") {
    Typing t;
    auto pasted = [&](const std::string& text) {
        t.type("\x15\x15\x15\x15");
        t.state.start();
        return t.type("\x1b[200~" + text + "\x1b[201~");
    };
    CHECK(pasted("> x = 1\n> y = 2\n") == "x = 1\ny = 2");
    CHECK(pasted("> for i=1,2 do\n..   f(i)\n.. end\n1\n2\n> x = 3") ==
          "for i=1,2 do\n  f(i)\nend\nx = 3");
    CHECK(pasted("> for i=1,2 do\n  f(i)\nend") == "for i=1,2 do\n  f(i)\nend");  // only one prompt
    CHECK(pasted("x = 1\n> y") == "x = 1\n> y");                                  // no transcript
    CHECK(pasted("x = [[\n> quoted\n]]") == "x = [[\n> quoted\n]]");
}

TEST_CASE("a = typed behind a completed option is not doubled") {
    Typing t;
    t.offered = {2, 3, {{"lr=", "lr"}}};
    CHECK(t.type("f{l\t") == "f{lr=");
    CHECK(t.type("=") == "f{lr=");
    CHECK(t.type("=") == "f{lr==");  // the second is meant
    CHECK(t.type("\x15"
                 "f{l\t=0.1") == "f{lr=0.1");
    CHECK(t.type("\x15"
                 "f{l\t1=") == "f{lr=1=");
    t.offered = {2, 3, {{"epochs=", "epochs"}, {"eval_steps=", "eval_steps"}}};
    CHECK(t.type("\x15"
                 "f{e\t\t=") == "f{epochs=");  // out of the menu, too
    CHECK(t.type("2") == "f{epochs=2");
}
