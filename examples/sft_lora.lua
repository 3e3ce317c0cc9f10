-- SPDX-License-Identifier: Apache-2.0
-- Full fine-tuning beside LoRA: the same data, steps and seed. What do they train, what do they
-- cost, and what do they know about words that they have not seen?
-- 전체 미세 조정과 LoRA를 같은 데이터로 비교합니다.
--     moonlet examples/sft_lora.lua [steps]

local steps = tonumber(arg[1]) or 24
local WORDS = [[moon sea tide boat wind stone river cloud bird tree road town night day star sand
    fire snow rain field house door lamp book song bread milk horse fish ship king child friend
    water summer winter garden table window light]]

local rows, held = {}, {}
for word in WORDS:gmatch "%a+" do
    local row = { question = ("Say the word %s."):format(word),
        answer = ("You asked for a word. The word is %s."):format(word) }
    local list = #rows >= 30 and held or rows
    list[#list + 1] = row
end

local function train(options)
    local model = models.load("demo", { dtype = "f32" })
    options.model, options.data, options.max_steps, options.seed = model, rows, steps, 1
    options.batch_size = 6
    local t = trainers.sft(options)
    local told, before = t:estimate(), t:evaluate(held)
    local own = told.total_bytes -- without what the program takes anyway
    for _, part in ipairs(told.memory) do
        if part.name == "program" then own = own - part.bytes end
    end
    t:run()
    local seconds = 0
    for _, record in ipairs(t.history) do seconds = seconds + record.seconds end
    return { trained = told.trained, of = told.parameters, memory = own / 1e6, seconds = seconds,
        before = before.accuracy, after = t:evaluate(held).accuracy, trainer = t }
end

local full = train { tune = "full", lr = 5e-4 }
local lora = train { tune = "lora", rank = 8, alpha = 16, lr = 5e-3 }

print(("%d rows, %d held out, %d steps\n"):format(#rows, #held, steps))
print("tune   trains      memory   seconds   held-out accuracy")
for _, name in ipairs { "full", "lora" } do
    local r = name == "full" and full or lora
    print(("%-5s %8d  %6.0f MB  %8.1f   %.1f%% -> %.1f%%"):format(name, r.trained, r.memory,
        r.seconds, 100 * r.before, 100 * r.after))
end
print()
local function losses(r, name)
    local y = {}
    for i, record in ipairs(r.trainer.history) do y[i] = record.loss end
    return { y = y, name = name }
end
print(plots.line { losses(full, "full"), losses(lora, "lora"), title = "loss", x = "steps",
    height = 8 })
print(("\nLoRA trained %.1f%% of the numbers and came %.1f points from full fine-tuning."):format(
    100 * lora.trained / lora.of, 100 * (lora.after - full.after)))
