-- SPDX-License-Identifier: Apache-2.0
-- One case of `scripts/bench estimate`: moonlet estimate.lua NAME estimate|run|list
-- estimate prints the estimated peak and, of it, what the program had before; run trains two steps
-- and prints the process's real peak. Both in bytes, each in a process of its own.
local llama = { family = "llama", vocab_size = 4096, hidden_size = 256, intermediate_size = 688,
    num_hidden_layers = 6, num_attention_heads = 4, num_key_value_heads = 2,
    max_position_embeddings = 1024, seed = 1 }
local gpt2 = { family = "gpt2", vocab_size = 12000, n_embd = 192, n_layer = 8, n_head = 3,
    n_positions = 1024, seed = 1 }
local narrow = { dtype = "bf16" }
for k, v in pairs(llama) do narrow[k] = v end

local cases = {
    { "full", llama, { batch_size = 8, max_length = 160 } },
    { "full-accumulate", gpt2, { batch_size = 4, accumulate = 3, max_length = 192 } },
    { "full-bf16", narrow, { batch_size = 8, max_length = 160 } },
    { "packed", llama, { batch_size = 2, max_length = 640, packing = true } },
    { "checkpointing", llama, { batch_size = 16, max_length = 256,
        gradient_checkpointing = true } },
    { "lora", llama, { batch_size = 8, max_length = 224, tune = "lora", rank = 16 } },
    { "lora-checkpointing", gpt2, { batch_size = 16, max_length = 224, tune = "lora", rank = 8,
        gradient_checkpointing = true } },
}

local name, what = arg[1], arg[2]
if name == "list" then
    for _, case in ipairs(cases) do print(case[1]) end
    return
end
local shape, options
for _, case in ipairs(cases) do
    if case[1] == name then shape, options = case[2], case[3] end
end

-- Documents of 1/4 to 5/4 of the width, the same each time.
local state = 12345
local function random(n)
    state = (state * 1103515245 + 12345) % 2147483648
    return math.floor(state / 65536) % n
end
local rows = {}
for i = 1, 48 do
    local ids = {}
    for k = 1, options.max_length / 4 + random(options.max_length) do ids[k] = random(4000) end
    rows[i] = { input_ids = ids }
end
options.model, options.data, options.max_steps, options.seed = models.new(shape), rows, 2, 1
local t = trainers.sft(options)
if what == "estimate" then
    local e, program = t:estimate(), 0
    for _, part in ipairs(e.memory) do
        if part.name == "program" then program = part.bytes end
    end
    print(("%.0f %.0f"):format(e.total_bytes, program))
    io.stderr:write(tostring(e), "\n")
else
    t:run()
    print(("%.0f"):format(t.history[2].peak_bytes))
end
