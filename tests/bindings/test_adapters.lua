-- SPDX-License-Identifier: Apache-2.0
-- Adapters from Lua: training one, listing, switching, merging, saving in PEFT's layout and opening
-- it again. Models are tiny and random.
local t = require "spec"
if not pcall(require, "moonlet") then -- plain LuaJIT
    t.test("adapters", function() t.skip "not run by moonlet" end)
    t.done()
end
local moonlet = require "moonlet"
if not moonlet.models.new then
    t.test("adapters", function() t.skip "no engine in this build" end)
    t.done()
end

local scratch = os.tmpname()
os.remove(scratch)
assert(os.execute("mkdir -p '" .. scratch .. "'"))
local function path(name) return scratch .. "/" .. name end

local IDS = { 3, 1, 4, 1, 5, 9, 2, 6 }
local base_folder = path "base"
moonlet.models.new { family = "llama", seed = 5, vocab_size = 64, hidden_size = 32,
    intermediate_size = 48, num_hidden_layers = 2, num_attention_heads = 4,
    num_key_value_heads = 2, max_position_embeddings = 64 }:save(base_folder)

local function logits(model) return model:logits(IDS):table() end
local function gap(a, b)
    local most = 0
    for i, row in ipairs(a) do
        for j, x in ipairs(row) do most = math.max(most, math.abs(x - b[i][j])) end
    end
    return most
end

local function trained(model, seed, more)
    local opts = { model = model, data = { { input_ids = IDS }, { input_ids = { 7, 8, 9 } } },
        tune = "lora", rank = 4, alpha = 8, lr = 0.05, warmup_ratio = 0, max_steps = 3,
        seed = seed }
    for key, value in pairs(more or {}) do opts[key] = value end
    local trainer = moonlet.trainers.cpt(opts)
    trainer:run()
    return trainer.model
end

t.test("training makes a model with an adapter and leaves the given one", function()
    local m = moonlet.models.load(base_folder)
    local before = logits(m)
    local tuned = trained(m, 1)
    t.eq(gap(logits(m), before), 0)
    t.ok(gap(logits(tuned), before) > 1e-3)
    t.eq(#m:adapters(), 0)
    t.eq(tostring(m:adapters()), "no adapters")
    local list = tuned:adapters()
    t.eq(#list, 1)
    t.eq({ list[1].name, list[1].rank, list[1].alpha, list[1].active }, { "lora", 4, 8, true })
    t.match(tostring(list), "%* +lora +4 +8 ")
    t.match(tostring(tuned), "adapter lora")
    t.eq(tuned.name, "base+lora")
    t.eq(getmetatable(list:table()), nil)
end)

t.test("saved in PEFT's layout and opened again it is the same", function()
    local m = moonlet.models.load(base_folder)
    local tuned = trained(m, 1, { targets = { "q_proj", "v_proj" }, rslora = true })
    tuned:save(path "reviews")
    local config = moonlet.json.decode(io.open(path "reviews/adapter_config.json"):read "*a")
    t.eq(config.peft_type, "LORA")
    t.eq(config.target_modules, { "q_proj", "v_proj" })
    t.eq({ config.r, config.lora_alpha, config.use_rslora }, { 4, 8, true })
    local opened = moonlet.models.load(path "reviews") -- finds its base
    t.eq(opened.name, "reviews")
    t.eq(gap(logits(opened), logits(tuned)), 0)
    local other = moonlet.models.load(path "reviews", { base = base_folder })
    t.eq(gap(logits(other), logits(tuned)), 0)
    m:load_adapter(path "reviews/")
    t.eq(m:adapters()[1].name, "reviews")
    t.eq(gap(logits(m), logits(tuned)), 0)
end)

t.test("several: switched, summed, weighted, off", function()
    local m = moonlet.models.load(base_folder)
    local plain = logits(m)
    local one, two = trained(m, 1), trained(m, 2)
    one:save(path "one")
    two:save(path "two")
    m:load_adapter(path "one")
    m:load_adapter(path "two", { use = false })
    t.eq(gap(logits(m), logits(one)), 0)
    t.eq(gap(logits(m:use "two"), logits(two)), 0)
    local both = logits(m:use { "one", "two" })
    t.ok(gap(both, logits(one)) > 1e-4 and gap(both, logits(two)) > 1e-4)
    t.eq(gap(logits(m:use { one = 1, two = 1 }), both), 0)
    t.ok(gap(logits(m:use { one = 0.5 }), logits(one)) > 1e-4)
    t.eq(gap(logits(m:use(false)), plain), 0)
    m:remove_adapter "one"
    t.error(function() m:use "one" end, '"two"')
    t.error(function() m:use { "two", "none" } end, "none")
    t.error(function() m:use { [{}] = 1 } end, "names")
end)

t.test("merged is the adapter, saved whole too, and can be taken back", function()
    local m = moonlet.models.load(base_folder)
    local plain = logits(m)
    trained(m, 1):save(path "fold")
    m:load_adapter(path "fold")
    local on = logits(m)
    m:save(path "whole", { merged = true })
    t.eq(gap(logits(m), on), 0)
    t.ok(gap(logits(moonlet.models.load(path "whole")), on) <= 1e-4)
    t.ok(gap(logits(m:merge()), on) <= 1e-4)
    t.match(tostring(m), "merged fold")
    t.error(function() m:use "fold" end, "merged")
    t.eq(gap(logits(m:unmerge()), plain), 0)
    t.eq(gap(logits(m:use "fold"), on), 0)
end)

t.test("errors name what is there", function()
    local m = moonlet.models.load(base_folder)
    t.error(function() m:merge() end, "no adapters")
    t.error(function() m:load_adapter(base_folder) end, "no adapter")
    t.error(function() m:load_adapter(path "nothing") end, "no adapter")
    t.error(function() moonlet.models.load(base_folder, { base = base_folder }) end, "adapter")
    local tuned = trained(m, 1)
    t.error(function() tuned:save(base_folder) end, "holds a model")
    tuned:save(path "own")
    t.error(function() m:save(path "own") end, "holds an adapter")
    t.error(function() tuned:save(path "x", { adapter = "y" }) end, '"lora"')
    t.error(function() tuned:save(path "x", { merge = true }) end, "merged")
    local config = path "own/adapter_config.json"
    local text = io.open(config):read "*a"
    local file = io.open(config, "w")
    file:write((text:gsub('"use_dora": false', '"use_dora": true')))
    file:close()
    t.error(function() m:load_adapter(path "own") end, "use_dora")
    t.error(function() trained(m, 1, { targets = { "q_prjo" } }) end, "q_proj")
    t.error(function() trained(m, 1, { rank = 0 }) end, "rank")
end)

os.execute("rm -rf '" .. scratch .. "'")
t.done()
