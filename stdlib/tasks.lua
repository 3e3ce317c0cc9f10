-- SPDX-License-Identifier: Apache-2.0
-- Several Lua functions at a time, without threads: each is a coroutine that waits for jobs (a
-- process, an HTTP transfer) by tasks.await(job), and while one waits the others go on. Lua code
-- itself runs in turn. A task's error is its outcome and nobody else's; so is its time: a task past
-- its timeout is stopped, its jobs cancelled, even while it runs Lua that never ends. Ctrl-C ends
-- all of them. It knows nothing of what they do.
--     outcomes = tasks.run{ {run = f, arguments = {…}, timeout = 5}, {run = g} }
-- Each outcome is {ok=true, value=} or {ok=false, error=, timed_out=, interrupted=}, with seconds=.

local clock = require "moonlet.clock"

local tasks = {}

local task_of = setmetatable({}, { __mode = "k" }) -- coroutine -> its task
local EVERY = 10000 -- instructions between two looks at the clock

-- ---- Lua that runs too long. The one count hook of the state looks at the clock; past the
-- deadline it raises the error at every instruction, so that no pcall of the task outlives it.

local limit -- {thread=, deadline=, error=} of the task that runs, the inner one when they nest

local function on_count()
    local status = limit and coroutine.status(limit.thread)
    if status ~= "running" and status ~= "normal" then -- left behind by a Ctrl-C
        limit = nil
        debug.sethook()
    elseif clock.now() >= limit.deadline then
        debug.sethook(on_count, "", 1)
        error(limit.error, 0)
    end
end

local function resume_limited(task, ...)
    local hook, mask, count = debug.gethook()
    if task.deadline == math.huge or type(hook) == "string" then -- a C hook: Ctrl-C's own
        return coroutine.resume(task.thread, ...)
    end
    local outer = limit
    limit = { thread = task.thread, deadline = task.deadline, error = task.overdue }
    if outer and outer.deadline < limit.deadline then
        limit.deadline, limit.error = outer.deadline, outer.error
    end
    debug.sethook(on_count, "", EVERY)
    local function after(...)
        limit = outer
        if outer then debug.sethook(on_count, "", EVERY)
        elseif hook then debug.sethook(hook, mask, count)
        else debug.sethook() end
        return ...
    end
    return after(coroutine.resume(task.thread, ...))
end

-- ---- The loop

local function finish(task, outcome)
    outcome.seconds = clock.now() - task.began
    task.outcome, task.waiting = outcome, nil
    task_of[task.thread] = nil
    if task.on_done then task.on_done(outcome) end
end

local function cancel_all(task)
    for _, job in ipairs(task.waiting and task.waiting.jobs or {}) do job:cancel() end
end

local function advance(task, ...)
    local ok, value = resume_limited(task, ...)
    if coroutine.status(task.thread) == "suspended" then
        task.waiting = value
    elseif ok then
        finish(task, { ok = true, value = value })
    else
        finish(task, { ok = false, error = value, timed_out = rawequal(value, task.overdue) })
    end
end

-- What may wake a waiting task has happened.
local function ready(task, now)
    if task.waiting.wake and now >= task.waiting.wake then return true end
    for _, job in ipairs(task.waiting.jobs) do
        if job:done() then return true end
    end
    return false
end

local function start(entry)
    local task = { run = entry.run, on_done = entry.on_done, began = clock.now() }
    local seconds = entry.timeout or math.huge
    task.deadline = task.began + seconds
    task.overdue = setmetatable({}, { __tostring = function()
        return ("no answer within %g s; stopped"):format(seconds)
    end })
    task.thread = coroutine.create(entry.run)
    task_of[task.thread] = task
    advance(task, unpack(entry.arguments or {}))
    return task
end

local function wait_for(waiting)
    local thread = coroutine.running()
    if task_of[thread] and coroutine.isyieldable() then return coroutine.yield(waiting) end
    local seconds = waiting.wake and math.max(0, waiting.wake - clock.now()) or nil
    if #waiting.jobs == 0 then return clock.sleep(seconds) end
    return require("moonlet.jobs").wait(waiting.jobs, seconds)
end

--- Runs all entries {run=, arguments=, timeout=, on_done=} and returns their outcomes in order.
function tasks.run(entries)
    local all, open = {}, {}
    for i, entry in ipairs(entries) do all[i] = start(entry) end
    while true do
        open = {}
        local jobs, wake, now = {}, math.huge, clock.now()
        local moved = false
        for _, task in ipairs(all) do
            if not task.outcome and now >= task.deadline then
                cancel_all(task)
                finish(task, { ok = false, error = task.overdue, timed_out = true })
            elseif not task.outcome and ready(task, now) then
                advance(task)
                moved = true
            end
            if not task.outcome then
                open[#open + 1] = task
                for _, job in ipairs(task.waiting.jobs) do jobs[#jobs + 1] = job end
                wake = math.min(wake, task.waiting.wake or math.huge, task.deadline)
            end
        end
        if #open == 0 then break end
        if not moved and wait_for { jobs = jobs, wake = wake < math.huge and wake or nil }
            == "interrupt" then
            for _, task in ipairs(open) do
                cancel_all(task)
                finish(task, { ok = false, error = "interrupted", interrupted = true })
            end
            break
        end
    end
    local outcomes = {}
    for i, task in ipairs(all) do outcomes[i] = task.outcome end
    return outcomes
end

--- Waits until a job is done: in a task the others go on meanwhile.
function tasks.await(job)
    while not job:done() do
        if wait_for { jobs = { job } } == "interrupt" then
            job:cancel()
            break
        end
    end
    return job:result()
end

--- Whether the caller runs in a task, where waiting lets others go on.
function tasks.running()
    return task_of[coroutine.running() or false] ~= nil and coroutine.isyieldable()
end

--- Waits some seconds: in a task the others go on meanwhile.
function tasks.sleep(seconds)
    wait_for { jobs = {}, wake = clock.now() + seconds }
end

return tasks
