-- SPDX-License-Identifier: Apache-2.0
-- Bars for long work of one's own, in the same area as the engine's:
--     local progress = require "moonlet.progress"
--     local bar = progress.new("reading", 100, "files")
--     for i = 1, 100 do … bar:update(i, "loss 2.31") end
-- The bar goes when update reaches the total, or with bar:finish(). Several stand below each other.
-- Where stderr is no terminal, a plain line at each quarter. It measures nothing.

local class = require "moonlet.class"
local clock = require "moonlet.clock"
local session = require "moonlet.session"

local meta, Bar = class("ProgressBar")
local progress = {}

--- A bar for `total` things; 0 or nil: it is not known how many.
function progress.new(what, total, unit)
    if type(what) ~= "string" or what == "" then
        error("progress.new: given " .. tostring(what) .. "; wanted a text: what goes on", 2)
    end
    return setmetatable({ what = what, total = total or 0, unit = unit or "", told = 0 }, meta)
end

--- So much is done; `detail` stands behind the bar, and "loss 2.31" in it becomes a curve.
function Bar:update(done, detail)
    local now = clock.now()
    local over = self.total > 0 and done >= self.total
    if not over and now - self.told < 0.1 then return end
    self.told = now
    if session.report then
        session.report(self.what, done, self.total, self.unit, detail or "")
    end
end

--- The work is over, however far it came.
function Bar:finish()
    if session.report then session.report(self.what, 1, 1, self.unit, "") end
end

return progress
