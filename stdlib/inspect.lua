-- SPDX-License-Identifier: Apache-2.0
-- What models.inspect gives: the keys and tensors of a GGUF or safetensors file as they stand in
-- it, read without opening a model. keys[i] = {key=, type=, value=, count=}, tensors[i] = {name=,
-- dtype=, shape=, bytes=}; metadata maps a key to its value. It gives no key a meaning.

local class = require "moonlet.class"
local layers = require "moonlet.layers"
local options = require "moonlet.options"
local session = require "moonlet.session"
local text = require "moonlet.text"
local units = require "moonlet.units"

---@class WeightsFile
---@field path string
---@field format string "gguf" or "safetensors"
---@field version? integer of a GGUF file
---@field alignment? integer of a GGUF file: tensors begin at multiples of it
---@field bytes integer of all tensors
---@field metadata table<string, any> key to value; of long arrays the first elements
---@field keys table[] key type value count, in the file's order
---@field tensors table[] name dtype shape bytes, in the file's order
local meta, WeightsFile = class("WeightsFile")

---@class InspectOptions
---@field elements? integer elements of every array that are read (default 8)
local OPTIONS = options.rows { "elements integer 8" }

local inspect = {}

function inspect.open(path, opts)
    opts = opts or {}
    options.check(opts, OPTIONS, "models.inspect")
    local elements = opts.elements or 8
    if elements < 0 then
        error(("models.inspect: elements = %d; wanted 0 or more"):format(elements), 3)
    end
    local self = require("moonlet_base").functions["_models.inspect"](path, elements)
    self.metadata, self.bytes = {}, 0
    for _, row in ipairs(self.keys) do self.metadata[row.key] = row.value end
    for _, row in ipairs(self.tensors) do self.bytes = self.bytes + row.bytes end
    return setmetatable(self, meta)
end

--- The tensors as a tree by the parts of their names; those that are alike are folded.
---@return Layers
--- Example: models.inspect("demo"):layers()
function WeightsFile:layers()
    return layers.new(self.path:match("[^/]*$"), self.tensors)
end

-- Whole numbers with all their digits, f32 with those that it holds.
local function show(value, kind)
    if type(value) == "string" then return text.quote(value) end
    if type(value) == "table" then
        local parts = {}
        for i, each in ipairs(value) do parts[i] = show(each, kind) end
        return "{" .. table.concat(parts, ", ") .. "}"
    end
    if type(value) ~= "number" then return tostring(value) end
    return (kind == "f32" and "%.7g" or kind == "f64" and "%.15g" or "%.0f"):format(value)
end

local function key_rows(self)
    local rows, widest, widest_type = {}, 0, 0
    for i, row in ipairs(self.keys) do
        local kind = row.type .. (row.count and "[" .. row.count .. "]" or "")
        local value = show(row.value, row.type)
        if row.count then
            value = value:sub(2, -2)
            if row.count > #row.value then value = value .. ", …" end
        end
        rows[i] = { row.key, kind, value }
        widest = math.max(widest, text.width(row.key))
        widest_type = math.max(widest_type, #kind)
    end
    local room = math.max(30, (session.width or 80) - widest - widest_type - 4)
    for i, row in ipairs(rows) do
        rows[i] = text.pad(row[1], widest) .. "  " .. text.pad(row[2], widest_type) .. "  "
            .. text.cut(row[3], room)
    end
    return rows
end

function meta.__tostring(self)
    local version = self.version and " v" .. self.version or ""
    local lines = { ("%s%s · %d %s · %d %s · %s"):format(self.format, version,
        #self.keys, #self.keys == 1 and "key" or "keys",
        #self.tensors, #self.tensors == 1 and "tensor" or "tensors", units.bytes(self.bytes)) }
    for _, line in ipairs(key_rows(self)) do lines[#lines + 1] = line end
    if #self.tensors > 0 then lines[#lines + 1] = tostring(self:layers()) end
    return table.concat(lines, "\n")
end

return inspect
