-- SPDX-License-Identifier: Apache-2.0
-- Every public function has a row, every row helps, and every example in a row runs.
local t = require "spec"
local rows = require("moonlet.registry").rows

t.test("every row says what it is for, and its parameters have types", function()
    for _, row in ipairs(rows) do
        assert(row.doc ~= "", row.name .. " has no doc")
        for _, p in ipairs(row.params) do
            assert(p.name ~= "" and p.type ~= "", row.name .. ": a parameter without a type")
        end
        for _, o in ipairs(row.options or {}) do
            assert(o.doc ~= "" and o.type ~= "", row.name .. ": option " .. o.name .. " has no doc")
        end
    end
end)

t.test("every public function has a row, and nothing else is in _G", function()
    local known = {}
    for _, row in ipairs(rows) do known[row.name] = true end
    for module, functions in pairs(require "moonlet") do
        if type(functions) == "table" then
            for name, f in pairs(functions) do
                local full = module .. "." .. name
                if type(f) == "function" then assert(known[full], full) end
            end
        end
    end
    local standard = {}
    for name in ([[_G _VERSION assert bit collectgarbage coroutine debug dofile error gcinfo getfenv
        getmetatable io ipairs jit load loadfile loadstring math module newproxy next os package
        pairs pcall print rawequal rawget rawlen rawset require select setfenv setmetatable string
        table tonumber tostring type unpack
        xpcall arg]]):gmatch("%S+") do standard[name] = true end
    for name in pairs(_G) do
        assert(standard[name] or name == "moonlet" or require("moonlet")[name], "_G." .. name)
    end
end)

if not models.new then
    t.test("examples", function() t.skip "no engine in this build" end)
    t.done()
    return
end

local m = models.load "demo"
local env = setmetatable({ m = m, tok = m.tokenizer, c = m:chat {}, print = function() end },
    { __index = _G })
env.a, env.b = m:logits { 1, 2, 3 }, m:logits { 1, 2 }
env.t = env.a
env.g = m:generate("Once", { max_tokens = 2 })
env.c "Hello!"
env.ds = datasets.new { { text = "good film", label = 1 }, { text = "bad film", label = 0 },
    { text = "a fine film", label = 1 } }
local has_minilm = pcall(models.load, "minilm")

for _, row in ipairs(rows) do
    if row.example ~= "" then
        t.test("example of " .. row.name, function()
            if row.example:find "minilm" and not has_minilm then
                if os.getenv "MOONLET_CI" then error "no MiniLM" end
                t.skip "no MiniLM here"
            end
            if row.name:match "^Trainer" then
                env.t = trainers.cpt { model = models.new { family = "llama",
                    tokenizer = m.tokenizer, num_hidden_layers = 1, hidden_size = 32,
                    intermediate_size = 32, seed = 1 },
                    data = { "one text" }, max_steps = 1, seed = 1 }
                env.t:run()
            end
            local chunk = loadstring("return " .. row.example, row.name)
                or assert(loadstring(row.example, row.name))
            env.r = row.name:find "^Retriever" and retrievers.new { { "고양이가 잔다." } }
            setfenv(chunk, env)()
            env.t, env.m, env.tok = env.a, m, m.tokenizer
        end)
    end
end

t.done()
