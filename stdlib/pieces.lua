-- SPDX-License-Identifier: Apache-2.0
-- What tok:pieces(text) and m:tokens(text) give: a text cut into its tokens, printed as coloured
-- pieces with their ids below. Rows are {id=, text=, token=, first=, last=}: `text` is what the
-- token stands for in the given text (a part of a character as <0xEA>), `token` the vocabulary's
-- own spelling; first and last are bytes, 0 for tokens that the tokenizer adds. It tokenizes
-- nothing itself.

local class = require "moonlet.class"
local options = require "moonlet.options"
local session = require "moonlet.session"
local text = require "moonlet.text"

---@class Pieces
---@field [integer] {id: integer, text: string, token: string, first: integer, last: integer}
local meta, Pieces = class("Pieces")
local pieces = {}

---@class PiecesOptions
---@field special? boolean the tokens that the model expects around it (default true)
---@field spelling? boolean print the vocabulary's spelling instead of the text (default false)
local OPTIONS = options.rows { "special boolean true", "spelling boolean false" }

local function whole(char)
    local b = char:byte()
    return #char == (b < 0x80 and 1 or b < 0xC0 and 0 or b < 0xE0 and 2 or b < 0xF0 and 3 or 4)
end

-- Bytes as text, those that are no whole character as <0xEA>.
local function shown(bytes)
    local parts = {}
    for char in text.chars(bytes) do
        parts[#parts + 1] = whole(char) and char
            or char:gsub(".", function(b) return ("<0x%02X>"):format(b:byte()) end)
    end
    return table.concat(parts)
end

-- Bytes that a token stands for where its spelling has one character a byte, as byte-level
-- vocabularies have; <0xEA> is one byte, too.
local function bytes_of(spelling)
    if spelling:match("^<0x%x%x>$") then return 1 end
    local n = 0
    for _ in text.chars(spelling) do n = n + 1 end
    return n
end

-- Tokens whose spans overlap share a character: each gets its own bytes where the spellings say how
-- many those are, else its spelling.
local function split_shared(rows, from, to, given)
    local bytes = given:sub(rows[from].first, rows[to].last)
    local total, at = 0, 1
    for i = from, to do total = total + bytes_of(rows[i].token) end
    for i = from, to do
        local size = bytes_of(rows[i].token)
        rows[i].text = total == #bytes and shown(bytes:sub(at, at + size - 1)) or rows[i].token
        at = at + size
    end
end

function pieces.new(tokenizer, given, opts)
    opts = opts or {}
    options.check(opts, OPTIONS, "pieces")
    local encode = { special = opts.special }
    local ids, spans = tokenizer:encode(given, encode), tokenizer:offsets(given, encode)
    local spellings = tokenizer:tokens(ids)
    local self = { spelling = opts.spelling or false }
    for i, id in ipairs(ids) do
        local first, last = spans[i][1], spans[i][2]
        self[i] = { id = id, token = spellings[i], first = first, last = last,
            text = first > 0 and given:sub(first, last) or spellings[i] }
    end
    local i = 1
    while i <= #self do
        local k = i
        while self[k + 1] and self[i].first > 0 and self[k + 1].first > 0
            and self[k + 1].first <= self[k].last do
            k = k + 1
        end
        if k > i then split_shared(self, i, k, given) end
        i = k + 1
    end
    return setmetatable(self, meta)
end

--- The rows as a plain array of plain tables.
---@return table[] rows {id=, text=, token=, first=, last=}
--- Example: m:tokens("Once upon a time"):table()[1].id
function Pieces:table()
    local rows = {}
    for i, row in ipairs(self) do
        rows[i] = {}
        for key, value in pairs(row) do rows[i][key] = value end
    end
    return rows
end

-- Pastel backgrounds of the 256-colour palette, dark text: readable on any terminal.
local COLOURS = { 153, 157, 223, 218, 189, 229 }

local function cell(row, i, colour, spelling)
    local shown = spelling and row.token or row.text
    shown = text.quote(shown):sub(2, -2)
    local id = ("%d"):format(row.id)
    local width = math.max(text.width(shown), #id)
    local padded = text.pad(shown, width)
    if colour then
        local background = row.first == 0 and 250 or COLOURS[(i - 1) % #COLOURS + 1]
        padded = ("\27[48;5;%d;38;5;16m%s\27[0m"):format(background, padded)
    end
    return { text = padded, id = text.pad(id, width), width = width }
end

function meta.__tostring(self) return pieces.draw(self, false) end
function meta.__display(self) return pieces.draw(self, session.color) end

--- The pieces as text, as wide as the terminal; `colour`: with backgrounds.
function pieces.draw(self, colour)
    if #self == 0 then return "no tokens" end
    local bar = colour and " " or (text.unicode() and "│" or "|")
    local lines, top, bottom, used, bytes = {}, {}, {}, 0, 0
    local function flush()
        if #top == 0 then return end
        lines[#lines + 1] = table.concat(top, bar)
        lines[#lines + 1] = (table.concat(bottom, " "):gsub("%s+$", ""))
        top, bottom, used = {}, {}, 0
    end
    for i, row in ipairs(self) do
        local c = cell(row, i, colour, self.spelling)
        if used > 0 and used + 1 + c.width > session.width then flush() end
        top[#top + 1], bottom[#bottom + 1] = c.text, c.id
        used = used + (used > 0 and 1 or 0) + c.width
        bytes = math.max(bytes, row.last)
        if not self.spelling and row.text:find("\n") then flush() end
    end
    flush()
    lines[#lines + 1] = ("%d %s, %d bytes"):format(#self, #self == 1 and "token" or "tokens", bytes)
    return table.concat(lines, "\n")
end

local _, Tokenizer = class("Tokenizer")

--- A text cut into its tokens: coloured pieces with their ids.
---@param given string
---@param opts? PiecesOptions
---@return Pieces
--- Example: tok:pieces "Once upon a time"
function Tokenizer:pieces(given, opts) return pieces.new(self, given, opts) end

local _, Model = class("Model")

--- A text cut into the model's tokens: coloured pieces with their ids.
---@param given string
---@param opts? PiecesOptions
---@return Pieces
--- Example: m:tokens "Once upon a time"
function Model:tokens(given, opts)
    if not self.tokenizer then
        error(("m:tokens: model %s has no tokenizer"):format(self.name), 2)
    end
    return pieces.new(self.tokenizer, given, opts)
end

return pieces
