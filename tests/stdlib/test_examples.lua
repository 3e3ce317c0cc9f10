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
