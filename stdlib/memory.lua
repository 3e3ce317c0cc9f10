-- SPDX-License-Identifier: Apache-2.0
-- What m:memory{ctx=, batch=} gives: the bytes that a model takes to write `batch` texts of `ctx`
-- tokens, part by part, and what the machine has. Parts are {name=, bytes=, note=}. The weights are
-- a map of the file where their dtype is the stored one: the system may drop and read them again.

local class = require "moonlet.class"
local options = require "moonlet.options"
local text = require "moonlet.text"
local units = require "moonlet.units"

---@class ModelMemory
---@field [integer] {name: string, bytes: integer, note: string}
---@field total integer bytes
---@field available? integer bytes that the machine can give now
local meta, ModelMemory = class("ModelMemory")

---@class MemoryOptions
---@field ctx? integer tokens of each text (default: the model's context)
---@field batch? integer texts at a time (default 1)
local OPTIONS = options.rows { "ctx integer", "batch integer 1" }

-- Bytes that programs can have without swapping, as Linux tells; nil elsewhere.
local function available()
    local file = io.open("/proc/meminfo")
    if not file then return nil end
    local kilobytes = file:read("*a"):match("MemAvailable:%s*(%d+) kB")
    file:close()
    return kilobytes and tonumber(kilobytes) * 1024
end

local function plural(n, one, many) return ("%d %s"):format(n, n == 1 and one or many) end

local function positive(value, name)
    if value < 1 then
        error(("m:memory: %s = %s; wanted at least 1"):format(name, tostring(value)), 3)
    end
end

local _, Model = class("Model")

--- The memory that the model takes for `batch` texts of `ctx` tokens: weights, adapters and the
--- key/value cache, exact; scratch memory of a forward call is not in it.
---@param opts? MemoryOptions
---@return ModelMemory
--- Example: m:memory{ctx = 512, batch = 4}
function Model:memory(opts)
    opts = opts or {}
    options.check(opts, OPTIONS, "m:memory")
    local sizes = require("moonlet_engine").functions["_models.sizes"](self)
    local batch, ctx = opts.batch or 1, opts.ctx or sizes.context
    positive(batch, "batch")
    positive(ctx, "ctx")
    if sizes.context > 0 and ctx > sizes.context then
        error(("m:memory: ctx = %d; wanted at most %d, the model's context"):format(ctx,
            sizes.context), 2)
    end
    local self_ = { { name = "weights", bytes = sizes.weight_bytes,
        note = units.count(sizes.parameters) .. " parameters" } }
    if sizes.overlay_bytes > 0 then
        self_[#self_ + 1] = { name = "adapters", bytes = sizes.overlay_bytes, note = sizes.overlay }
    end
    if sizes.causal then
        -- a key and a value of head_dim per layer and key/value head, in the weights' dtype or int8
        local each = sizes.kv_token_bytes
        self_[#self_ + 1] = { name = "key/value cache", bytes = each * ctx * batch,
            note = ("%s of %s, %s a token"):format(plural(batch, "text", "texts"),
                plural(ctx, "token", "tokens"), units.bytes(each)) }
    end
    self_.total = 0
    for _, part in ipairs(self_) do self_.total = self_.total + part.bytes end
    self_.available = available()
    return setmetatable(self_, meta)
end

--- The parts as plain tables.
---@return table[] parts {name=, bytes=, note=}
--- Example: m:memory():table()[1].bytes
function ModelMemory:table()
    local parts = {}
    for i, part in ipairs(self) do
        parts[i] = { name = part.name, bytes = part.bytes, note = part.note }
    end
    return parts
end

function meta.__tostring(self)
    local rows, lines = {}, {}
    for i, part in ipairs(self) do rows[i] = { part.name, units.bytes(part.bytes), part.note } end
    rows[#rows + 1] = { "in all", units.bytes(self.total), self.available
        and ("%s available now"):format(units.bytes(self.available)) or "" }
    for i, row in ipairs(rows) do
        lines[i] = ("%s  %s  %s"):format(text.pad(row[1], 15), text.pad(row[2], 9, true), row[3])
    end
    return table.concat(lines, "\n")
end
