-- SPDX-License-Identifier: Apache-2.0
-- The numbers and the small steps of train_demo_tools.lua: sizes, texts to quote from, and the end of
-- it: what the model can do, counted skill by skill on dialogues and passages it has not seen, and
-- written into its card.
--     local skills = dofile "examples/data/skills.lua"
--     skills.measure(model, {root = "…", count = 100}) -> {{name, right, asked}…}

local here = debug.getinfo(1, "S").source:match("^@(.*)skills%.lua$") or ""
local function own(name) return dofile(here .. name .. ".lua") end
local texts, stories, random, passages = own "texts", own "stories", own "random", own "passages"
local tool_dialogues, dialogues = own "tool_dialogues", own "dialogues"

local skills = {}

skills.full = { tools = 9700, passages = 10700, dialogues = 4300, stories = 500, texts = 750,
    batch_size = 4, steps = 3000, count = 150 }
skills.quick = { tools = 20, passages = 20, dialogues = 10, stories = 2, texts = 2, batch_size = 1,
    steps = 2, count = 4 }

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
    local list, files = {}, {}
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

-- The answer as the model would have to write it, behind the prompt that it would read.
local function exactly(model, row, i)
    local before = {}
    for j = 1, i - 1 do before[j] = row.messages[j] end
    local opts = { tools = row.tools, add_generation_prompt = true }
    local prompt = model:render(before, opts)
    before[i], opts.add_generation_prompt = row.messages[i], false
    local whole = model:render(before, opts)
    local answer = whole:sub(#prompt + 1):gsub("\n$", "")
    return model:loglikelihood(prompt, answer).greedy
end

--- Every answer of unseen rows: is it, word for word, what greedy decoding writes?
function skills.measure(model, opts)
    local list, at = {}, {}
    local function count(name, right)
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
`examples/train_demo_tools.lua` went on from there, with the loss on the assistant's words.

| | |
|---|---|
| data | %d rows; tokens: %d of dialogues with tools (`examples/data/tool_dialogues.lua`), %d of questions about passages (`examples/data/passages.lua`), %d replayed; sentences from %s |
| training | %d steps of %d x 512 tokens, AdamW, peak learning rate %.2g, bf16 with f32 masters, seed 1 |
| time | %.0f minutes, %.0f tokens/s |
| training loss | first step %.3f, mean of the last tenth %.3f |

Answers to unseen questions that greedy decoding gets right word for word:

| skill | right |
|---|---|
%s
"Not in training" are cities, and pages of moonlet's manual, that no row had. The questions come from
the same generators with another seed, so the figures say how well it learned these forms.

]]

--- Saves the model in bf16, measures it and puts the figures into its card.
function skills.finish(run)
    local history, model = run.trainer.history, run.trainer.model
    local card_path = run.root .. "/examples/models/demo/README.md"
    local card = read(card_path):gsub("## Trained further.-\n(## What it)", "%1")
    model:save(run.out)
    local seconds, tokens, tail, count = 0, 0, 0, math.max(1, math.floor(#history / 10))
    local peak = 0
    for i, step in ipairs(history) do
        seconds, peak = seconds + step.seconds, math.max(peak, step.lr)
        tokens = tokens + step.tokens_per_second * step.seconds
        if i > #history - count then tail = tail + step.loss / count end
    end
    local table_rows = {}
    for i, row in ipairs(skills.measure(model, { root = run.root, count = run.size.count })) do
        table_rows[i] = ("| %s | %d of %d |\n"):format(unpack(row))
        print(("%-58s %d of %d"):format(unpack(row)))
    end
    local files = #run.files > 0 and table.concat(run.files, ", ") .. " and generated stories"
        or "generated stories and half of the manual"
    local section = CARD:format(run.rows, run.kinds.tools, run.kinds.passages, run.kinds.replayed,
        files, #history, run.size.batch_size, peak, seconds / 60, tokens / seconds,
        history[1].loss, tail, table.concat(table_rows))
    local at = assert(card:find("## What it cannot do", 1, true), "no card in models/demo")
    local file = assert(io.open(run.out .. "/README.md", "wb"))
    file:write(card:sub(1, at - 1), section, card:sub(at))
    file:close()
    print("saved " .. run.out)
end

return skills
