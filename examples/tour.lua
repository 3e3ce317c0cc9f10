-- SPDX-License-Identifier: Apache-2.0
-- A tour of moonlet on real input, in under three minutes on two cores:
--     scripts/run examples/tour.lua
-- What stands behind "> " is run as it is shown, and what comes back is printed as the prompt
-- prints it; at the prompt the same lines work (with root = the folder of moonlet's source).

local here = arg and arg[0] and arg[0]:match "^(.*)/[^/]*$" or "examples"
local root = here:match "^(.*)/[^/]*$" or (here == "." and ".." or ".")
local clock = require "moonlet.clock"
local replay = require "moonlet.replay"
local text = require "moonlet.text"
local began, sections, numbers = clock.now(), {}, {}
local session = setmetatable({ root = root }, { __index = _G }) -- what is typed lives here
io.stdout:setvbuf "line"
math.randomseed(1)

-- One entry as at the prompt: an expression's values are shown, a statement is run.
local function enter(lines)
    local code = table.concat(lines, "\n")
    print("> " .. code:gsub("\n", "\n.. "))
    local quiet = code:match ";%s*$"
    local run = load("return " .. code:gsub(";%s*$", ""), "=tour", "t", session)
    if run then
        local results = { n = 0 }
        local function keep(...) results = { n = select("#", ...), ... } end
        keep(run())
        if not quiet and results.n > 0 and results[1] ~= nil then
            replay.show(unpack(results, 1, results.n))
        end
    else
        assert(load(code, "=tour", "t", session))()
    end
end

-- A heading, and entries line by line; a line that begins with a blank goes on the entry before.
local function section(title, code)
    print(("\n== %d. %s"):format(#sections + 1, title))
    local start, entry = clock.now(), {}
    for line in (code .. "\n"):gmatch "([^\n]*)\n" do
        if not line:match "^%s" and #entry > 0 then
            enter(entry)
            entry = {}
        end
        if line:match "%S" then entry[#entry + 1] = line end
    end
    if #entry > 0 then enter(entry) end
    sections[#sections + 1] = { title = title, seconds = clock.now() - start }
end

local function number(name, format, ...) numbers[#numbers + 1] = { name, format:format(...) } end
local s = session

section("A language model, and a chat with it", [[
m = models.load "demo"
m
m:generate("Once upon a time", {max_tokens=50, temperature=0.8, seed=7})
m:next("Once upon a time there lived a", {top=5})
c = m:chat{max_tokens=40}
c "What is the capital of Korea?"
c "한국의 수도는 어디예요?"
c:render()]])
number("messages in the chat", "%d", #s.c.messages)

section("A retriever over the manual, and an answer that cites", [[
docs = datasets.load(root .. "/examples/data/manual/*.md", {by="file"})
english = docs:filter(function(page) return not page.source:find "%-ko" end)
english
r = retrievers.new{english, split={by="sentence", size=250, overlap=0}, embed="minilm",
 kind="hybrid"}
hits = r("How do I stop what is running?", {k=3})
hits
rag = m:rag(r, {k=1})
answer = rag "What does Ctrl-D on an empty line do?"
answer
rag "How many moons does Jupiter have?"
wrong = rag "What is a scripted model?"
wrong]])
local function verified(answer)
    local right = 0
    for _, citation in ipairs(answer.citations) do
        right = right + (citation.status == "verified" and 1 or 0)
    end
    return ("%d of %d"):format(right, #answer.citations)
end
number("quotes of the two answers that stand in the manual word for word", "%s and %s",
    verified(s.answer), verified(s.wrong))

section("Two tools, and an agent that calls both (the demo model itself decides to)", [[
weather = tools.new{name="get_weather", description="Current weather of a city",
 parameters={city={type="string", description="city name"}},
 run=function(a) return {city=a.city, celsius=({Seoul=21, Busan=24, Oslo=9})[a.city] or 15} end}
a = agents.new{model=m, tools={weather, tools.calculator}, max_steps=4, options={max_tokens=200},
 stream=true}
result = a "What is 12*7 and what is the weather in Oslo?"
result
b = agents.new{model=m, tools={weather, tools.calculator}, max_steps=4, options={max_tokens=200},
 stream=true}
other = b "What is the temperature in Seoul times 3?"
other]])
number("tool calls that the demo model made, and their results", "%d", #s.result.calls
    + #s.other.calls)

section("Data, reviewed before it is learned", [[
islands = datasets.load(root .. "/examples/data/islands.jsonl")
test = datasets.load(root .. "/examples/data/islands_test.jsonl")
islands
review = islands:review{against=test}
review
train = islands:filter(function(row) return #row.answer > 0 end)]])
number("rows that the review made us drop", "%d", #s.islands - #s.train)

-- How many of the islands' capitals a model answers exactly, the last test row (a leak) aside.
function s.known(model)
    local right = 0
    for i = 1, 24 do
        local row = s.test[i]
        local said = model:chat { max_tokens = 24, stream = false } (row.question)
        if said.text == row.answer then right = right + 1 end
    end
    return right
end

section("A full fine-tune and LoRA: estimated, paused, resumed, plotted", [[
full = models.load("demo", {dtype="f32"})
t = trainers.sft{model=full, data=train, lr=1e-3, epochs=6, batch_size=16, max_length=128, seed=1}
t:estimate()
t:run{on_step=function(step) return step.step < 6 end}
t
t:run()
t:plot()
base = models.load("demo", {dtype="f32"})
u = trainers.sft{model=base, data=train, tune="lora", rank=16, alpha=32, lr=8e-3, epochs=8,
 batch_size=16, max_length=128, seed=1}
u:estimate()
u:run{on_step=function(step) return step.step < 20 end}
u:run()
u:plot()
u:evaluate(test)
tuned = u.model
tuned
known(m), known(full), known(tuned)]])
number("islands' capitals known: before, full fine-tune, LoRA", "%d, %d, %d of 24", s.known(s.m),
    s.known(s.full), s.known(s.tuned))

section("The same question to three models", [[
remote = models.scripted{"The capital of Zorvia is not in my script.", "Seoul.", cycle=true,
 name="scripted remote"}
compare({m, tuned, remote}, {"What is the capital of Zorvia?", "What is the capital of Korea?"},
 {max_tokens=48})]])

section("The adapter: saved in PEFT's layout, taken off, put on again", [[
folder = os.tmpname() .. "-islands-lora"
tuned:save(folder)
fresh = models.load("demo", {dtype="f32"})
fresh:load_adapter(folder);
known(fresh)
fresh:use(false)
known(fresh)]])
number("islands' capitals known with the reloaded adapter off", "%d of 24", s.known(s.fresh))

-- A session of its own, typed into another moonlet, saved there, and run again from the file.
local folder = s.folder .. "-session"
os.execute("mkdir -p '" .. folder .. "'")
local typed, saved = folder .. "/typed", folder .. "/session.lua"
local file = assert(io.open(typed, "w"))
file:write('m = models.load "demo"\n', 'oops()\n', 'm:generate("A king", {max_tokens=12, '
    .. 'temperature=1})\n', ":save " .. saved .. "\n")
file:close()
s.moonlet = (root .. "/build/moonlet"):gsub("'", "'\\''")
s.typed, s.saved = typed, saved
section("A session is saved: what worked, its drawn seed pinned; then replayed and compared", [[
os.execute(("'%s' -i --norc < '%s'"):format(moonlet, typed));
print(io.open(saved):read "*a")
os.execute(("'%s' --replay '%s'"):format(moonlet, saved))]])
os.execute("rm -r '" .. folder .. "' '" .. s.folder .. "'")

print "\n== Numbers one can argue with"
for _, row in ipairs(numbers) do print(text.pad(row[1], 68) .. row[2]) end
for i, row in ipairs(sections) do
    print(text.pad(("seconds of section %d"):format(i), 68) .. ("%.1f"):format(row.seconds))
end
print(text.pad("seconds in all", 68) .. ("%.1f"):format(clock.now() - began))
