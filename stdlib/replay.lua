-- SPDX-License-Identifier: Apache-2.0
-- What a saved session is written with, so that it is plain Lua and gives the same results:
--     local replay = require "moonlet.replay"
--     local show = replay.show
--     replay.seeds(123)                    the seeds that calls draw from here on
--     show(m:generate("Once"))             prints as the prompt did
--     replay.weights("demo", "54ab…")      says aloud when the weights are others now
-- Under the moonlet program the shell runs such a file entry by entry and puts its own show and
-- silent here; elsewhere the plain ones below do. Also tells the shell what an entry drew and
-- opened. It knows no file format.

local session = require "moonlet.session"

local replay = {
    differences = {}, -- models that were not what they had been: lines of text
}

local function native()
    local base = package.loaded["moonlet_base"]
    return base and base.session
end

local function need_native() return require("moonlet_base").session end

--- Prints values as the prompt does.
function replay.show(...)
    local count, first = select("#", ...), ...
    local meta = count == 1 and getmetatable(first)
    local display = type(meta) == "table" and rawget(meta, "__display")
    if display then print(display(first)) else print(...) end
end

--- Values that the prompt did not show: `expr;`.
function replay.silent(...) return ... end

--- Fixes the seeds that calls draw where none is given.
function replay.seeds(start) need_native().fix_draws(start) end

--- Sets the columns that values are printed for.
function replay.columns(n) session.width = n end

--- Sets the state of math.random; nil when this LuaJIT keeps it elsewhere.
function replay.random(state) -- luacheck: ignore
    if replay.set_random then replay.set_random(state) end
end

--- Says aloud when the weights of a model that was opened as `name` no longer have this hash.
function replay.weights(name, hash)
    local base = need_native()
    local now = base.hash(base.path(name))
    if now == hash then return end
    local line = ("model %s is not the one of this session: its weights are sha256 %s…, were %s…")
        :format(name, now:sub(1, 12), hash:sub(1, 12))
    replay.differences[#replay.differences + 1] = line
    io.stderr:write("moonlet: ", line, "\n")
end

--- For the shell: where the draws since the last call began (nil: none), the models opened since.
function replay.take()
    local base = native()
    if not base then return nil, {} end
    return base.take_draws(), base.take_models()
end

--- For the shell: the hash of what stands at `path`, and whether it is what was opened then.
function replay.hash(path, stamp)
    local base = need_native()
    return base.hash(path), base.stamp(path) == stamp
end

return replay
