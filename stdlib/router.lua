-- SPDX-License-Identifier: Apache-2.0
-- What m:router(text) gives: where a mixture of experts sends each token, layer by layer. Rows are
-- layers: {experts = {{number, …} per token}, weights = {{…} per token}}, experts numbered from 0
-- as in the checkpoint, the most wanted first. Prints the experts of each token and how much each
-- expert is used. It computes nothing but shares.

local bars = require "moonlet.bars"
local class = require "moonlet.class"
local pieces = require "moonlet.pieces"
local session = require "moonlet.session"
local text = require "moonlet.text"

---@class Router
---@field [integer] {experts: integer[][], weights: number[][]}
---@field tokens string[]
local meta, Router = class("Router")

local _, Model = class("Model")

--- Where the router sends each token of a text, in every layer that has experts.
---@param prompt string|integer[]
---@return Router
function Model:router(prompt)
    local found = require("moonlet_engine").functions["_models.routes"](self, prompt)
    local self_ = { tokens = {} }
    for i, layer in ipairs(found) do
        self_[i] = { experts = layer.experts:table(), weights = layer.weights:table() }
    end
    if type(prompt) == "string" then
        for i, row in ipairs(pieces.new(self.tokenizer, prompt)) do
            self_.tokens[i] = text.quote(row.text):sub(2, -2)
        end
    else
        for i, id in ipairs(prompt) do self_.tokens[i] = tostring(id) end
    end
    return setmetatable(self_, meta)
end

--- How much of all weight each expert got in one layer (default: all layers), the most used first.
---@param layer? integer
---@return table[] rows {expert=, share=}
function Router:shares(layer)
    local sums, total = {}, 0
    for i, each in ipairs(self) do
        if not layer or layer == i then
            for t, chosen in ipairs(each.experts) do
                for k, expert in ipairs(chosen) do
                    sums[expert] = (sums[expert] or 0) + each.weights[t][k]
                    total = total + each.weights[t][k]
                end
            end
        end
    end
    local rows = {}
    for expert, sum in pairs(sums) do rows[#rows + 1] = { expert = expert, share = sum / total } end
    table.sort(rows, function(a, b)
        if a.share ~= b.share then return a.share > b.share end
        return a.expert < b.expert
    end)
    return rows
end

function meta.__tostring(self)
    local lines = { ("%d tokens, %d layers: experts of each token (weight in per cent)"):format(
        #self.tokens, #self) }
    local label = 4
    for _, token in ipairs(self.tokens) do
        label = math.max(label, math.min(14, text.width(token)))
    end
    for t, token in ipairs(self.tokens) do
        local cells = {}
        for i, layer in ipairs(self) do
            local parts = {}
            for k, expert in ipairs(layer.experts[t]) do
                parts[k] = ("%d·%.0f"):format(expert, 100 * layer.weights[t][k])
            end
            cells[i] = ("%d: %s"):format(i, table.concat(parts, " "))
        end
        local line = text.pad(text.cut(token, label), label) .. "  " .. table.concat(cells, "  ")
        lines[#lines + 1] = text.cut(line, session.width)
    end
    local rows = {}
    for i, row in ipairs(self:shares()) do
        if i > 12 then break end
        rows[i] = { cells = { "expert " .. row.expert, ("%.1f%%"):format(100 * row.share) },
            value = row.share }
    end
    lines[#lines + 1] = bars.table(rows, { right = { [2] = true }, scale = rows[1].value })
    return table.concat(lines, "\n")
end
