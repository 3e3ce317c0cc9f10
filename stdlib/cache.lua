-- SPDX-License-Identifier: Apache-2.0
-- What m:cache() gives: what a model keeps of the texts it has read, so that chats, agents and
-- forks that begin alike are read once. It computes nothing.

local class = require "moonlet.class"
local units = require "moonlet.units"

---@class ModelCache
---@field tokens integer kept, in `blocks` blocks of `bytes` bytes
---@field blocks integer
---@field bytes integer
---@field bytes_held integer with those of texts that are being written
---@field budget integer bytes; the least recently used go first
---@field kv string how keys and values are stored: "f32", "bf16", "f16" or "int8"
---@field texts integer asked so far; `hits` of them began with something kept
---@field hits integer
---@field read_tokens integer of those texts; reused_tokens were kept and not read again
---@field reused_tokens integer
local meta = class("ModelCache")
local _, Model = class("Model")
local native_cache = Model.cache

function Model:cache(opts)
    return setmetatable(native_cache(self, opts), meta)
end

function meta.__tostring(self)
    return ("%s tokens kept (%s, %s of %s) · %d of %d texts began alike: %s of %s tokens reused")
        :format(units.count(self.tokens), self.kv, units.bytes(self.bytes),
            units.bytes(self.budget), self.hits, self.texts, units.count(self.reused_tokens),
            units.count(self.reused_tokens + self.read_tokens))
end
