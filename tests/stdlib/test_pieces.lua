-- SPDX-License-Identifier: Apache-2.0
-- Texts cut into tokens: the pieces put together are the text, shared characters come apart into
-- bytes, and the printed form fits the terminal.
local t = require "spec"
local session = require "moonlet.session"
local pieces = require "moonlet.pieces"
require "moonlet"

local byte_level = tokenizers.train { texts = { "once upon a time", "once more" }, vocab_size = 280,
    special_tokens = { "<end>" } }

t.test("the pieces of a text are the text", function()
    local given = "once upon a time"
    local row, parts = byte_level:pieces(given), {}
    for i, piece in ipairs(row) do
        parts[i] = piece.text
        t.eq(piece.text, given:sub(piece.first, piece.last))
        t.eq(piece.id, byte_level:encode(given)[i])
    end
    t.eq(table.concat(parts), given)
end)

t.test("a character of several tokens comes apart into its bytes", function()
    local parts = {}
    for i, piece in ipairs(byte_level:pieces "한") do parts[i] = piece.text end
    t.eq(table.concat(parts, " "), "<0xED> <0x95> <0x9C>")
end)

t.test("half a character is no character", function()
    local merged = tokenizers.train { texts = { "한한한 하하하" }, vocab_size = 258 }
    for _, piece in ipairs(merged:pieces "한하") do
        t.ok(piece.text:find("^<0x") or #piece.text == 3, piece.text)
    end
end)

t.test("special tokens have no place in the text", function()
    local row = byte_level:pieces "a<end>"
    t.eq(row[#row].text, "<end>")
    t.eq(row[#row].first, 2)
end)

t.test("prints pieces over ids, no line wider than the terminal", function()
    session.unicode, session.width = true, 30
    local shown = tostring(byte_level:pieces("once upon a time, once more"))
    for line in shown:gmatch("[^\n]+") do
        t.ok(require("moonlet.text").width(line) <= 30, line)
    end
    t.ok(shown:find("27 bytes", 1, true))
    t.eq(tostring(byte_level:pieces ""), "no tokens")
    t.ok(pieces.draw(byte_level:pieces "once", true):find("\27[48;5;", 1, true))
    session.unicode, session.width = nil, 80
end)

t.test("an unknown option is named", function()
    t.error(function() byte_level:pieces("a", { speling = true }) end, "did you mean spelling")
end)

t.done()
