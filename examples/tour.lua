-- SPDX-License-Identifier: Apache-2.0
-- A tour of what moonlet does today, on real input, in about a minute on two cores:
--     scripts/run examples/tour.lua
-- Each section shows the lines it calls and what comes back; at the prompt the same lines work.

local root = (arg and arg[0] and arg[0]:match("^(.*)/[^/]*$") or "examples") .. "/.."
local clock = require "moonlet.clock"
local text = require "moonlet.text"
local bars = require "moonlet.bars"
local began, sections, numbers = clock.now(), {}, {}

-- A heading, the code as one would type it, and after it the seconds it took.
local function section(title, code, run)
    print(("\n== %d. %s"):format(#sections + 1, title))
    for line in code:gmatch("[^\n]+") do print("> " .. line) end
    local start = clock.now()
    run()
    sections[#sections + 1] = { title = title, seconds = clock.now() - start }
end

local function number(name, value) numbers[#numbers + 1] = { name, value } end

local m
section("A language model", [[
m = models.load "demo"
m
m:generate("Once upon a time", {max_tokens=60, temperature=0.8, seed=7, stream=true})]], function()
    m = models.load "demo"
    print(m)
    io.write "Once upon a time"
    local g = m:generate("Once upon a time", { max_tokens = 60, temperature = 0.8, seed = 7,
        stream = true })
    print("-- " .. g:summary())
    number("tokens written per second", ("%.0f"):format(g.usage.completion_tokens
        / g.timings.completion_seconds))
end)

section("What comes next", [[
m:next("Once upon a time there lived a", {top=6})
m:next("Once upon a time there lived a", {top=6, temperature=0.5})]], function()
    local n = m:next("Once upon a time there lived a", { top = 6 })
    print(n)
    print "a low temperature makes the likely ones likelier:"
    print(m:next("Once upon a time there lived a", { top = 6, temperature = 0.5 }))
    number('probability of the most likely token there', ("%.1f %%"):format(
        100 * n[1].probability))
end)

section("A chat through the model's own template", [[
c = m:chat{system="Answer briefly.", max_tokens=40, stream=true}
c "What is the capital of Korea?"
c:edit(1, "What is the capital of France?")
c "Who wrote Hamlet?"
c "한국의 수도는 어디예요?"
c:render()]], function()
    local c = m:chat { system = "Answer briefly.", max_tokens = 40, stream = true }
    local function ask(said, how)
        print("you    " .. said)
        io.write "model  "
        if how then how() else c(said) end
    end
    ask "What is the capital of Korea?"
    ask("What is the capital of France?", function()
        c:edit(1, "What is the capital of France?") -- in place of the first question
    end)
    ask "Who wrote Hamlet?"
    ask "한국의 수도는 어디예요?"
    local prompt = c:render():gsub("\n$", ""):gsub("\n", "\n  ")
    print("the exact text the model sees:\n  " .. prompt)
    number("messages in the chat", #c.messages)
end)

-- Paragraphs of the manual, each with the title of its page in front.
local function manual()
    local passages = {}
    local list = assert(io.popen("ls -1 '" .. root:gsub("'", "'\\''") .. "/examples/data/manual'"))
    for name in list:lines() do
        local file = assert(io.open(root .. "/examples/data/manual/" .. name, "rb"))
        local page = file:read "*a"
        file:close()
        local title = page:match "^# ([^\n]+)"
        for paragraph in page:gsub("^#[^\n]+\n+", ""):gmatch "[^\n]+" do
            passages[#passages + 1] = { source = name, text = title .. ". " .. paragraph,
                paragraph = paragraph }
        end
    end
    list:close()
    return passages
end

local passages = manual()
section("The nearest passages of the manual, by embeddings", [[
e = models.load "minilm"
vectors = e:embed(texts)                            -- every paragraph of examples/data/manual
scores = vectors:matmul(e:embed{question}:transpose()):table()]], function()
    local ok, e = pcall(models.load, "minilm")
    if not ok then
        print("skipped: " .. tostring(e) .. " (scripts/setup brings it)")
        return
    end
    local texts = {}
    for i, passage in ipairs(passages) do texts[i] = passage.text end
    local start = clock.now()
    local vectors = e:embed(texts)
    local seconds = clock.now() - start
    print(e)
    print(("%d passages -> tensor [%d, %d] %s"):format(#texts, vectors.shape[1], vectors.shape[2],
        vectors.dtype))
    number("passages embedded per second", ("%.0f"):format(#texts / seconds))
    for _, question in ipairs { "Which key searches what I typed before?",
        "What happens when I misspell an option?", "Ctrl-C를 누르면 어떻게 되나요?" } do
        local scores = vectors:matmul(e:embed { question }:transpose()):table()
        local order = {}
        for i, row in ipairs(scores) do order[i] = { score = row[1], passage = passages[i] } end
        table.sort(order, function(a, b) return a.score > b.score end)
        print("\n" .. question)
        for i = 1, 2 do
            print(("  %.2f  %s\n        %s"):format(order[i].score, order[i].passage.source,
                text.cut(order[i].passage.paragraph, 88)))
        end
        number(text.cut("nearest page to: " .. question, 58), order[1].passage.source)
    end
    print "\nMiniLM was trained on English: Korean it matches by shared words and syllables only."
    e:release()
end)

section("Training it a little more: the manual, which it has never read", [[
t = trainers.cpt{model=m, data=texts, max_steps=20, lr=5e-4, batch_size=2, max_length=256, seed=1}
t:run()
t.history]], function()
    local texts = {}
    for _, passage in ipairs(passages) do
        if not passage.source:find "%-ko" then texts[#texts + 1] = passage.text end
    end
    m:release()
    m = models.load("demo", { dtype = "f32" })
    local question = "Ctrl-C stops whatever"
    local context, rest = "Ctrl-C stops", " whatever is running and brings the prompt back."
    local before = m:loglikelihood(context, rest).logprob
    local t = trainers.cpt { model = m, data = texts, max_steps = 20, lr = 5e-4, batch_size = 2,
        max_length = 256, seed = 1 }
    local highest, rows = 0, {}
    t:run { on_step = function(step)
        highest = math.max(highest, step.loss)
        if step.step == 1 or step.step % 4 == 0 then
            rows[#rows + 1] = { cells = { "step " .. step.step, ("loss %.3f"):format(step.loss),
                ("%.0f tok/s"):format(step.tokens_per_second) }, value = step.loss / 10 }
            print(bars.table({ rows[#rows] }, { width = 60 }))
        end
    end }
    local after = m:loglikelihood(context, rest).logprob
    print(("log-probability of %q after %q: %.1f before, %.1f after"):format(rest, context, before,
        after))
    print("it now goes on: " .. question .. m:generate(question, { max_tokens = 24 }).text)
    local history = t.history
    number("loss at the first and at the last step", ("%.3f -> %.3f"):format(history[1].loss,
        history[#history].loss))
    number("training tokens per second", ("%.0f"):format(history[#history].tokens_per_second))
    number("peak memory", ("%.0f MB"):format(history[#history].peak_bytes / 1e6))
end)

print "\n== Numbers"
for _, row in ipairs(numbers) do print(text.pad(row[1], 60) .. row[2]) end
for i, row in ipairs(sections) do
    print(text.pad(("seconds of section %d"):format(i), 60) .. ("%.1f"):format(row.seconds))
end
print(text.pad("seconds in all", 60) .. ("%.1f"):format(clock.now() - began))
