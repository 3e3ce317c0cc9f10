-- SPDX-License-Identifier: Apache-2.0
-- How long code takes and what it costs: one run (time), many until the figure is steady (bench).
-- At the prompt both names may be used as they are (`bench(f)`, `time f()`), elsewhere they are
-- require "moonlet.timing".bench. Nothing on the GPU is timed: no call of ours runs there yet, and
-- the line says so.

local class = require "moonlet.class"
local clock = require "moonlet.clock"
local session = require "moonlet.session"
local text = require "moonlet.text"
local units = require "moonlet.units"

local timing = {}

local cpu_now = os.clock
do
    local ok, ffi = pcall(require, "ffi")
    if ok and ffi.os == "Linux" then -- os.clock counts in microseconds, this in nanoseconds
        local now = ffi.new("moonlet_timespec")
        cpu_now = function()
            ffi.C.clock_gettime(2, now)
            return tonumber(now.tv_sec) + tonumber(now.tv_nsec) * 1e-9
        end
    end
end

local function status(field)
    local file = io.open("/proc/self/status")
    if not file then return nil end
    local kb = file:read("*a"):match(field .. ":%s*(%d+) kB")
    file:close()
    return kb and tonumber(kb) * 1024
end

--- Bytes in memory now; from here on timing.peak() counts anew. nil where the system cannot tell.
function timing.start_peak()
    local file = io.open("/proc/self/clear_refs", "w")
    if not file then return nil end
    local started = file:write("5")
    return file:close() and started and status("VmRSS") or nil
end

--- Bytes by which memory stood above `before` at most since start_peak().
function timing.peak(before)
    local highest = before and status("VmHWM")
    return highest and math.max(0, highest - before)
end

--- 0.00123 -> "1.23 ms": four digits or fewer that count.
function timing.seconds(s)
    for _, unit in ipairs { { 1, "s" }, { 1e-3, "ms" }, { 1e-6, "µs" } } do
        if s >= 0.9995 * unit[1] then
            local n = s / unit[1]
            return ((n >= 100 and "%.0f" or n >= 10 and "%.1f" or "%.2f") .. " %s"):format(n,
                unit[2])
        end
    end
    return ("%.1f ns"):format(s * 1e9)
end

-- Parts in a row, as many as fit on a line of the screen.
local function row(parts)
    local lines, line = {}, nil
    for _, part in ipairs(parts) do
        local longer = line and line .. "   " .. part or part
        if line and text.width(longer) > session.width then
            lines[#lines + 1] = line
            longer = part
        end
        line = longer
    end
    lines[#lines + 1] = line
    return table.concat(lines, "\n")
end

--- What `:time` says of a run.
function timing.line(wall, cpu, peak)
    local parts = { "wall " .. timing.seconds(wall), "cpu " .. timing.seconds(cpu) }
    if peak then parts[#parts + 1] = "memory +" .. units.bytes(peak) end
    parts[#parts + 1] = "gpu none"
    return row(parts)
end

local function finish(before, wall, cpu, ...)
    wall, cpu = clock.now() - wall, cpu_now() - cpu
    print(timing.line(wall, cpu, timing.peak(before)))
    return ...
end

--- Runs f(…), prints wall and processor time and the peak of memory, gives what f gave.
function timing.time(f, ...)
    if type(f) ~= "function" then
        error("time: wants a function, got a " .. type(f) .. "; `:time code` times any code", 2)
    end
    local before = timing.start_peak()
    return finish(before, clock.now(), cpu_now(), f(...))
end

-- ---- stats

local seen, memory = 0, nil

--- What `:stats on` shows behind an entry: speed and memory of the model calls in it, nil without
--- any. Called once before the first entry, then behind each.
function timing.stats()
    local generation = package.loaded["moonlet.generation"]
    local count = generation and generation.count or 0
    local calls, before = count - seen, memory
    local peak = timing.peak(before)
    seen, memory = count, timing.start_peak()
    if calls <= 0 or not before then return nil end
    local timings, usage = generation.newest.timings, generation.newest.usage
    local parts = { calls == 1 and "1 model call" or calls .. " model calls" }
    local function rate(tokens, seconds, what)
        if (seconds or 0) > 0 and (tokens or 0) > 0 then
            parts[#parts + 1] = ("%s %.1f tok/s"):format(what, tokens / seconds)
        end
    end
    rate(timings.prompt_tokens, timings.prompt_seconds, "prompt")
    rate(usage.completion_tokens, timings.completion_seconds, "answer")
    parts[#parts + 1] = ("%d tokens"):format(usage.total_tokens)
    if peak then
        parts[#parts + 1] = ("peak memory %s, +%s"):format(units.bytes(before + peak),
            units.bytes(peak))
    end
    return row(parts)
end

-- ---- bench

local meta = class("Bench")

function meta.__tostring(self)
    local spread = self.mean > 0 and 100 * self.spread / self.mean or 0
    local parts = {
        ("mean %s"):format(timing.seconds(self.mean)),
        ("spread ±%s (%.1f %%)"):format(timing.seconds(self.spread), spread),
        "median " .. timing.seconds(self.median), "min " .. timing.seconds(self.min),
        "n " .. self.n,
    }
    if self.bytes >= 1 then parts[#parts + 1] = "Lua memory " .. units.bytes(self.bytes) end
    return row(parts)
end

-- Seconds of `count` calls. What they give is kept, so that no call is left out as useless.
local sink
local function seconds_of(f, count)
    local begin = clock.now()
    for _ = 1, count do sink = f() end
    return clock.now() - begin
end

local function summary(samples, count, bytes)
    table.sort(samples)
    local n, sum, squares = #samples, 0, 0
    for _, s in ipairs(samples) do sum = sum + s end
    local mean = sum / n
    for _, s in ipairs(samples) do squares = squares + (s - mean) ^ 2 end
    local middle = (n + 1) / 2
    return {
        mean = mean, spread = n > 1 and math.sqrt(squares / (n - 1)) or 0,
        median = (samples[math.floor(middle)] + samples[math.ceil(middle)]) / 2,
        min = samples[1], max = samples[n], n = n * count, samples = samples, bytes = bytes,
    }
end

--- Calls f until the mean of it is known to 1 %, after a warm-up; a value with mean, spread (the
--- standard deviation), median, min, max in seconds, n calls, Lua bytes a call. opts.seconds: about
--- so long at most (default 2), though never fewer than three calls.
function timing.bench(f, opts)
    if type(f) ~= "function" then
        error("bench: wants a function, got a " .. type(f) ..
            "; `:bench code` measures any code, bench(function() return code end) too", 2)
    end
    local limit = opts and opts.seconds or 2
    local begin = clock.now()
    local count, warm = 1, seconds_of(f, 1)
    while warm < 1e-3 and count < 1e9 do -- so many calls a sample that the clock's tick is nothing
        count = count * (warm < 1e-4 and 10 or 2)
        warm = seconds_of(f, count)
    end
    local samples, sum, squares = {}, 0, 0
    collectgarbage()
    local memory, grown, measured = collectgarbage("count"), 0, 0
    repeat
        local s = seconds_of(f, count) / count
        local now = collectgarbage("count")
        if now > memory then grown, measured = grown + (now - memory), measured + count end
        memory = now
        samples[#samples + 1] = s
        sum, squares = sum + s, squares + s * s
        local n = #samples
        local mean = sum / n
        local variance = math.max(0, squares / n - mean * mean)
        local steady = n >= 20 and math.sqrt(variance / n) < 0.01 * mean
    until n >= 3 and (clock.now() - begin > limit or steady and clock.now() - begin > 0.1 * limit)
    sink = nil
    local bytes = measured > 0 and grown * 1024 / measured or 0
    return setmetatable(summary(samples, count, bytes), meta)
end

--- What `:bench code` does with the function of its code.
function timing.show_bench(f) print(tostring(timing.bench(f))) end

return timing
