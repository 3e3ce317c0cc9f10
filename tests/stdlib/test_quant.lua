-- SPDX-License-Identifier: Apache-2.0
-- models.load{quant=}: quantised models write, tell what they cost, are saved and trained beside.
local t = require "spec"
if not pcall(require, "moonlet") then -- plain LuaJIT
    t.test("quant", function() t.skip "not run by moonlet" end)
    t.done()
end
local moonlet = require "moonlet"
if not moonlet.models.new then
    t.test("quant", function() t.skip "no engine in this build" end)
    t.done()
end
local models = moonlet.models

local folder = os.tmpname()
os.remove(folder)
assert(os.execute("mkdir -p " .. folder))

t.test("a model is quantised while it is loaded", function()
    local plain = models.load "demo"
    for _, case in ipairs { { "int8", 8.5, 0.01, 1.02 }, { "int4", 4.5, 0.1, 1.15 },
        { "nf4", 4.25, 0.1, 1.15 } } do
        local kind, bits, divergence, perplexity = unpack(case)
        local m = models.load("demo", { quant = kind })
        t.match(tostring(m), kind .. " %(bf16%)")
        t.ok(#m:generate("Once upon a time", { max_tokens = 8 }).text > 0)
        local report = m:quant_report()
        t.eq(report.kind, kind)
        t.ok(math.abs(report.bits - bits) < 0.1, report.bits)
        t.ok(report.divergence >= 0 and report.divergence <= divergence, report.divergence)
        t.ok(report.perplexity < perplexity * report.reference_perplexity, report.perplexity)
        t.ok(report.bytes < report.reference_bytes / 1.8)
        t.ok(report.tokens > 100)
        t.match(tostring(report), "saved")
        t.eq(report:table().kind, kind)
        m:release()
    end
    t.error(function() plain:quant_report() end, "no weight of this model is quantised")
end)

t.test("larger groups are smaller and coarser", function()
    local fine = models.load("demo", { quant = "int4", group_size = 32 }):quant_report()
    local coarse = models.load("demo", { quant = "int4", group_size = 128 }):quant_report()
    t.ok(coarse.bytes < fine.bytes and coarse.divergence > fine.divergence)
end)

t.test("an encoder's report is about its embeddings", function()
    local ok, m = pcall(models.load, "minilm", { quant = "int8" })
    if not ok then t.skip "no minilm" end
    t.ok(m:quant_report().cosine > 0.995)
    t.ok(models.load("minilm", { quant = "int4" }):quant_report().cosine > 0.95)
end)

t.test("GGUF files stay quantised, and say what rounding costs", function()
    local demo = models.load "demo"
    local path = folder .. "/demo-q8_0.gguf"
    demo:save(path, { type = "q8_0" })
    local m = models.load(path)
    t.match(tostring(m), "q8_0 %(bf16%)")
    t.ok(m:quant_report().divergence < 0.01)
    t.ok(m:quant_report { reference = demo, texts = "Once upon a time there was a fox." }
        .divergence < 0.01)
    t.match(tostring(models.load(path, { quant = "none", dtype = "f32" })), "f32")
    t.ok(m:memory { ctx = 64 }[1].bytes < demo:memory { ctx = 64 }[1].bytes * 0.6)
end)

t.test("what is saved is what is computed", function()
    local m = models.load("demo", { quant = "int4", dtype = "f32" })
    m:save(folder .. "/saved")
    local again = models.load(folder .. "/saved")
    local ids = m.tokenizer:encode "Once upon a time"
    local a, b = m:logits(ids):table(), again:logits(ids):table()
    local worst = 0
    for i, row in ipairs(a) do
        for j, x in ipairs(row) do worst = math.max(worst, math.abs(x - b[i][j])) end
    end
    -- The tied head is packed and the table it is tied to is not: the file has the table's numbers.
    t.ok(worst < 3, worst)
    t.eq(again:generate("Once upon", { max_tokens = 4 }).finish_reason, "length")
end)

t.test("adapters are trained beside quantised weights, the weights are not", function()
    local m = models.load("demo", { quant = "nf4" })
    local rows = {}
    for i = 1, 8 do rows[i] = { text = "The moon has " .. i .. " moons of its own." } end
    t.error(function() moonlet.trainers.cpt { model = m, data = rows, tune = "full" } end,
        "nf4 weights; wanted tune = \"lora\"")
    local trainer = moonlet.trainers.cpt { model = m, data = rows, tune = "lora", lr = 5e-3,
        max_steps = 8, batch_size = 4, seed = 1 }
    trainer:run()
    t.ok(trainer.history[8].loss < trainer.history[1].loss)
    t.match(tostring(trainer.model), "nf4")
end)

t.test("options that are wrong say what is right", function()
    t.error(function() models.load("demo", { quant = "int5" }) end, "int4")
    t.error(function() models.load("demo", { quant = "int4", group_size = 7 }) end, "32, 64 or 128")
    t.error(function() models.load("demo", { group_size = 32 }) end, "without quant")
    t.error(function() models.load("demo", { quant = "int8" }):quant_report { texts = {} } end,
        "no texts")
end)

os.execute("rm -rf " .. folder)
t.done()
