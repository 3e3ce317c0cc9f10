-- SPDX-License-Identifier: Apache-2.0
-- Trains examples/models/demo further: tool calls, answers from their results, answers quoted from
-- passages. First copying alone (two heads are set up for it, see induction.lua), then
-- conversations, with what it learned before replayed.
--     moonlet examples/train_demo_tools.lua [folder] [--out DIR] [--from DIR --stage N] [--quick]
-- folder: texts whose sentences are quoted; without one the shared data's, if present, and stories.
-- --from: goes on from that model with stage N of conversations, instead of from models/demo.
local root = (arg[0]:match("^(.*)/[^/]*$") or ".") .. "/.."
io.stdout:setvbuf "line"
local function example(name) return dofile(root .. "/examples/data/" .. name .. ".lua") end
local recipe, skills = example "recipe", example "skills"
local opts = recipe.arguments(arg)
local size = opts.quick and skills.quick or skills.full
local model = models.load(opts.from or root .. "/examples/models/demo", { dtype = "bf16" })

local function train(rows, own)
    local t = trainers.sft { model = model, data = rows, seed = 1, lr = own.lr,
        batch_size = own.batch_size, max_length = own.max_length, packing = own.packing,
        max_steps = own.steps, beta2 = 0.95, weight_decay = own.weight_decay or 0,
        min_lr_ratio = own.min_lr_ratio, schedule = own.schedule, output = own.output,
        save_steps = 250 }
    t:run { on_step = function(step)
        recipe.report(step, own.steps, model)
        return step.step ~= own.stop
    end }
    return t
end

if not opts.from then
    local copies, how
    model, copies, how = skills.copying(model, root, opts.folder, size)
    train(copies, how)
end
local out = opts.out or (opts.quick and (os.getenv "TMPDIR" or "/tmp") .. "/moonlet-demo-tools")
    or root .. "/examples/models/demo"
local parts = {}
for number = opts.stage or 1, #size.stages do
    local stage = size.stages[number]
    local rows, kinds, files = skills.rows(model, root, opts.folder, stage)
    print(("stage %d: %d rows; tokens: %d with tools, %d with passages, %d replayed"):format(number,
        #rows, kinds.tools, kinds.passages, kinds.replayed))
    parts[#parts + 1] = { kinds = kinds, rows = #rows, files = files, stage = stage,
        trainer = train(rows, { lr = stage.lr, steps = stage.planned, stop = stage.steps,
            batch_size = stage.batch_size, max_length = 512, packing = true, weight_decay = 0.1,
            min_lr_ratio = 0.05, output = not opts.quick and out .. ".steps" .. number or nil }) }
end
skills.finish { parts = parts, out = out, root = root, size = size }
