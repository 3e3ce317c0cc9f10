-- SPDX-License-Identifier: Apache-2.0
-- What prints: next-token bars, columns of wide characters, quoting, the ASCII form.
local t = require "spec"
local session = require "moonlet.session"
local text = require "moonlet.text"
local bars = require "moonlet.bars"
local next_tokens = require "moonlet.next"

t.test("width counts Hangul and emoji twice, marks not at all", function()
    t.eq(text.width "abc", 3)
    t.eq(text.width "서울 ok", 7)
    t.eq(text.width "😀", 2)
    t.eq(text.width "e\204\129", 1)
    t.eq(text.width "\255\254", 2)
    t.eq(text.pad("서울", 6) .. "|", "서울  |")
    t.eq(text.pad("7", 3, true), "  7")
end)

t.test("quote shows blanks and broken bytes", function()
    t.eq(text.quote ' a\n"\\\255\1가', [[" a\n\"\\\xFF\x01가"]])
end)

t.test("cut never splits a character", function()
    session.unicode = true
    t.eq(text.cut("가나다라", 5), "가나…")
    session.unicode = false
    t.eq(text.cut("abcdefgh", 6), "abc...")
    t.eq(text.cut("abc", 3), "abc")
    session.unicode = nil
end)

t.test("bars in eighths and in ASCII", function()
    t.eq(bars.bar(0.5, 8, true), "████")
    t.eq(bars.bar(1, 3, true), "███")
    t.eq(bars.bar(1 / 16, 2, true), "▏")
    t.eq(bars.bar(0.001, 8, true), "▏")
    t.eq(bars.bar(0, 8, true), "")
    t.eq(bars.bar(7, 2, true), "██")
    t.eq(bars.bar(0 / 0, 2, true), "")
    t.eq(bars.bar(0.5, 8, false), "####")
    t.eq(bars.bar(0.01, 8, false), "#")
end)

t.test("next tokens print as a table and index as rows", function()
    local n = next_tokens.new {
        { id = 12, text = " time", probability = 0.5, logprob = math.log(0.5) },
        { id = 1203, text = "서울", probability = 0.25, logprob = math.log(0.25) } }
    session.unicode = true
    t.eq(tostring(n), '" time"    12  50.0%  ████████████\n"서울"   1203  25.0%  ██████')
    session.unicode = false
    t.match(tostring(n), "50.0%%  ############\n")
    session.unicode = nil
    t.eq(#n, 2)
    t.eq(n[2].id, 1203)
    t.eq(getmetatable(n:table()), nil)
    t.eq(n:table()[1].text, " time")
    t.eq(tostring(next_tokens.new {}), "no next token")
end)

t.test("thousands", function()
    t.eq({ text.thousands(5), text.thousands(1234567), text.thousands(-1000) },
        { "5", "1,234,567", "-1,000" })
end)

t.done()
