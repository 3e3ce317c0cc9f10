-- SPDX-License-Identifier: Apache-2.0
-- Agents: a model, its tools and the loop between them. a "question" asks the model, runs the calls
-- it makes, tells it the results and asks again, until it answers without a call or a budget is
-- spent. The whole transcript is a.messages; it goes on over questions. In it every call has its
-- result message at any moment: it stands there from the start ("not finished") and is filled in,
-- so that nothing that breaks in between, Ctrl-C too, leaves a transcript that no model accepts.
-- The loop adds no text of its own to what is sent but these results.

local ask = require "moonlet.ask"
local class = require "moonlet.class"
local clock = require "moonlet.clock"
local options = require "moonlet.options"
local session = require "moonlet.session"
local tasks = require "moonlet.tasks"
local tools = require "moonlet.tools"

---@class Agent
---@field model Model
---@field tools Tool[]
---@field messages table[] the whole transcript, as a chat's
local meta, Agent = class("Agent")

---@class AgentResult
---@field text string the answer; after a budget or Ctrl-C what there was
---@field steps integer answers of the model
---@field calls table[] {id=, name=, arguments=, content=, value=, status=, error=, seconds=}
---@field messages table[] what this question added to the transcript, the question first
---@field usage table tokens of all steps, summed
---@field timings table {seconds=, model_seconds=, tool_seconds=}
---@field finish_reason string "stop", "length", the budget's name, "interrupt" or "error"
---@field error string|nil what the model failed with
local result_meta = class("AgentResult")
local agents = {}

---@class AgentOptions
---@field model Model any model (native, scripted, remote), or a name for models.load
---@field tools? table list of tools; tools.calculator may stand there uncalled (default none)
---@field system? string the system message (default none)
---@field messages? table[] a transcript to go on with (default none)
---@field max_steps? integer answers of the model per question (default 10)
---@field max_calls? integer tool calls per question (default unlimited)
---@field max_seconds? number per question, tools included (default unlimited)
---@field max_repeats? integer how often the same call with the same arguments may run (default 3)
---@field parallel? boolean calls of one step run at the same time (default true)
---@field approve? function approve(call): true, false or the reason to refuse (default all run)
---@field stream? boolean print answers, calls and results (default true at the prompt)
---@field on_text? function gets each piece of the answers' text (default none)
---@field on_call? function on_call(call), before a call runs (default none)
---@field on_result? function on_result(call), when its result is there (default none)
---@field options? table generate options of every answer, as {max_tokens=200} (default none)
---@field template? table chat template variables, as {enable_thinking=false} (default none)
---@field tool_format? string "hermes" or "llama3" (default by the chat template)
local OPTIONS = options.rows {
    "model any", "tools table", "system string", "messages table", "max_steps integer 10",
    "max_calls integer", "max_seconds number", "max_repeats integer 3", "parallel boolean true",
    "approve function", "stream boolean", "on_text function", "on_call function",
    "on_result function", "options table", "template table", "tool_format string",
}
local BUDGETS = { "max_steps", "max_calls", "max_seconds", "max_repeats" }
local UNFINISHED = "error: the call was not finished"

local function check_budgets(given, level)
    for _, name in ipairs(BUDGETS) do
        local value = given[name]
        if value ~= nil and not (type(value) == "number" and value >= 0) then
            error(("agents: %s is %s; wanted a number of at least 0"):format(name,
                tostring(value)), level + 1)
        end
    end
end

--- An agent: a model with tools. Call it with a question; it goes on until it has an answer.
---@param opts AgentOptions
---@return Agent
--- Example: agents.new{model=models.scripted{"Hello."}} "Hi"
function agents.new(opts)
    if type(opts) ~= "table" then
        error("agents.new: given a " .. type(opts) .. "; wanted {model=m, tools={…}}", 2)
    end
    options.check(opts, OPTIONS, "agents.new")
    local model = opts.model
    if type(model) == "string" then model = require("moonlet").models.load(model) end
    if type(model) ~= "table" and type(model) ~= "userdata" then
        error("agents.new: model is a " .. type(model) .. "; wanted a model, as of models.load", 2)
    end
    check_budgets(opts, 2)
    local self = { model = model, messages = {} }
    for _, name in ipairs(OPTIONS.names) do
        if self[name] == nil then self[name] = opts[name] end
    end
    self.tools, self.by_name = tools.list(opts.tools or {}, "agents.new")
    self.max_steps, self.max_repeats = opts.max_steps or 10, opts.max_repeats or 3
    self.parallel = opts.parallel ~= false
    for i, message in ipairs(opts.messages or {}) do
        self.messages[i] = message
    end
    if opts.system then
        table.insert(self.messages, 1, { role = "system", content = opts.system })
    end
    return setmetatable(self, meta)
end

-- ---- One question

-- What a run knows: the agent, the options of this question and the result that grows.
local function new_run(self, opts)
    local run = { agent = self, result = setmetatable({ text = "", steps = 0, calls = {},
        messages = {}, usage = { prompt_tokens = 0, completion_tokens = 0, total_tokens = 0,
        cached_tokens = 0 }, timings = { seconds = 0, model_seconds = 0, tool_seconds = 0 },
        finish_reason = "stop" }, result_meta), repeats = {}, began = clock.now() }
    for _, name in ipairs { "max_steps", "max_calls", "max_seconds", "max_repeats", "stream",
        "on_text", "on_call", "on_result", "approve", "parallel" } do
        run[name] = self[name]
        if opts[name] ~= nil then run[name] = opts[name] end
    end
    run.show = run.stream
    if run.show == nil then run.show = session.interactive and not run.on_text end
    return run
end

local function add(run, message)
    local all, own = run.agent.messages, run.result.messages
    all[#all + 1], own[#own + 1] = message, message
    return message
end

local function seconds_left(run)
    return run.max_seconds and run.began + run.max_seconds - clock.now() or math.huge
end

-- Text of one line for the terminal, cut to its width.
local function line(text)
    text = text:gsub("%s+", " ")
    if #text <= session.width then return text end
    local last = session.width
    while last > 0 and text:byte(last + 1) >= 0x80 and text:byte(last + 1) < 0xC0 do
        last = last - 1
    end
    return text:sub(1, last) .. "…"
end

local function tell(run, text)
    if run.show then session.write(line(text) .. "\n") end
end

local function generate(run)
    local self, given = run.agent, {}
    for k, v in pairs(self.options or {}) do given[k] = v end
    given.tools, given.template, given.tool_format = self.tools, self.template, self.tool_format
    given.stream = run.show
    if run.on_text or run.max_seconds then
        given.on_text = function(piece)
            if run.on_text and run.on_text(piece) == false then return false end
            if seconds_left(run) <= 0 then return false end
        end
    end
    local messages = {} -- a list of the moment: a model may keep it, the transcript goes on
    for i, message in ipairs(self.messages) do messages[i] = message end
    local began = clock.now()
    local ok, answer = pcall(ask, self.model, messages, given)
    local timings, usage = run.result.timings, run.result.usage
    timings.model_seconds = timings.model_seconds + clock.now() - began
    if not ok then return nil, answer end
    for name in pairs(usage) do usage[name] = usage[name] + (answer.usage[name] or 0) end
    return answer
end

-- The answer's calls as records, and as the message holds them.
local function record_calls(answer)
    local calls, listed = {}, {}
    for i, call in ipairs(answer.calls) do
        calls[i] = { id = call.id, name = call.name or "", arguments = call.arguments or {},
            raw = call.raw, problem = call.error }
        listed[i] = { id = call.id, name = calls[i].name, arguments = calls[i].arguments }
    end
    return calls, listed
end

local function settle(run, call, record)
    for key, value in pairs(record) do call[key] = value end
    call.message.content = call.content
    tell(run, ("<- %s %s"):format(call.name, call.content))
    if run.on_result then run.on_result(call) end
end

local function refused(run, call, status, why)
    settle(run, call, { status = status, error = why, content = "error: " .. why, seconds = 0 })
end

-- Whether the hooks let the call run: nil, or the reason why not.
local function approval(run, call, tool)
    for _, approve in ipairs { tool.approve or false, run.approve or false } do
        if type(approve) == "function" then
            local ok, answer = pcall(approve, call)
            if not ok then return "the approval failed: " .. tostring(answer) end
            if answer ~= true then
                return type(answer) == "string" and "refused: " .. answer or "refused by the user"
            end
        end
    end
end

local function key_of(call)
    local ok, text = pcall(require("moonlet").json.encode, call.arguments)
    return call.name .. " " .. (ok and text or tostring(call.arguments))
end

-- Lets the calls of one step run. Returns the name of the budget that is spent, if one is.
local function run_calls(run, calls)
    local self, spent, entries, owners = run.agent, nil, {}, {}
    for _, call in ipairs(calls) do
        local tool = self.by_name[call.name]
        local key = key_of(call)
        run.repeats[key] = (run.repeats[key] or 0) + 1
        tell(run, ("-> %s %s"):format(call.name, key:sub(#call.name + 2)))
        if run.max_calls and #run.result.calls >= run.max_calls then
            spent = spent or "max_calls"
            refused(run, call, "budget", ("not run: all %d calls are used up"):format(
                run.max_calls))
        elseif run.repeats[key] > run.max_repeats then
            spent = spent or "max_repeats"
            refused(run, call, "budget", ("not run: the same call was made %d times before")
                :format(run.max_repeats))
        elseif call.problem then
            refused(run, call, "error", "the call cannot be read: " .. call.problem)
        elseif not tool then
            local names = {}
            for i, known in ipairs(self.tools) do names[i] = known.name end
            local near = options.nearest(call.name, names)
            refused(run, call, "error", ("there is no tool '%s'; %s"):format(call.name,
                near and "did you mean " .. near .. "?" or #names > 0
                and "there are: " .. table.concat(names, ", ") or "there are none"))
        else
            local why = approval(run, call, tool)
            local context = { agent = self, call = call, messages = self.messages }
            local task, record, finished = tools.task(tool, call.arguments, context)
            if why then
                refused(run, call, "refused", why)
            elseif record then
                settle(run, call, record)
            else
                if run.on_call then run.on_call(call) end
                task.timeout = math.min(task.timeout, math.max(0, seconds_left(run)))
                task.on_done = function(outcome)
                    settle(run, call, finished(outcome))
                    if outcome.interrupted then spent = "interrupt" end
                end
                entries[#entries + 1] = task
                owners[#owners + 1] = call
            end
        end
        run.result.calls[#run.result.calls + 1] = call
    end
    local began = clock.now()
    if run.parallel then
        tasks.run(entries)
    else
        for i, task in ipairs(entries) do
            if spent == "interrupt" then
                refused(run, owners[i], "interrupt", "interrupted")
            else
                tasks.run { task }
            end
        end
    end
    local timings = run.result.timings
    timings.tool_seconds = timings.tool_seconds + clock.now() - began
    return spent
end

-- Asks and runs calls until there is an answer; returns the reason why it ended.
local function loop(run)
    local result = run.result
    while true do
        if result.steps >= run.max_steps then return "max_steps" end
        if seconds_left(run) <= 0 then return "max_seconds" end
        local answer, problem = generate(run)
        if not answer then
            result.error = tostring(problem)
            return "error"
        end
        result.steps = result.steps + 1
        local message = add(run, { role = "assistant", content = answer.text })
        if answer.thinking ~= "" then message.thinking = answer.thinking end
        if answer.interrupted then message.interrupted = true end
        if answer.text ~= "" then result.text = answer.text end
        local calls, listed = record_calls(answer)
        if #calls == 0 then
            if answer.interrupted then return "interrupt" end
            if seconds_left(run) <= 0 and answer.finish_reason == "callback" then
                return "max_seconds"
            end
            return answer.finish_reason
        end
        message.tool_calls = listed
        for _, call in ipairs(calls) do
            call.message = add(run, { role = "tool", tool_call_id = call.id, name = call.name,
                content = UNFINISHED })
        end
        local spent
        if answer.interrupted then spent = "interrupt"
        elseif result.steps >= run.max_steps then spent = "max_steps"
        elseif seconds_left(run) <= 0 then spent = "max_seconds" end
        if spent then
            for _, call in ipairs(calls) do
                refused(run, call, spent == "interrupt" and spent or "budget", spent == "interrupt"
                    and "interrupted" or "not run: " .. spent .. " is reached")
                result.calls[#result.calls + 1] = call
            end
        else
            spent = run_calls(run, calls)
        end
        if spent then return spent end
    end
end

function meta.__call(self, said, opts)
    local message
    if type(said) == "string" then
        message = { role = "user", content = said }
    elseif type(said) == "table" and type(said.role) == "string" then
        message = said
    else
        error('agent: given a ' .. type(said) .. '; wanted a text, as in a "Hello"', 2)
    end
    if opts ~= nil then
        if type(opts) ~= "table" then error("agent: options are a " .. type(opts), 2) end
        options.check(opts, OPTIONS, "agent")
        check_budgets(opts, 2)
    end
    local run = new_run(self, opts or {})
    add(run, message)
    local result = run.result
    result.finish_reason = loop(run)
    result.shown = run.show or nil
    result.timings.seconds = clock.now() - run.began
    for _, call in ipairs(result.calls) do call.message, call.problem = nil, nil end
    if result.finish_reason == "error" and result.steps == 0 then
        self.messages[#self.messages] = nil -- nothing came of the question: as before it
    end
    return result
end

--- Forgets the conversation but for the system message.
--- Example: agents.new{model=models.scripted{"Hello."}}:reset()
function Agent:reset()
    local first = self.messages[1]
    self.messages = first and first.role == "system" and { first } or {}
end

function meta.__tostring(self)
    local names = {}
    for i, tool in ipairs(self.tools) do names[i] = tool.name end
    return ("agent with %s · tools: %s · %d messages"):format(tostring(self.model.name),
        #names > 0 and table.concat(names, ", ") or "none", #self.messages)
end

-- ---- The result

local _, AgentResult = class("AgentResult")

--- One line about the run: steps, calls, tokens, seconds, reason to end.
---@return string
function AgentResult:summary()
    local function counted(n, unit) return ("%d %s%s"):format(n, unit, n == 1 and "" or "s") end
    return table.concat({ counted(self.steps, "step"), counted(#self.calls, "call"),
        ("%d + %d tokens"):format(self.usage.prompt_tokens, self.usage.completion_tokens),
        ("%.2f s"):format(self.timings.seconds), self.finish_reason }, " · ")
end

result_meta.__prose = true
function result_meta.__tostring(self)
    if self.error then return (self.text ~= "" and self.text .. "\n" or "") .. self.error end
    return self.text
end
-- What the prompt prints: the numbers alone when the text has been streamed to it.
function result_meta.__display(self)
    local text = self.shown and (self.error or "") or tostring(self)
    return (text ~= "" and text .. "\n" or "") .. "-- " .. self:summary()
end
function result_meta.__concat(a, b) return tostring(a) .. tostring(b) end

return agents
