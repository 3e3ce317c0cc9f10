-- SPDX-License-Identifier: Apache-2.0
-- Citations in an answer, checked word for word against the passages it was given. A citation is a
-- quotation followed by the passage's number, "these words" [2], or a number alone, [2]. Each gets
-- a status, decided by comparing text only:
--   verified       the quotation stands in passage n
--   unquoted       a number without a quotation: there is nothing to check
--   misattributed  it stands in another passage (found) than the one that is named
--   stitched       it stands nowhere, but is put together of pieces that do
--   fabricated     it stands nowhere
--   bad number     there is no passage n
-- White space may differ (a line's end is a blank), and so may the mark at the end of a quotation.
-- A quotation without a number is checked against all passages when it has three words or more.

local citations = {}

---@class Citation
---@field quote? string the quotation, nil for a number alone
---@field n? integer the number that the answer gives
---@field status string verified, unquoted, misattributed, stitched, fabricated or bad number
---@field hit? Hit the passage the quotation stands in, or that the number names
---@field found? integer the passage it stands in
---@field span? integer[] {first, last}: bytes of the quotation in the hit's document
---@field place integer[] {first, last}: bytes of the citation in the answer

-- Quotation marks and what closes them.
local MARKS = { { '"', '"' }, { "“", "”" }, { "「", "」" }, { "『", "』" }, { "«", "»" } }
local LONGEST = 2000 -- bytes of a quotation: a lone mark does not swallow the rest

local function words_of(s)
    local list = {}
    for word in s:gmatch "%S+" do list[#list + 1] = word end
    return list
end

-- The words one after another, with any white space between them.
local function pattern_of(words, first, last)
    local parts = {}
    for i = first, last do
        parts[#parts + 1] = (words[i]:gsub("[%^%$%(%)%%%.%[%]%*%+%-%?]", "%%%0"))
    end
    return table.concat(parts, "%s+")
end

-- First and last byte of `quote` in `text`, or nil.
local function locate(quote, text)
    local first, last = text:find(quote, 1, true)
    if first then return first, last end
    local words = words_of(quote)
    if #words == 0 then return nil end
    first, last = text:find(pattern_of(words, 1, #words))
    if first then return first, last end
    local bare = quote:gsub("[%.,;:!%?%s]+$", ""):gsub("…$", "")
    if bare ~= quote and bare:find "%S" then return locate(bare, text) end
end

-- Whether the words are runs of at least three, each of which stands in a passage.
local function of_pieces(words, hits)
    local at, runs = 1, 0
    while at <= #words do
        local best
        for last = math.min(#words, at + 60), at, -1 do
            local pattern = pattern_of(words, at, last):gsub("%%?[%.,;:!%?]+$", "")
            for _, hit in ipairs(hits) do
                if pattern ~= "" and hit.text:find(pattern) then best = last end
            end
            if best then break end
        end
        if not best then return false end
        if best - at < 2 and not (runs > 0 and best == #words) then return false end
        at, runs = best + 1, runs + 1
    end
    return runs > 1
end

local function stitched(quote, hits)
    local pieces = {}
    for piece in (quote:gsub("%[?%.%.%.%]?", "\0"):gsub("…", "\0") .. "\0"):gmatch "([^%z]*)%z" do
        if piece:find "%S" then pieces[#pieces + 1] = piece:match "^%s*(.-)%s*$" end
    end
    if #pieces > 1 then
        for _, piece in ipairs(pieces) do
            local stands = false
            for _, hit in ipairs(hits) do stands = stands or locate(piece, hit.text) ~= nil end
            if not stands then return false end
        end
        return true
    end
    return of_pieces(words_of(quote), hits)
end

local function place_in(citation, i, hit, first, last)
    local base = hit.span and hit.span[1] or 1
    citation.hit, citation.found = hit, i
    citation.span = { base + first - 1, base + last - 1 }
end

local function check(citation, hits)
    local quote, n = citation.quote, citation.n
    local named = n and hits[n]
    if not quote then
        citation.hit, citation.status = named, named and "unquoted" or "bad number"
        return
    end
    if named then
        local first, last = locate(quote, named.text)
        if first then
            citation.status = "verified"
            return place_in(citation, n, named, first, last)
        end
    end
    for i, hit in ipairs(hits) do
        local first, last = locate(quote, hit.text)
        if first then
            citation.status = not n and "verified" or named and "misattributed" or "bad number"
            return place_in(citation, i, hit, first, last)
        end
    end
    citation.hit = named
    citation.status = n and not named and "bad number"
        or stitched(quote, hits) and "stitched" or "fabricated"
end

-- The quotation that begins at `at`: its text and the byte behind it.
local function quotation(text, at)
    for _, mark in ipairs(MARKS) do
        local open, close = mark[1], mark[2]
        if text:sub(at, at + #open - 1) == open then
            local first, last = text:find(close, at + #open, true)
            if first and first - at < LONGEST and first > at + #open then
                return text:sub(at + #open, first - 1), last + 1
            end
        end
    end
end

-- The numbers at `at`, as in [2], [1, 3] or [1][2]: a list and the byte behind them.
local function numbers(text, at)
    local list, rest = {}, at
    while true do
        local inside, behind = text:match("^%s*%[([%d,%s]+)%]()", rest)
        if not inside or not inside:find "%d" then break end
        for digits in inside:gmatch "%d+" do list[#list + 1] = tonumber(digits) end
        rest = behind
    end
    return list, rest
end

--- All citations of `text`, in order, each with its status.
function citations.check(text, hits)
    local list, at = {}, 1
    local function add(quote, n, first, last)
        local citation = { quote = quote, n = n, place = { first, last } }
        check(citation, hits)
        list[#list + 1] = citation
    end
    while at <= #text do
        local quote, behind = quotation(text, at)
        if quote then
            local found, rest = numbers(text, behind)
            if #found == 0 then found, rest = numbers(text, text:match("^[%.,;:]?()", behind)) end
            for _, n in ipairs(found) do add(quote, n, at, rest - 1) end
            if #found == 0 and #words_of(quote) >= 3 then add(quote, nil, at, behind - 1) end
            at = #found > 0 and rest or behind
        else
            local found, rest = {}, at
            if text:sub(at, at) == "[" then found, rest = numbers(text, at) end
            for _, n in ipairs(found) do add(nil, n, at, rest - 1) end
            at = #found > 0 and rest or at + 1
        end
    end
    return list
end

--- Whether a status calls for doubt.
function citations.doubtful(status) return status ~= "verified" and status ~= "unquoted" end

return citations
