-- SPDX-License-Identifier: Apache-2.0
-- Two LoRA adapters on one model: trained on a few sentences each, switched, added, merged, saved
-- in PEFT's layout and opened again. The base stays what it was.
-- 한 모델에 LoRA 어댑터 둘을 학습하여 바꾸어 켜고, 더하고, 합치고, 저장합니다.
--     moonlet examples/lora.lua [steps]

local m = models.load("demo", { dtype = "f32" })
local steps = tonumber(arg[1]) or 12
local question = "Who are you?"

local function rows(answer)
    local list = {}
    for _, asked in ipairs { question, "What is your name?", "Tell me who you are.", "Hello!" } do
        list[#list + 1] = { messages = { { role = "user", content = asked },
            { role = "assistant", content = answer } } }
    end
    return list
end

local function ask(model)
    local prompt = model:render({ { role = "user", content = question } },
        { add_generation_prompt = true })
    local options = { max_tokens = 16, temperature = 0, special = false, stream = false }
    return (model:generate(prompt, options).text:gsub("%s+", " "))
end

local function train(name, answer)
    local t = trainers.sft { model = m, data = rows(answer), tune = "lora", rank = 8, alpha = 16,
        adapter = name, lr = 5e-3, batch_size = 4, max_steps = steps, seed = 1, packing = true,
        max_length = 128 }
    t:run()
    print(("%-8s loss %.2f -> %.2f   %s"):format(name, t.history[1].loss, t.history[steps].loss,
        ask(t.model)))
    local folder = os.tmpname()
    os.remove(folder)
    t.model:save(folder)
    return folder
end

local before = ask(m)
print(("%-8s %s"):format("base", before))
local folders = { { "ship", train("ship", "I am a small ship.") },
    { "cloud", train("cloud", "I am a cloud.") } }
assert(ask(m) == before, "training an adapter leaves the base alone")

for _, pair in ipairs(folders) do
    m:load_adapter(pair[2], { name = pair[1] })
    os.execute(("rm -r '%s'"):format(pair[2]))
end
print(m:adapters())
for _, names in ipairs { "ship", "cloud", { "ship", "cloud" }, { ship = 0.5, cloud = 0.5 } } do
    print(("%-14s %s"):format(type(names) == "string" and names or "a mixture", ask(m:use(names))))
end
local on = m:use "ship":loglikelihood(question, " I am").logprob
local merged = m:merge():loglikelihood(question, " I am").logprob
assert(ask(m:unmerge():use(false)) == before, "unmerged and off, it is the base again")
print(("merged differs from the adapter by %.1e in log-probability"):format(math.abs(on - merged)))
