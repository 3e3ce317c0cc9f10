-- SPDX-License-Identifier: Apache-2.0
-- Looking into a model: layers as a tree, memory, card, attention, states, routes.
local t = require "spec"
local session = require "moonlet.session"
local text = require "moonlet.text"
require "moonlet"
if not rawget(require "moonlet.names", "models.new") then
    t.test("inspection", function() t.skip "this build has no engine" end)
    return t.done()
end

local m = models.new { family = "llama", hidden_size = 32, intermediate_size = 48,
    num_hidden_layers = 3, num_attention_heads = 4, num_key_value_heads = 2, vocab_size = 300,
    max_position_embeddings = 64, tie_word_embeddings = false, seed = 1,
    tokenizer = tokenizers.train { texts = { "once upon a time" }, vocab_size = 270 } }

t.test("layers add up to the model and fold what is alike", function()
    local tree = m:layers():table()
    local parameters, bytes = 0, 0
    for _, entry in ipairs(m:parameters()) do
        local count = 1
        for _, size in ipairs(entry.tensor.shape) do count = count * size end
        parameters, bytes = parameters + count, bytes + 4 * count
    end
    t.eq(tree.parameters, parameters)
    t.eq(tree.bytes, bytes)
    session.unicode = true
    local shown = tostring(m:layers())
    session.unicode = nil
    t.ok(shown:find("layers.0–2 × 3", 1, true), shown)
    t.ok(shown:find("[300, 32]", 1, true), shown)
    t.ok(shown:find("lm_head", 1, true), shown)
end)

t.test("a layer that differs stands alone", function()
    local layers = require "moonlet.layers"
    local rows = {}
    for i, width in ipairs { 4, 4, 8, 4 } do
        rows[i] = { name = ("h.%d.w"):format(i - 1), shape = { width, 2 }, dtype = "bf16" }
    end
    local tree = layers.new("x", rows):table()
    t.eq(tree.bytes, 2 * 2 * 20)
    local names = {}
    for i, child in ipairs(tree.children[1].children) do names[i] = child.name end
    t.eq(names, { "0–1.w", "2.w", "3.w" })
end)

t.test("memory is weights and cache to the byte", function()
    local parts = m:memory { ctx = 10, batch = 3 }
    t.eq(parts:table()[1].bytes, m:layers().bytes)
    t.eq(parts:table()[2].bytes, 2 * 3 * 2 * 8 * 4 * 10 * 3) -- k and v, layers, heads, width, f32
    t.eq(parts.total, parts[1].bytes + parts[2].bytes)
    t.eq(m:memory().total, m:memory { ctx = 64 }.total)
    t.error(function() m:memory { ctx = 65 } end, "at most 64")
    t.error(function() m:memory { ctx = 0 } end, "at least 1")
end)

t.test("attention looks back only and adds up to one", function()
    local a = m:attention("once upon a time", 2, 3)
    t.eq(a.weights.shape, { #a.tokens, #a.tokens })
    for i, row in ipairs(a:table()) do
        local sum = 0
        for k, weight in ipairs(row) do
            sum = sum + weight
            if k > i then t.eq(weight, 0) end
        end
        t.near(sum, 1, 1e-5)
    end
    local mean, all = m:attention({ 1, 2, 3 }, 1):table(), 0
    for head = 1, 4 do all = all + m:attention({ 1, 2, 3 }, 1, head):table()[3][2] end
    t.near(mean[3][2], all / 4, 1e-6)
    t.error(function() m:attention("once", 4) end, "layer 4; wanted 1 to 3")
    t.error(function() m:attention("once", 1, 5) end, "head 5; wanted 1 to 4")
end)

t.test("an attention map fits the terminal", function()
    session.unicode, session.width = true, 40
    local ids = {}
    for i = 1, 60 do ids[i] = i end
    for line in tostring(m:attention(ids, 1, 1)):gmatch("[^\n]+") do
        t.ok(text.width(line) <= 60, line)
    end
    session.unicode, session.width = nil, 80
end)

t.test("states of every layer", function()
    local all = m:hidden { 5, 6, 7 }
    t.eq(all.shape, { 4, 3, 32 })
    t.eq(m:hidden({ 5, 6, 7 }, { layer = 0 }):table(), all[1]:table())
    t.error(function() m:hidden({ 5 }, { layer = 4 }) end, "0 to 3")
    t.error(function() m:hidden {} end, "no token ids")
end)

t.test("a model without experts has no router, and says which have one", function()
    t.error(function() m:router "once" end, "mixture of experts")
end)

t.test("the card answers what one asks first", function()
    local card = tostring(m:card())
    for _, part in ipairs { "llama", "3 layers, hidden 32, 4 heads over 2 key/value heads of 8",
        "64 tokens", "greedy", "chat template  no" } do
        t.ok(card:find(part, 1, true), card)
    end
end)

t.done()
