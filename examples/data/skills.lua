-- SPDX-License-Identifier: Apache-2.0
-- The numbers and the small steps of train_demo_tools.lua: sizes, texts to quote from, and the end of
-- it: what the model can do, counted skill by skill on dialogues and passages it has not seen, and
-- written into its card.
--     local skills = dofile "examples/data/skills.lua"
--     skills.measure(model, {root = "…", count = 100}) -> {{name, right, asked}…}

local here = debug.getinfo(1, "S").source:match("^@(.*)skills%.lua$") or ""
local function own(name) return dofile(here .. name .. ".lua") end
local texts, stories, random, passages = own "texts", own "stories", own "random", own "passages"
local induction = own "induction"
local tool_dialogues, dialogues, copying = own "tool_dialogues", own "dialogues", own "copying"

local skills = {}

-- How much of each kind: first copying, then tools above all, then passages and what was known
-- before. `planned` is what the learning rate's course is drawn for; the stage ends at `steps`.
skills.full = { count = 150, copying = { seed = 31, count = 9600, length = 64, low = 2, high = 7,
        batch_size = 16, steps = 600, lr = 1e-3 },
    stages = { { seed = 1, tools = 7000, passages = 6000, dialogues = 5000, stories = 200,
            texts = 100, copies = 2500, copied = "tokens", lr = 1e-3, batch_size = 3,
            planned = 2500, steps = 1750 },
        { seed = 2, tools = 2000, passages = 6000, dialogues = 9000, stories = 200, texts = 100,
            copies = 3000, copied = "words", lr = 1e-3, batch_size = 3, planned = 1850,
            steps = 1750 } } }
skills.quick = { count = 3, copying = { seed = 5, count = 4, length = 16, low = 1, high = 2,
        batch_size = 2, steps = 2, lr = 1e-4 },
    stages = { { seed = 1, tools = 10, passages = 10, dialogues = 10, stories = 2, texts = 2,
        copies = 5, copied = "words", lr = 1e-4, batch_size = 1, planned = 2, steps = 2 } } }

-- Half of the manual is read in training, the other half measures.
skills.read_pages = { "chat", "checkpoints", "errors", "help", "interrupt", "next", "scripted",
    "tokenizers", "chat-ko", "interrupt-ko", "models-ko" }

local function read(path)
    local file = assert(io.open(path, "rb"))
    local content = file:read "*a"
    file:close()
    return content
end

--- Texts to quote from: a folder's, or the shared data's (plain-language guidelines, which are in
--- the public domain, and what train_demo.lua reads), half of the manual, and stories.
function skills.texts(root, folder)
    local list, files
    if folder then
        list, files = texts.folder(folder)
    else
        local base = os.getenv "MOONLET_TEST_DATA" or root .. "/../shared/data"
        list, files = texts.public_domain(root)
        if #files > 0 then
            for _, text in ipairs((texts.folder(base .. "/docs/md/plainlanguage"))) do
                list[#list + 1] = text
            end
            files[#files + 1] = "plainlanguage/*.md"
        end
    end
    local r = random(11)
    for _ = 1, 300 do list[#list + 1] = stories.make(r) end
    for _, name in ipairs(skills.read_pages) do
        local page = read(root .. "/examples/data/manual/" .. name .. ".md")
        for _ = 1, 12 do list[#list + 1] = page end -- so that they are met among the others
    end
    return list, files
end

--- The English pages of the manual that training leaves out.
function skills.held_pages(root)
    local seen, pages = {}, {}
    for _, name in ipairs(skills.read_pages) do seen[name .. ".md"] = true end
    local list = assert(io.popen("ls -1 '" .. root:gsub("'", "'\\''") .. "/examples/data/manual'"))
    for name in list:lines() do
        if not seen[name] and not name:find "%-ko" then
            pages[#pages + 1] = read(root .. "/examples/data/manual/" .. name)
        end
    end
    list:close()
    return pages
end

--- A copy of the model in bf16 with two heads set up for copying (induction.lua), and the rows and
-- options of the training that makes them work.
function skills.copying(model, root, folder, size)
    local place = os.tmpname()
    os.remove(place)
    model:save(place)
    induction.prepare(place)
    local prepared = models.load(place, { dtype = "bf16" })
    local rows_of = { texts = skills.texts(root, folder) }
    for name, value in pairs(size.copying) do rows_of[name] = value end
    return prepared, copying.rows(model.tokenizer, rows_of), { lr = rows_of.lr, steps = rows_of.steps,
        batch_size = rows_of.batch_size, max_length = rows_of.length, schedule = "constant" }
end

--- The rows of the second stage, the tokens of each kind, and the files that were read.
-- Conversations count by what the assistant says in them; texts and replayed dialogues whole.
function skills.rows(model, root, folder, size)
    local rows, kinds = {}, { tools = 0, passages = 0, replayed = 0 }
    local list, files = skills.texts(root, folder)
    local function add(kind, row, text)
        local ids = model.tokenizer:encode(text)
        if #ids > 512 then return end
        rows[#rows + 1], kinds[kind] = row or { input_ids = ids }, kinds[kind] + #ids
    end
    local function rendered(row)
        return model:render(row.messages, { tools = row.tools, add_generation_prompt = false })
    end
    for row in tool_dialogues.rows { seed = size.seed, count = size.tools,
        plain = dialogues { seed = 76 + size.seed, count = 20 * size.tools } } do
        add("tools", { messages = row.messages, tools = row.tools }, rendered(row))
    end
    for row in passages.rows { seed = size.seed, count = size.passages, documents = list } do
        add("passages", { messages = row.messages }, rendered(row))
    end
    for messages in dialogues { seed = size.seed, count = size.dialogues } do
        add("replayed", { messages = messages }, rendered { messages = messages })
    end
    local r = random(11 + size.seed)
    for _ = 1, size.stories do add("replayed", nil, stories.make(r) .. "<|endoftext|>") end
    for _ = 1, size.texts do add("replayed", nil, r:pick(list) .. "<|endoftext|>") end
    local long = { seed = 6 + size.seed, count = size.copies, length = 96, low = 3, high = 30,
        words = 0.7 }
    if size.copied == "words" then long.texts, long.length, long.high = list, 128, 20 end
    for _, row in ipairs(copying.rows(model.tokenizer, long)) do rows[#rows + 1] = row end
    return rows, kinds, files
end

-- The answer as the model would have to write it, behind the prompt that it would read.
local function exactly(model, row, i)
    local before = {}
    for j = 1, i - 1 do before[j] = row.messages[j] end
    local opts = { tools = row.tools, add_generation_prompt = true }
    local prompt = model:render(before, opts)
    before[i], opts.add_generation_prompt = row.messages[i], false
    local whole = model:render(before, opts)
    local answer = whole:sub(#prompt + 1):gsub("\n$", "")
    if #model.tokenizer:encode(prompt .. answer) > 512 then return nil end
    return model:loglikelihood(prompt, answer).greedy
end

--- Every answer of unseen rows: is it, word for word, what greedy decoding writes?
function skills.measure(model, opts)
    local list, at = {}, {}
    local function count(name, right)
        if right == nil then return end -- longer than the context
        if not at[name] then
            at[name] = { name, 0, 0 }
            list[#list + 1] = at[name]
        end
        at[name][2], at[name][3] = at[name][2] + (right and 1 or 0), at[name][3] + 1
    end
    local CALLS = { one = "one call", two = "two calls at once", compare = "two calls to compare",
        chain = "a call, then one with its result" }
    for _, cities in ipairs { "seen", "held out" } do
        local rows = tool_dialogues.rows { seed = 4242, count = opts.count, cities = cities,
            plain = dialogues { seed = 999, count = 20 * opts.count } }
        for row in rows do
            local place = cities == "seen" and "" or ", cities not in training"
            for i, message in ipairs(row.messages) do
                if message.role == "assistant" then
                    local name = message.tool_calls and CALLS[row.kind] .. place
                    if not name and row.messages[i - 1].role == "tool" then
                        name = row.kind == "compare" and "answer that compares two results" .. place
                            or "answer from results" .. place
                    end
                    if not name and cities == "seen" then
                        name = message.content:find "^I have no tool" and "no tool for it: says so"
                            or "plain answer although tools are there"
                    end
                    if name then count(name, exactly(model, row, i)) end
                end
            end
        end
    end
    for _, of in ipairs { { "invented facts" }, { "manual pages not in training",
        skills.held_pages(opts.root) } } do
        for row in passages.rows { seed = 4242, count = opts.count, documents = of[2],
            only_documents = of[2] ~= nil } do
            local name = row.kind == "repeat" and "repeat a sentence, " or
                row.kind == "unknown" and "I do not know, " or "quote and number, "
            count(name .. of[1], exactly(model, row, #row.messages))
        end
    end
    for messages in dialogues { seed = 4242, count = 2 * opts.count } do
        count("earlier dialogues", exactly(model, { messages = messages }, #messages))
    end
    return list
end

local CARD = [[
## Trained further: tools and quotes
`examples/train_demo_tools.lua` went on from there: two attention heads were set up for copying
(`examples/data/induction.lua`), %d steps of %d x %d tokens taught them to copy, and these stages
followed, the loss on what the assistant says (AdamW, bf16 with f32 masters, seed 1):

| stage | tokens of its rows: with tools, with passages, replayed | steps, rows of 512 tokens each | peak learning rate | minutes, tokens/s | loss, last tenth |
|---|---|---|---|---|---|
%s
Sentences to quote came from %s.

Answers to unseen questions that greedy decoding gets right word for word:

| skill | right |
|---|---|
%s
"Not in training" are cities, and pages of moonlet's manual, that no row had. The questions come from
the same generators with another seed: the figures say how well it learned these forms. The loss,
time and dialogue figures above this section are from before it.

]]

--- Saves the model in bf16, measures it and puts the figures into its card.
function skills.finish(run)
    local model, stages = run.model or run.parts[#run.parts].trainer.model, {}
    local card = read(run.root .. "/examples/models/demo/README.md")
        :gsub("## Trained further.-\n(## What it)", "%1")
    model:save(run.out)
    for i, part in ipairs(run.parts) do
        local history = part.history or part.trainer.history
        local seconds, tokens, tail, peak = 0, 0, 0, 0
        local count = math.max(1, math.floor(#history / 10))
        for at, step in ipairs(history) do
            seconds, peak = seconds + step.seconds, math.max(peak, step.lr)
            tokens = tokens + step.tokens_per_second * step.seconds
            if at > #history - count then tail = tail + step.loss / count end
        end
        stages[i] = ("| %d | %d, %d, %d | %d, %d | %.2g | %.0f, %.0f | %.3f |\n"):format(i,
            part.kinds.tools, part.kinds.passages, part.kinds.replayed, #history,
            part.stage.batch_size, peak, seconds / 60, tokens / seconds, tail)
    end
    local rows, files = {}, run.parts[1].files
    for i, row in ipairs(skills.measure(model, { root = run.root, count = run.size.count })) do
        rows[i] = ("| %s | %d of %d |\n"):format(unpack(row))
        print(("%-58s %d of %d"):format(unpack(row)))
    end
    local copying_of = run.size.copying
    local section = CARD:format(copying_of.steps, copying_of.batch_size, copying_of.length,
        table.concat(stages), (#files > 0 and table.concat(files, ", ") .. ", " or "")
        .. "generated stories and half of the manual", table.concat(rows))
    local at = assert(card:find("## What it cannot do", 1, true), "no card in models/demo")
    local file = assert(io.open(run.out .. "/README.md", "wb"))
    file:write(card:sub(1, at - 1), section, card:sub(at))
    file:close()
    print("saved " .. run.out)
end

return skills
