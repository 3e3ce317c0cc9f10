-- SPDX-License-Identifier: Apache-2.0
-- Trains examples/models/demo further: tool calls, answers from their results, answers quoted from
-- passages; a part of what it learned first is replayed. Goes on from the weights that are there.
--     moonlet examples/train_demo_tools.lua [folder] [--steps N | --minutes M] [--out DIR] [--quick]
-- folder: texts whose sentences are quoted; without one the shared data's, if present, and stories.
local root = (arg[0]:match("^(.*)/[^/]*$") or ".") .. "/.."
io.stdout:setvbuf "line"
local function example(name) return dofile(root .. "/examples/data/" .. name .. ".lua") end
local recipe, skills = example "recipe", example "skills"
local dialogues, stories, random = example "dialogues", example "stories", example "random"
local passages, tool_dialogues = example "passages", example "tool_dialogues"

local opts = recipe.arguments(arg)
local size = opts.quick and skills.quick or skills.full
local texts, files = skills.texts(root, opts.folder)
local model = models.load(root .. "/examples/models/demo", { dtype = "bf16" })

-- Conversations count by what the assistant says in them; texts and replayed dialogues whole.
local rows, kinds = {}, { tools = 0, passages = 0, replayed = 0 }
local function add(kind, row, text)
    local ids = model.tokenizer:encode(text)
    if #ids > 512 then return end
    rows[#rows + 1], kinds[kind] = row or { input_ids = ids }, kinds[kind] + #ids
end
local function rendered(row)
    return model:render(row.messages, { tools = row.tools, add_generation_prompt = false })
end
for row in tool_dialogues.rows { seed = 1, count = size.tools,
    plain = dialogues { seed = 77, count = 20 * size.tools } } do
    add("tools", row, rendered(row))
end
for row in passages.rows { seed = 1, count = size.passages, documents = texts } do
    add("passages", row, rendered(row))
end
for messages in dialogues { seed = 1, count = size.dialogues } do
    add("replayed", nil, rendered { messages = messages })
end
local r = random(11)
for _ = 1, size.stories do add("replayed", nil, stories.make(r) .. "<|endoftext|>") end
for _ = 1, #texts > 0 and size.texts or 0 do
    add("replayed", nil, r:pick(texts) .. "<|endoftext|>")
end
print(("rows: %d; tokens: %d with tools, %d with passages, %d replayed"):format(#rows,
    kinds.tools, kinds.passages, kinds.replayed))

local steps = opts.steps or skills.steps_in(opts.minutes, model, rows, size) or size.steps
local t = trainers.sft { model = model, data = rows, packing = true, max_steps = steps, lr = 1e-3,
    seed = 1, batch_size = size.batch_size, max_length = 512, weight_decay = 0.1, beta2 = 0.95,
    min_lr_ratio = 0.05, output = opts.out and opts.out .. ".steps", save_steps = 250 }
t:run { on_step = function(step) recipe.report(step, steps, model) end }

local out = opts.out or (opts.quick and (os.getenv "TMPDIR" or "/tmp") .. "/moonlet-demo-tools")
    or root .. "/examples/models/demo"
skills.finish { trainer = t, out = out, root = root, size = size, files = files, kinds = kinds,
    rows = #rows }
