-- SPDX-License-Identifier: Apache-2.0
-- What m:attention(text, layer, head) gives: how much each token looks at each other one, printed
-- as a map with a row for every token. `weights` is the Tensor [tokens, tokens], rows sum to 1
-- (less where a family has attention sinks), `tokens` the pieces. It computes nothing.

local class = require "moonlet.class"
local pieces = require "moonlet.pieces"
local session = require "moonlet.session"
local text = require "moonlet.text"

---@class Attention
---@field layer integer
---@field head? integer nil: the mean over the heads
---@field heads integer
---@field tokens string[]
---@field weights Tensor
local meta, Attention = class("Attention")

local LABEL, ROWS = 14, 48 -- columns of a label; rows shown at most
local SHADES = { unicode = { " ", "░", "▒", "▓", "█" }, ascii = { " ", ".", ":", "+", "#" } }

-- Most weights are small: their square root is drawn, so that differences are seen.
local function mark(weight, shades)
    local level = math.floor(math.sqrt(math.max(0, math.min(1, weight))) * #shades)
    return shades[math.min(#shades, level + 1)]:rep(2)
end

local function coloured(weight)
    local grey = 232 + math.floor(math.sqrt(math.max(0, math.min(1, weight))) * 23 + 0.5)
    return ("\27[48;5;%dm  \27[0m"):format(grey)
end

local function draw(self, colour)
    local weights, shades = self.weights:table(), SHADES[text.unicode() and "unicode" or "ascii"]
    local room = math.max(1, math.floor((session.width - LABEL - 6) / 2))
    local columns, rows = math.min(#self.tokens, room), math.min(#self.tokens, ROWS)
    local lines = { ("layer %d, %s: each row says where that token looks"):format(self.layer,
        self.head and ("head %d of %d"):format(self.head, self.heads)
        or ("mean of %d heads"):format(self.heads)) }
    local numbers = {}
    for k = 1, columns do numbers[k] = ("%2d"):format(k % 100) end
    lines[2] = (" "):rep(LABEL + 5) .. table.concat(numbers)
    for i = 1, rows do
        local cells = {}
        for k = 1, columns do
            cells[k] = colour and coloured(weights[i][k]) or mark(weights[i][k], shades)
        end
        lines[#lines + 1] = ("%3d  %s%s"):format(i, text.pad(text.cut(self.tokens[i], LABEL - 1),
            LABEL), table.concat(cells))
    end
    if #self.tokens > math.min(columns, rows) then
        lines[#lines + 1] = ("%d tokens; %d rows and %d columns shown"):format(#self.tokens, rows,
            columns)
    end
    return (table.concat(lines, "\n"):gsub("[ ]+\n", "\n"):gsub("[ ]+$", ""))
end

function meta.__tostring(self) return draw(self, false) end
function meta.__display(self) return draw(self, session.color) end

--- The weights as nested tables, [row][column].
---@return number[][]
--- Example: m:attention("Once upon a time", 1, 1):table()[1][1]
function Attention:table() return self.weights:table() end

local function whole(value, what, most)
    if type(value) ~= "number" or value % 1 ~= 0 or value < 1 or value > most then
        error(("m:attention: %s %s; wanted %s"):format(what, tostring(value),
            most < math.huge and "1 to " .. most or "a whole number from 1"), 3)
    end
end

local _, Model = class("Model")

--- What a head looks at while the model reads a text: each token's weights over the others. Without
--- a head the mean over all of them, without a layer the last.
---@param prompt string|integer[]
---@param layer? integer
---@param head? integer
---@return Attention
--- Example: m:attention("Once upon a time", 1, 2)
function Model:attention(prompt, layer, head)
    local functions = require("moonlet_engine").functions
    local count = functions["_models.sizes"](self).num_hidden_layers
    layer = layer or count
    whole(layer, "layer", math.max(1, count))
    if head ~= nil then whole(head, "head", math.huge) end
    local found = functions["_models.attention"](self, prompt, layer, head or 0)
    local tokens = {}
    if type(prompt) == "string" then
        for i, row in ipairs(pieces.new(self.tokenizer, prompt)) do
            tokens[i] = text.quote(row.text):sub(2, -2)
        end
    else
        for i, id in ipairs(prompt) do tokens[i] = tostring(id) end
    end
    return setmetatable({ layer = layer, head = head, heads = found.heads, tokens = tokens,
        weights = found.weights }, meta)
end
