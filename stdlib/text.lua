-- SPDX-License-Identifier: Apache-2.0
-- Text on a terminal: characters, their width in columns, padding and cutting, quoting a token so
-- that its blanks are seen, and whether block characters may be printed. Bytes that are not UTF-8
-- count as one column each. It draws nothing.

local session = require "moonlet.session"

local text = {}

local CHARACTER = "[%z\1-\127\194-\244][\128-\191]*"

--- Iterates over the UTF-8 characters of `s`: for char, first_byte in text.chars(s).
function text.chars(s)
    local at = 1
    return function()
        if at > #s then return nil end
        local first = at
        local char = s:match("^" .. CHARACTER, at) or s:sub(at, at)
        at = at + #char
        return char, first
    end
end

local function codepoint(char)
    local b = char:byte()
    if b < 0x80 or #char == 1 then return b end
    local value = b < 0xE0 and b % 0x20 or b < 0xF0 and b % 0x10 or b % 0x08
    for i = 2, #char do value = value * 64 + char:byte(i) % 64 end
    return value
end

-- Two columns: Hangul, CJK, kana, full-width forms, emoji (Unicode EastAsianWidth W and F, coarse).
local WIDE = { 0x1100, 0x115F, 0x2E80, 0x303E, 0x3041, 0xA4CF, 0xA960, 0xA97F, 0xAC00, 0xD7A3,
    0xF900, 0xFAFF, 0xFE30, 0xFE6F, 0xFF00, 0xFF60, 0xFFE0, 0xFFE6, 0x1F300, 0x1F64F, 0x1F680,
    0x1F6FF, 0x1F900, 0x1FAFF, 0x20000, 0x3FFFD }
-- No column of their own: combining marks, joiners, variation selectors, medial and final jamo.
local NONE = { 0x0300, 0x036F, 0x1160, 0x11FF, 0x200B, 0x200F, 0x20D0, 0x20FF, 0xFE00, 0xFE0F }

local function within(code, ranges)
    for i = 1, #ranges, 2 do
        if code >= ranges[i] and code <= ranges[i + 1] then return true end
    end
    return false
end

--- Columns that `s` takes on a terminal; control characters count as none.
function text.width(s)
    local columns = 0
    for char in text.chars(s) do
        local code = codepoint(char)
        if code >= 0x1100 and within(code, WIDE) then
            columns = columns + 2
        elseif code >= 32 and code ~= 127 and not within(code, NONE) then
            columns = columns + 1
        end
    end
    return columns
end

--- `s` filled with blanks to `columns`; `right` puts them in front.
function text.pad(s, columns, right)
    local blanks = (" "):rep(math.max(0, columns - text.width(s)))
    return right and blanks .. s or s .. blanks
end

--- `s` cut to `columns` at a character border, with an ellipsis where something was cut.
function text.cut(s, columns)
    if text.width(s) <= columns then return s end
    local mark = text.unicode() and "…" or "..."
    local room, parts = columns - text.width(mark), {}
    for char in text.chars(s) do
        room = room - text.width(char)
        if room < 0 then break end
        parts[#parts + 1] = char
    end
    return table.concat(parts) .. mark
end

--- `s` in lines of at most `columns`, broken at blanks, within a word where that is longer; line
--- breaks of its own stay. Always at least one line.
function text.wrap(s, columns)
    local lines = {}
    for paragraph in (s .. "\n"):gmatch("(.-)\n") do
        local line, used = "", 0
        for blank, word in paragraph:gmatch("(%s*)(%S+)") do
            local width = text.width(word)
            if used > 0 and used + text.width(blank) + width > columns then
                lines[#lines + 1] = line
                line, used, blank = "", 0, ""
            end
            if used == 0 then blank = "" end
            if width > columns then
                for char in text.chars(word) do
                    local more = text.width(char)
                    if used + more > columns and used > 0 then
                        lines[#lines + 1] = line
                        line, used = "", 0
                    end
                    line, used = line .. blank .. char, used + text.width(blank) + more
                    blank = ""
                end
            else
                line, used = line .. blank .. word, used + text.width(blank) + width
            end
        end
        lines[#lines + 1] = line
    end
    return lines
end

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

--- `s` in double quotes on one line, control characters and broken bytes escaped.
function text.quote(s)
    local parts = {}
    for char in text.chars(s) do
        local b = char:byte()
        if ESCAPES[char] then
            char = ESCAPES[char]
        elseif b < 32 or b == 127 or (b >= 128 and #char == 1) then
            char = ("\\x%02X"):format(b)
        end
        parts[#parts + 1] = char
    end
    return '"' .. table.concat(parts) .. '"'
end

--- Whether block characters may be printed: session.unicode, else not with MOONLET_ASCII set, else
--- by the locale's character set.
function text.unicode()
    if session.unicode ~= nil then return session.unicode end
    if (os.getenv("MOONLET_ASCII") or "") ~= "" then return false end
    for _, name in ipairs { "LC_ALL", "LC_CTYPE", "LANG" } do
        local value = os.getenv(name)
        if value and value ~= "" then return value:lower():find("utf%-?8") ~= nil end
    end
    return false
end

--- The same number with thousands separated: 12345 -> "12,345".
function text.thousands(n)
    local digits = ("%d"):format(n)
    local sign, rest = digits:match("^(%-?)(%d+)$")
    rest = rest:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
    return sign .. rest
end

return text
