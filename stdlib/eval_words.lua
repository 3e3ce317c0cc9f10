-- SPDX-License-Identifier: Apache-2.0
-- Comparing short texts as SQuAD's evaluation does (Rajpurkar et al. 2016): lower case (ASCII), no
-- ASCII punctuation, no English articles, single blanks; F1 of the words that two texts share.

local words = {}

local ARTICLES = { a = true, an = true, the = true }

local function list(s)
    local result = {}
    for word in s:lower():gsub("%p", ""):gmatch("%S+") do
        if not ARTICLES[word] then result[#result + 1] = word end
    end
    return result
end

local function squad(s) return table.concat(list(s), " ") end
local function trimmed(s) return (s:gsub("^%s+", ""):gsub("%s+$", "")) end

--- function(text) -> text for "squad" or "none".
function words.normalizer(name, where)
    if name == "squad" then return squad end
    if name == "none" then return trimmed end
    error(('%s: normalize "%s"; wanted "squad" or "none"'):format(where, tostring(name)), 3)
end

--- 2 * shared / (words of a + words of b), a word as often as it stands in both. Two empty texts
--- agree; one empty text shares nothing.
function words.f1(a, b)
    local mine, theirs = list(a), list(b)
    if #mine == 0 or #theirs == 0 then return #mine == #theirs and 1 or 0 end
    local count, shared = {}, 0
    for _, word in ipairs(theirs) do count[word] = (count[word] or 0) + 1 end
    for _, word in ipairs(mine) do
        if (count[word] or 0) > 0 then
            count[word] = count[word] - 1
            shared = shared + 1
        end
    end
    return 2 * shared / (#mine + #theirs)
end

--- The best score over one or several right answers.
function words.best(prediction, answers, score)
    prediction = tostring(prediction)
    if type(answers) ~= "table" then return score(prediction, tostring(answers)) end
    local best = 0
    for _, one in ipairs(answers) do best = math.max(best, score(prediction, tostring(one))) end
    return best
end

return words
