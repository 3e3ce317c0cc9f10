-- SPDX-License-Identifier: Apache-2.0
-- Rows of tokens that repeat: a stretch, then the same again and again, sometimes with other tokens
-- between. Nothing but copying predicts them, and a model that has learned to look up what followed
-- the same token before can then copy names, numbers and sentences out of what it reads.
--     copying.rows(tokenizer, {seed=, count=, length=, low=, high=, words=, texts=})
--         -> rows {input_ids=, labels=}; a stretch has low to high words of the texts, invented
--            names and numbers among them; without texts low to high random tokens or, in the part
--            `words` of the rows, 1 to 5 invented names. Only repeated tokens count.

local here = debug.getinfo(1, "S").source:match("^@(.*)copying%.lua$") or ""
local random = dofile(here .. "random.lua")
local names = dofile(here .. "names.lua")

local copying = {}

local IGNORED = -100

local function row(r, tokenizer, opts)
    local function any() return r:range(3, #tokenizer - 1) end -- the first three are special
    local stretch, ids, labels, between = {}, {}, {}, 0
    if opts.texts then
        local words = {}
        for i = 1, r:range(opts.low, opts.high) do
            words[i] = r:chance(0.35) and names.word(r) or r:chance(0.15)
                and tostring(r:range(0, 999)) or r:pick(opts.vocabulary)
        end
        stretch = tokenizer:encode(" " .. table.concat(words, " "))
    elseif r:chance(opts.words or 0) then
        local words = {}
        for i = 1, r:range(1, 5) do words[i] = names.word(r) end
        stretch = tokenizer:encode(" " .. table.concat(words, " "))
    else
        for i = 1, r:range(opts.low, opts.high) do stretch[i] = any() end
    end
    if not opts.texts and r:chance(0.5) then between = r:range(1, 6) end
    local done = 0
    while #ids < opts.length do
        local at = done % #stretch + 1
        ids[#ids + 1] = stretch[at]
        labels[#ids] = done > #stretch and at > 1 and stretch[at] or IGNORED
        done = done + 1
        for _ = 1, at == #stretch and math.min(between, opts.length - #ids) or 0 do
            ids[#ids + 1] = any()
            labels[#ids] = IGNORED
        end
    end
    return { input_ids = ids, labels = labels }
end

function copying.rows(tokenizer, opts)
    local r, rows, own = random(opts.seed or 1), {}, {}
    for name, value in pairs(opts) do own[name] = value end
    own.vocabulary = {}
    for _, text in ipairs(opts.texts or {}) do
        for word in text:gmatch "%S+" do own.vocabulary[#own.vocabulary + 1] = word end
    end
    for i = 1, opts.count do rows[i] = row(r, tokenizer, own) end
    return rows
end

return copying
