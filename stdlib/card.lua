-- SPDX-License-Identifier: Apache-2.0
-- What m:card() gives: everything that one asks about a model first, in a few lines: family, size,
-- shape, vocabulary, context, what ends an answer, how it decodes, licence, where it is from. Rows
-- are {name, text}. It computes nothing.

local class = require "moonlet.class"
local pulled = require "moonlet.hub_pulled"
local text = require "moonlet.text"
local units = require "moonlet.units"

---@class ModelCard
---@field [integer] string[] {name, text}
local meta, ModelCard = class("ModelCard")

-- What the front matter of the folder's README says, read as for what models.pull gives.
local function licence(folder)
    local file = folder ~= "" and io.open(folder .. "/README.md")
    if not file then return nil end
    local readme = file:read(65536)
    file:close()
    return pulled.card_licence(readme)
end

local function shape(sizes, config)
    local heads = config.num_attention_heads or config.n_head or config.n_heads
    local parts = { ("%d layers"):format(sizes.num_hidden_layers),
        ("hidden %d"):format(sizes.hidden_size) }
    if type(heads) == "number" then
        parts[#parts + 1] = sizes.num_key_value_heads > 0 and sizes.num_key_value_heads ~= heads
            and ("%d heads over %d key/value heads of %d"):format(heads, sizes.num_key_value_heads,
                sizes.head_dim)
            or sizes.head_dim > 0 and ("%d heads of %d"):format(heads, sizes.head_dim)
            or ("%d heads"):format(heads)
    end
    local experts = config.num_local_experts or config.num_experts
    if type(experts) == "number" then
        parts[#parts + 1] = ("%d experts, %s a token"):format(experts,
            tostring(config.num_experts_per_tok or config.experts_per_token or "?"))
    end
    return table.concat(parts, ", ")
end

local function decoding(config)
    local parts = {}
    for _, name in ipairs { "temperature", "top_p", "top_k", "min_p", "repetition_penalty" } do
        if type(config[name]) == "number" then
            parts[#parts + 1] = ("%s %g"):format(name, config[name])
        end
    end
    if not config.do_sample then return "greedy" end
    return "samples" .. (#parts > 0 and ": " .. table.concat(parts, ", ") or "")
end

local function ends(sizes, tokenizer)
    local parts = {}
    for i, id in ipairs(sizes.eos_token_ids) do
        local known = tokenizer and id < #tokenizer
        parts[i] = (known and tokenizer:tokens({ id })[1] .. " " or "") .. ("(%d)"):format(id)
    end
    return #parts > 0 and table.concat(parts, ", ") or "nothing: it writes on"
end

local _, Model = class("Model")

--- What one asks about a model first: family, size, shape, vocabulary, context, decoding, licence.
---@return ModelCard
--- Example: m:card()
function Model:card()
    local sizes = require("moonlet_engine").functions["_models.sizes"](self)
    local config, tokenizer = self.config, self.tokenizer
    local dtype = tostring(self):match(" params · (.-) · ") or ""
    local rows = {
        { "family", sizes.family .. (sizes.causal and ", writes text" or ", an encoder") },
        { "parameters", ("%s · %s · %s"):format(units.count(sizes.parameters), dtype,
            units.bytes(sizes.weight_bytes)) },
        { "shape", shape(sizes, config) },
        { "vocabulary", ("%d"):format(sizes.vocab_size)
            .. (tokenizer and " · " .. tostring(tokenizer):gsub("^tokenizer%s+", "") or "") },
        { "context", sizes.context > 0 and ("%d tokens"):format(sizes.context) or "no limit" },
    }
    local function add(name, value) rows[#rows + 1] = { name, value } end
    if sizes.causal then
        add("ends at", ends(sizes, tokenizer))
        add("decoding", decoding(self.generation_config or {}))
        add("chat template", sizes.chat_template and "yes"
            .. (self.tool_format ~= "" and ", tool calls as " .. self.tool_format or "") or "no")
    else
        add("embeds", ("%d numbers, pooled by %s%s"):format(sizes.hidden_size, sizes.pooling,
            sizes.normalize and ", of length 1" or ""))
    end
    if self.labels then add("labels", table.concat(self.labels, ", ")) end
    if sizes.overlay ~= "" then add("over it", sizes.overlay) end
    add("device", sizes.device .. (sizes.device_reason ~= "" and " (" .. sizes.device_reason .. ")"
        or ""))
    local terms = licence(self.folder)
    if terms then add("licence", terms) end
    if self.folder ~= "" then add("from", self.folder) end
    return setmetatable({ name = self.name, unpack(rows) }, meta)
end

--- The rows as plain tables.
---@return string[][] rows {name, text}
--- Example: m:card():table()[1][2]
function ModelCard:table()
    local rows = {}
    for i, row in ipairs(self) do rows[i] = { row[1], row[2] } end
    return rows
end

function meta.__tostring(self)
    local lines = { self.name }
    for _, row in ipairs(self) do
        lines[#lines + 1] = "  " .. text.pad(row[1], 15) .. row[2]
    end
    return table.concat(lines, "\n")
end
