-- SPDX-License-Identifier: Apache-2.0
-- What m:verify gives: whether a model that was written and opened again is the same one, prompt by
-- prompt, with the reasons where it is not. It measures nothing itself: the rows come from the
-- engine. A file passes when ids, rendered chats and ending tokens are the same, no text begins
-- twice, and the next-token distributions are: for unquantised weights with the same likeliest
-- tokens wherever they are no tie, for quantised ones with a divergence below LIMIT.

local box = require "moonlet.box"
local class = require "moonlet.class"

---@class Verification
---@field path string what was opened
---@field quantised boolean its weights are
---@field same_ends boolean the same tokens end a text
---@field rows table[] prompt chat same_text same_ids tokens same_top divergence difference …
local meta, Verification = class("Verification")

-- Mean divergence of the next-token distributions, in nats. Four-bit weights of small models reach
-- a few tenths; a wrongly permuted or transposed tensor gives several.
local LIMIT = 1
local SAME = 1e-3  -- the same for unquantised weights, and of an encoder's embeddings

-- Why one row fails, as a list.
local function failures(self, row)
    local list = {}
    if not row.same_text then list[#list + 1] = "the chat is rendered otherwise" end
    if not row.same_ids then list[#list + 1] = "other ids" end
    if row.double_begin then list[#list + 1] = "the text begins twice" end
    if self.encoder then
        if not self.quantised and row.difference > SAME then
            list[#list + 1] = "other embeddings"
        end
    elseif row.divergence ~= row.divergence then
        list[#list + 1] = "logits that are no numbers"
    elseif row.divergence > (self.quantised and LIMIT or SAME) then
        list[#list + 1] = ("divergence %.3g"):format(row.divergence)
    elseif not self.quantised and row.real_changes > 0 then
        list[#list + 1] = ("%d other likeliest tokens"):format(row.real_changes)
    end
    return list
end

--- Why it is not the same model: one text per prompt that fails, and one where other tokens end a
--- text. Empty when it passes.
---@return string[] reasons
function Verification:reasons()
    local list = {}
    if not self.same_ends then list[1] = "other tokens end a text" end
    for _, row in ipairs(self.rows) do
        local why = failures(self, row)
        if #why > 0 then
            list[#list + 1] = ("%q: %s"):format(box.flat(row.prompt), table.concat(why, ", "))
        end
    end
    return list
end

--- Whether what was written is the same model.
---@return boolean passed
function Verification:passed()
    return #self:reasons() == 0
end

function meta.__tostring(self)
    local rows = {}
    for i, row in ipairs(self.rows) do
        rows[i] = { (row.chat and "chat " or "") .. row.prompt, row.same_text and "same" or "OTHER",
            row.same_ids and "same" or "OTHER", ("%d of %d"):format(row.same_top, row.tokens),
            ("%.2g"):format(row.divergence), ("%.2g"):format(row.difference) }
    end
    local reasons = self:reasons()
    local columns = { { name = "prompt" }, { name = "text" }, { name = "ids" },
        { name = "top token" }, { name = "divergence", type = "number" },
        { name = "difference", type = "number" } }
    local drawn = box.draw { columns = columns, rows = rows }
    if #reasons == 0 then return drawn .. "\npass: " .. self.path .. " is the same model" end
    return drawn .. "\nFAIL: " .. self.path .. "\n  " .. table.concat(reasons, "\n  ")
end
