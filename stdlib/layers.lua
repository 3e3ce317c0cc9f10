-- SPDX-License-Identifier: Apache-2.0
-- What m:layers() gives: the tensors of a model as a tree by the parts of their names, with shapes
-- and bytes; layers that are alike are shown once ("0–11"). Nodes are {name=, parameters=, bytes=,
-- count=, children={…}} and, at the leaves, shape and dtype. It knows no family.

local class = require "moonlet.class"
local text = require "moonlet.text"
local units = require "moonlet.units"

---@class Layers
---@field name string
---@field parameters integer
---@field bytes integer
---@field children table[] name parameters bytes count shape dtype children
local meta, Layers = class("Layers")
local layers = {}

local WIDTH = { f64 = 8, i64 = 8, f32 = 4, i32 = 4, bf16 = 2, f16 = 2 }

local function insert(node, parts, at, leaf)
    local name = parts[at]
    local child = node.by_name[name]
    if not child then
        child = { name = name, by_name = {}, children = {} }
        node.by_name[name] = child
        table.insert(node.children, child)
    end
    if at == #parts then
        child.shape, child.dtype = leaf.shape, leaf.dtype
        child.parameters = 1
        for _, size in ipairs(leaf.shape) do child.parameters = child.parameters * size end
        child.bytes = leaf.bytes or child.parameters * (WIDTH[leaf.dtype] or 1)
    else
        insert(child, parts, at + 1, leaf)
    end
end

-- Adds up, joins chains of only children ("model.layers"), and folds neighbours that are alike.
local function settle(node, is_root)
    node.by_name, node.count = nil, 1
    if node.shape then
        node.alike = table.concat(node.shape, "x") .. node.dtype
        return
    end
    node.parameters, node.bytes = 0, 0
    local kept, marks = {}, {}
    for i, child in ipairs(node.children) do
        local part = child.name
        settle(child)
        node.parameters = node.parameters + child.parameters
        node.bytes = node.bytes + child.bytes
        local number, last = part:match("^%d+$"), kept[#kept]
        marks[i] = (number and "#" or part) .. "{" .. child.alike .. "}"
        if number and last and last.from and last.alike == child.alike then
            last.count, last.to = last.count + 1, number
            last.parameters = last.parameters + child.parameters
            last.bytes = last.bytes + child.bytes
        else
            child.from, child.rest = number, child.name:sub(#part + 1)
            kept[#kept + 1] = child
        end
    end
    for _, child in ipairs(kept) do
        if child.to then child.name = child.from .. "–" .. child.to .. child.rest end
    end
    node.children, node.alike = kept, table.concat(marks, ",")
    if #kept == 1 and not is_root then
        local only = kept[1]
        node.name, node.count = node.name .. "." .. only.name, only.count
        node.children, node.shape, node.dtype = only.children, only.shape, only.dtype
    end
end

--- From rows {name=, shape={…}, dtype=, bytes=} in the checkpoint's order; without bytes they are
--- counted from shape and dtype.
function layers.new(title, rows)
    local root = { name = title, by_name = {}, children = {} }
    for _, row in ipairs(rows) do
        local parts = {}
        for part in row.name:gmatch("[^.]+") do parts[#parts + 1] = part end
        insert(root, parts, 1, row)
    end
    settle(root, true)
    return setmetatable(root, meta)
end

local function plain(node)
    local children = {}
    for i, child in ipairs(node.children or {}) do children[i] = plain(child) end
    return { name = node.name, parameters = node.parameters, bytes = node.bytes,
        count = node.count, shape = node.shape, dtype = node.dtype,
        children = not node.shape and children or nil }
end

--- The tree as plain tables.
---@return table
--- Example: m:layers():table().parameters
function Layers:table() return plain(self) end

local function collect(node, lead, rows)
    local unicode = text.unicode()
    for i, child in ipairs(node.children) do
        local last = i == #node.children
        local branch = unicode and (last and "└ " or "├ ") or (last and "` " or "| ")
        local name = child.name:gsub("–", unicode and "–" or "-")
        if child.count > 1 then
            name = name .. (unicode and " × " or " x ") .. child.count
        end
        rows[#rows + 1] = { lead .. branch .. name,
            child.shape and "[" .. table.concat(child.shape, ", ") .. "]" or "",
            child.dtype or "", units.count(child.parameters), units.bytes(child.bytes) }
        if not child.shape then
            collect(child, lead .. (last and "  " or unicode and "│ " or "| "), rows)
        end
    end
end

function meta.__tostring(self)
    local rows = { { self.name, "shape", "dtype", "params", "bytes" } }
    collect(self, "", rows)
    rows[#rows + 1] = { "in all", "", "", units.count(self.parameters), units.bytes(self.bytes) }
    local widths = {}
    for _, row in ipairs(rows) do
        for i, part in ipairs(row) do widths[i] = math.max(widths[i] or 0, text.width(part)) end
    end
    for n, row in ipairs(rows) do
        for i, part in ipairs(row) do row[i] = text.pad(part, widths[i], i > 3) end
        rows[n] = (table.concat(row, "  "):gsub("%s+$", ""))
    end
    return table.concat(rows, "\n")
end

local _, Model = class("Model")

--- The model's tensors as a tree, with shapes and bytes; layers that are alike are folded. A tied
--- head has no tensor of its own.
---@return Layers
--- Example: m:layers()
function Model:layers()
    local rows = {}
    for i, entry in ipairs(self:parameters()) do
        rows[i] = { name = entry.name, shape = entry.tensor.shape, dtype = entry.tensor.dtype }
    end
    return layers.new(self.name, rows)
end

return layers
