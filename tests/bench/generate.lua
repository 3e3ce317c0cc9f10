-- SPDX-License-Identifier: Apache-2.0
-- Ours of `scripts/bench generate`.
--   moonlet generate.lua make FOLDER    a Qwen3-0.6B-shaped model of random weights: safetensors in
--                                       bf16, and GGUF in bf16, q8_0 and q4_0, for everyone
--   moonlet generate.lua MODEL [QUANT]  prefill tok/s, decode tok/s, tok/s of eight texts together,
--                                       ms to the first token of 16, peak MB, MB of weights and
--                                       cache; GB/s that this machine reads and G/s that it
--                                       multiplies, in the same process; threads, instructions
local PROMPT, WRITTEN, FIRST, BATCH, REPEATS = 256, 32, 16, 8, 3

local function ids(count, salt)
    local list = {}
    for i = 1, count do list[i] = ((i - 1) * 7919 + (salt or 0) * 104729) % 30000 end
    return list
end

if arg[1] == "make" then
    local m = models.new { family = "qwen3", vocab_size = 151936, hidden_size = 1024,
        intermediate_size = 3072, num_hidden_layers = 28, num_attention_heads = 16,
        num_key_value_heads = 8, head_dim = 128, max_position_embeddings = 40960,
        tie_word_embeddings = true, dtype = "bf16", seed = 1 }
    m:save(arg[2])
    for _, kind in ipairs { "bf16", "q8_0", "q4_0" } do
        m:save(("%s/model-%s.gguf"):format(arg[2], kind), { type = kind })
    end
    return
end

local m = models.load(arg[1], { quant = arg[2] })

-- The same work again gives nothing new to a cache: every prompt begins otherwise.
local salt = 0
local function prompt(count)
    salt = salt + 1
    return ids(count, salt)
end

local function best(measure)
    local most = 0
    for _ = 1, REPEATS do most = math.max(most, measure()) end
    return most
end

local function rate(t) return (t.completion_tokens - 1) / (t.completion_seconds) end

m:generate(prompt(FIRST), { max_tokens = 4, temperature = 0 })
local prefill = best(function()
    local t = m:generate(prompt(PROMPT), { max_tokens = 1, temperature = 0 }).timings
    return t.prompt_tokens / t.prompt_seconds
end)
local decode = best(function()
    return rate(m:generate(prompt(PROMPT), { max_tokens = WRITTEN, temperature = 0 }).timings)
end)
local first = best(function()
    local t = m:generate(prompt(FIRST), { max_tokens = 1, temperature = 0 }).timings
    return 1 / t.first_token_seconds
end)
local clock = require "moonlet.clock"
local batch = best(function()
    local prompts = {}
    for i = 1, BATCH do prompts[i] = prompt(FIRST) end
    local function seconds(count)
        local begin = clock.now()
        m:generate_batch(prompts, { max_tokens = count, temperature = 0, batch_size = BATCH })
        return clock.now() - begin
    end
    -- What the prompts cost is in both.
    local short = seconds(1)
    return BATCH * WRITTEN / (seconds(WRITTEN + 1) - short)
end)

local peak = 0
for line in io.lines "/proc/self/status" do
    peak = tonumber(line:match "^VmHWM:%s+(%d+)") or peak
end
local machine = models.machine() -- behind the peak: it reads half a gigabyte of its own
local memory = m:memory { ctx = 512 }
-- Quantised weights are multiplied as int8, but with AMX; plain ones by whoever is faster.
local packed = not tostring(m):find " params · bf16 "
local products = math.max(machine.bf16, machine.matrices, packed and machine.int8 or 0)
print(("%.1f %.2f %.2f %.1f %.0f %.0f %.1f %.0f threads %d, %s"):format(prefill, decode, batch,
    1e3 / first, peak / 1e3, memory.total / 1e6, machine.read / 1e9, products / 1e9,
    machine.threads, machine.isa))
