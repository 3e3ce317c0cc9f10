-- SPDX-License-Identifier: Apache-2.0
-- Every example runs to its end; the demo training runs for a few steps and its model opens. The
-- tour has a test of its own in CI. Also: the generated dialogues are what they claim to be.
local t = require "spec"

local binary = arg and arg[-1] or "moonlet"

local function exists(path)
    local file = io.open(path, "rb")
    if file then file:close() end
    return file ~= nil
end

-- Runs an example and returns what it printed.
local function run(name, arguments)
    local log = os.tmpname()
    local ok = os.execute(("MOONLET_HOME='%s' '%s' '%s' %s >'%s' 2>&1"):format(t.root, binary,
        t.path("examples/" .. name), arguments or "", log))
    local output = t.read(log)
    os.remove(log)
    t.ok(ok == true or ok == 0, name .. " failed:\n" .. output)
    return output
end

local function needs(name)
    local ok, moonlet = pcall(require, "moonlet")
    if not ok then t.skip "not run by moonlet" end
    if name ~= "stdlib" and not moonlet.models.new then t.skip "no engine in this build" end
    if name == "demo" and not exists(t.path "examples/models/demo/config.json") then
        t.skip "no examples/models/demo yet (examples/train_demo.lua makes it)"
    end
    if name == "minilm" and not exists(t.path ".deps/minilm/config.json") then
        t.skip "no .deps/minilm (scripts/setup brings it)"
    end
end

t.test("scripted_chat.lua", function()
    needs "stdlib"
    local output = run "scripted_chat.lua"
    t.match(output, "the second call failed %(connection lost%)")
    t.match(output, "messages: 5 here, 7 in the fork")
end)

t.test("train_demo.lua --quick trains, saves and measures", function()
    needs()
    local out = os.tmpname()
    os.remove(out)
    local output = run("train_demo.lua", "--quick --out '" .. out .. "'")
    t.match(output, "step 3/3   loss %d")
    t.ok(exists(out .. "/model.safetensors"), "no weights")
    t.match(t.read(out .. "/README.md"), "last answers exactly right")
    t.match(t.read(out .. "/generation_config.json"), '"eos_token_id":%s*%[2,%s*0%]')
    os.execute("rm -r '" .. out .. "'")
end)

t.test("sft_lora.lua", function()
    needs "demo"
    local output = run("sft_lora.lua", "3")
    t.match(output, "full +%d+ +%d+ MB")
    t.match(output, "LoRA trained [%d.]+%% of the numbers")
end)

t.test("datasets.lua", function()
    needs "stdlib"
    local output = run "datasets.lua"
    t.match(output, "false\tquestions.jsonl:44: the row is not JSON")
    t.match(output, "another answer to the question of row 3")
    t.match(output, "40 rows: 32 to train on, 4 and 4")
end)

t.test("tokens.lua", function()
    needs "demo"
    t.match(run "tokens.lua", "Korean costs [%d.]+ times")
end)

t.test("attention.lua", function()
    needs "demo"
    local output = run "attention.lua"
    t.match(output, "before: layer %d head %d, [01]%.%d%d of its weight; induction: layer %d")
    t.match(output, "surprise per token: %d+%.%d%d the first time, %d+%.%d%d the third")
end)

t.test("sampling.lua", function()
    needs "demo"
    t.match(run "sampling.lua", "temperature 1.5: %d+ different beginnings")
end)

t.test("lora.lua", function()
    needs "demo"
    t.match(run("lora.lua", "2"), "merged differs from the adapter by %d")
end)

t.test("few_shot.lua", function()
    needs "demo"
    local output = run("few_shot.lua", "3")
    t.match(output, "\n    4      [01]%.%d%d  %[")
    t.match(output, "counting by two  [+-]%d%.%d%d  %[.*p=%d")
end)

t.test("tldr.lua", function()
    needs "demo"
    local output = run("tldr.lua", "2")
    t.match(output, "hint TL;DR:      F1 %d%.%d+  %[")
    t.match(output, "hint Moral: against no hint: [+-]%d")
end)

t.test("embeddings.lua", function()
    needs "minilm"
    t.match(run "embeddings.lua", "farthest from the others")
end)

t.test("retrieval.lua", function()
    needs()
    local output = run "retrieval.lua"
    t.match(output, "bm25 +the right page is first for [4-8], among three for [6-8] of 8")
    t.match(output, "verified %d+%-%d+  ")
    t.match(output, "fabricated")
end)

t.test("train_demo_tools.lua --quick trains further and measures the skills", function()
    needs "demo"
    local out = os.tmpname()
    os.remove(out)
    local output = run("train_demo_tools.lua", "--quick --out '" .. out .. "'")
    t.match(output, "step 2/2   loss %d")
    t.match(output, "earlier dialogues%s+%d+ of %d+")
    t.ok(exists(out .. "/model.safetensors"), "no weights")
    t.match(t.read(out .. "/README.md"), "## Trained further.-## What it cannot do")
    os.execute("rm -r '" .. out .. "'")
end)

t.test("embeddings_map.lua", function()
    needs "minilm"
    t.match(run "embeddings_map.lua", "purity [%d.]+.-AUROC [%d.]+")
end)

t.test("reviews_head.lua", function()
    needs "demo"
    t.match(run "reviews_head.lua", "right beyond word pairs: [+-][%d.]+ points")
end)

t.test("reviews_ngrams.lua", function()
    needs()
    t.match(run "reviews_ngrams.lua", "right beyond TF%-IDF of words: [+-][%d.]+ points")
end)

t.test("hallucination.lua", function()
    needs "demo"
    t.match(run "hallucination.lua", "with passages, quotes checked%s+%d+%s+%d+%s+%d+")
end)

local function rows_of(name, opts)
    local list = {}
    for row in dofile(t.path("examples/data/" .. name .. ".lua")).rows(opts) do
        list[#list + 1] = row
    end
    return list
end

t.test("passages: what is quoted stands in the passage of its number; a seed is a seed", function()
    local documents = { "A cat sat. The cat saw a very red bird in the old tree. It sang loudly." }
    local opts = { seed = 5, count = 200, documents = documents }
    local rows = rows_of("passages", opts)
    t.eq(rows, rows_of("passages", opts))
    local quotes, silent = 0, 0
    for _, row in ipairs(rows) do
        local passages = row.kind ~= "repeat"
            and row.messages[2].content:match "^(.*)\n\nQuestion"
        for i = 3, passages and #row.messages or 0, 2 do
            local quote, n = row.messages[i].content:match '^"(.*)" %[(%d)%]$'
            local passage = quote and (passages .. "\n["):match("%[" .. n .. "%] (.-)\n%[")
            if quote then
                t.ok(passage and passage:find(quote, 1, true), row.messages[i].content)
            else
                t.eq(row.messages[i].content, "I do not know.")
            end
            quotes, silent = quotes + (quote and 1 or 0), silent + (quote and 0 or 1)
        end
    end
    t.ok(quotes > 50 and silent > 5, "too few of a kind")
end)

t.test("dialogues with tools: calls of offered tools, results, right sums", function()
    local plain = dofile(t.path "examples/data/dialogues.lua") { seed = 1, count = 2000 }
    local calls, sums = 0, 0
    for _, row in ipairs(rows_of("tool_dialogues", { seed = 5, count = 200, plain = plain })) do
        local offered = {}
        for _, tool in ipairs(row.tools) do offered[tool["function"].name] = tool["function"] end
        for i, message in ipairs(row.messages) do
            for n, call in ipairs(message.tool_calls or {}) do
                local tool = offered[call["function"].name]
                t.ok(tool, "a tool that is not offered")
                for _, name in ipairs(tool.parameters.required) do
                    t.ok(call["function"].arguments[name] ~= nil, "no " .. name)
                end
                t.eq(row.messages[i + n].role, "tool")
                calls = calls + 1
            end
            local a, sign, b, c = message.content:match "^(%d+) ([%+%-%*]) (%d+) is (%-?%d+)%.$"
            if a then
                a, b, c, sums = tonumber(a), tonumber(b), tonumber(c), sums + 1
                t.eq(c, sign == "+" and a + b or sign == "-" and a - b or a * b)
            end
        end
    end
    t.ok(calls > 100 and sums > 10, "too few of a kind")
end)

t.test("every example is in the table of its README", function()
    local readme = t.read(t.path "examples/README.md")
    local list = assert(io.popen("ls '" .. t.path "examples" .. "'"))
    for name in list:lines() do
        if name:find "%.lua$" then t.match(readme, "| " .. name .. " |", true) end
    end
    list:close()
end)

t.test("dialogues are the same for a seed, alternate, and their sums are right", function()
    local make = dofile(t.path "examples/data/dialogues.lua")
    local function all(seed)
        local list = {}
        for messages in make { seed = seed, count = 300 } do list[#list + 1] = messages end
        return list
    end
    local first = all(3)
    t.eq(#first, 300)
    t.eq(first, all(3))
    t.ok(t.show(first) ~= t.show(all(4)), "another seed, other dialogues")
    local sums = 0
    for _, messages in ipairs(first) do
        local expected = messages[1].role == "system" and 2 or 1
        for i = expected, #messages do
            t.eq(messages[i].role, (i - expected) % 2 == 0 and "user" or "assistant")
            t.ok(#messages[i].content > 0)
            local a, sign, b, c = messages[i].content:match "^(%d+) (%a+) (%d+) is (%d+)%.$"
            if a then
                a, b, c, sums = tonumber(a), tonumber(b), tonumber(c), sums + 1
                t.eq(c, sign == "plus" and a + b or sign == "minus" and a - b or a * b)
            end
        end
    end
    t.ok(sums > 10, "no sums")
end)

t.done()
