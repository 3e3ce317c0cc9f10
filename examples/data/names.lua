-- SPDX-License-Identifier: Apache-2.0
-- Invented names, so that a model must read them where they stand: words, identifiers, calls, keys.
-- r is a generator of random.lua.

local names = {}

local STARTS = { "b", "br", "c", "ch", "d", "f", "fl", "g", "gr", "h", "j", "k", "kr", "l", "m",
    "n", "p", "pl", "qu", "r", "s", "sh", "st", "t", "tr", "v", "w", "z", "" }
local MIDDLES = { "a", "e", "i", "o", "u", "ai", "ea", "ou", "ee", "io", "y" }
local STOPS = { "", "", "", "n", "r", "l", "s", "m", "t", "ck", "nd", "x", "rt", "ng" }

local function syllables(r, count)
    local parts = {}
    for i = 1, count do
        parts[i] = r:pick(STARTS) .. r:pick(MIDDLES) .. (i == count and r:pick(STOPS) or "")
    end
    return table.concat(parts)
end

--- A name as of a place or a person: Velmora.
function names.word(r)
    return (syllables(r, r:range(2, 3)):gsub("^%l", string.upper))
end

local PARTS = { "max", "min", "top", "file", "name", "size", "text", "seed", "rate", "keep", "user",
    "path", "line", "mode", "list", "key", "row", "step", "word", "time", "page", "index", "data" }

--- An identifier: max_size, velo_rate.
function names.identifier(r)
    local first = r:chance(0.4) and syllables(r, 2) or r:pick(PARTS)
    return r:chance(0.5) and first or first .. "_" .. r:pick(PARTS)
end

--- A function or method as code has it: rows.keep, t:max_size().
function names.call(r)
    local left, right = names.identifier(r), names.identifier(r)
    return r:pick { left .. "." .. right, right:sub(1, 1) .. ":" .. left, left .. "()",
        right:sub(1, 1) .. ":" .. left .. "()", left .. '.load "' .. right .. '"' }
end

--- A key: Ctrl-T, Alt-X, F7.
function names.key(r)
    if r:chance(0.2) then return "F" .. r:range(1, 12) end
    local letter = string.char(64 + r:range(1, 26))
    return r:pick { "Ctrl-", "Ctrl-", "Alt-", "Shift-" } .. letter
end

return names
