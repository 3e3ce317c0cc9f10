-- SPDX-License-Identifier: Apache-2.0
-- What a training step costs with LoRA and without: the demo model's shape and a wider one, random
-- weights, the same tokens. Seconds are the median of the steps after the first. Trained numbers
-- are what the optimizer keeps two further f32 values for.
local LENGTH, BATCH, STEPS = 256, 4, 8

local function median(values)
    table.sort(values)
    return values[math.ceil(#values / 2)]
end

local function rows(vocabulary)
    local list = {}
    for i = 1, BATCH do
        local ids = {}
        for j = 1, LENGTH do ids[j] = (i * 7919 + j * 104729) % vocabulary end
        list[i] = { input_ids = ids }
    end
    return list
end

local function measure(config, dtype, tune)
    local opts = { family = "llama", seed = 1, dtype = dtype }
    for key, value in pairs(config) do opts[key] = value end
    local options = { model = models.new(opts), data = rows(config.vocab_size), lr = 1e-4,
        batch_size = BATCH, max_length = LENGTH, max_steps = STEPS, packing = false, seed = 1 }
    for key, value in pairs(tune) do options[key] = value end
    local trainer = trainers.cpt(options)
    trainer:run()
    local seconds = {}
    for i = 2, STEPS do seconds[#seconds + 1] = trainer.history[i].seconds end
    local trained = 0
    if tune.tune == "lora" then
        trained = trainer.model:adapters()[1].parameters
    else
        for _, p in ipairs(trainer.model:parameters()) do
            local count = 1
            for _, n in ipairs(p.tensor.shape) do count = count * n end
            trained = trained + count
        end
    end
    return median(seconds), trained
end

local DEMO = { vocab_size = 4096, hidden_size = 256, intermediate_size = 688,
    num_hidden_layers = 4, num_attention_heads = 8, num_key_value_heads = 4 }
local WIDE = { vocab_size = 4096, hidden_size = 768, intermediate_size = 2048,
    num_hidden_layers = 6, num_attention_heads = 12, num_key_value_heads = 4 }

print(("%-14s %-6s %-16s %10s %12s %8s"):format("model", "dtype", "tune", "s / step", "trained",
    "of full"))
for _, shape in ipairs { { "demo's shape", DEMO }, { "768 x 6", WIDE } } do
    for _, dtype in ipairs { "f32", "bf16" } do
        local full
        for _, tune in ipairs { { tune = "full" }, { tune = "lora", rank = 8 },
            { tune = "lora", rank = 8, targets = { "q_proj", "v_proj" } } } do
            local seconds, trained = measure(shape[2], dtype, tune)
            full = full or seconds
            print(("%-14s %-6s %-16s %10.3f %12d %7.2fx"):format(shape[1], dtype,
                tune.targets and "lora q, v" or tune.tune, seconds, trained, seconds / full))
            collectgarbage()
        end
    end
end
