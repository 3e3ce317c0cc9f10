-- SPDX-License-Identifier: Apache-2.0
-- What a model's answer is: a plain table with a metatable, so that it can be indexed, copied and
-- saved, and whose text it is when printed or joined to a string. Made by generation.new from what
-- the native generator, a scripted model or (later) an endpoint returns; missing fields get empty
-- values, never nil. It also keeps the last prompt for the shell's `:prompt`. It calls no model.

local class = require "moonlet.class"

---@class Generation
---@field text string what was written, special tokens left out
---@field tokens integer[] generated ids, the end token included
---@field logprobs table[] {id=, logprob=} per token when asked for with logprobs=true, else empty
---@field thinking string the thought before the answer, "" without one
---@field calls table[] tool calls {id=, name=, arguments=}
---@field finish_reason string "stop", "length", "interrupt", "callback", "cut" or "tool_calls"
---@field usage table {prompt_tokens=, completion_tokens=, total_tokens=, cached_tokens=}; with a
--- draft also drafted_tokens= and accepted_tokens=, proposed and right, as in timings
---@field seed integer the seed it was drawn with; the same seed gives the same text
---@field timings table prompt_tokens reused_tokens prompt_seconds first_token_seconds
---  completion_tokens completion_seconds; reused: of the prompt, read before and used again
---@field prompt table {text=, ids=}: exactly what the model was given
---@field error? string why an answer was cut (finish_reason "cut")
---@field interrupted boolean Ctrl-C ended it; the text is what there was
local meta, Generation = class("Generation")

local generation = { count = 0 } -- answers so far; `newest` has the numbers of the last one
local last
local shown = setmetatable({}, { __mode = "k" }) -- answers that the terminal has already

local function clean(value)
    if type(value) ~= "table" then return value end
    local copy = {}
    for k, v in pairs(value) do copy[k] = clean(v) end
    return copy
end

--- A plain copy without the metatable, for json.encode or saving.
---@return table
--- Example: json.encode(m:generate("Hello", {max_tokens=8}):table())
function Generation:table()
    return clean(self)
end

--- One line about the run: tokens, speed, reason to end, seed.
---@return string
function Generation:summary()
    local timings, usage = self.timings, self.usage
    local parts = {}
    if usage.total_tokens > 0 then -- some servers do not count
        parts[1] = ("%d + %d tokens"):format(usage.prompt_tokens, usage.completion_tokens)
    end
    local seconds = timings.completion_seconds or 0
    if seconds > 0 and usage.completion_tokens > 1 then
        parts[#parts + 1] = ("%.1f tok/s"):format(usage.completion_tokens / seconds)
    end
    if timings.first_token_seconds then
        parts[#parts + 1] = ("first after %.0f ms"):format(1000 * timings.first_token_seconds)
    end
    if usage.drafted_tokens then
        parts[#parts + 1] = ("%d of %d drafted right"):format(usage.accepted_tokens,
            usage.drafted_tokens)
    end
    parts[#parts + 1] = self.finish_reason .. (self.error and ": " .. self.error or "")
    if self.sampled and self.seed then parts[#parts + 1] = ("seed %.0f"):format(self.seed) end
    return table.concat(parts, " · ")
end

meta.__prose = true -- its text is not cut to the screen
function meta.__tostring(self) return self.text end
-- What the prompt prints: the numbers alone when the text has just been streamed to it.
function meta.__display(self)
    if shown[self] then return "-- " .. self:summary() end
    return self.error and self.text .. "\n-- " .. self:summary() or self.text
end
function meta.__len(self) return #self.text end -- reached only with 5.2 compatibility
function meta.__concat(a, b) return tostring(a) .. tostring(b) end

--- Gives `t` every field and the metatable, and remembers its prompt.
function generation.new(t)
    t.text = t.text or ""
    t.tokens = t.tokens or {}
    t.logprobs = t.logprobs or {}
    t.thinking = t.thinking or ""
    t.calls = t.calls or {}
    t.finish_reason = t.finish_reason or (t.interrupted and "interrupt" or "stop")
    t.interrupted = t.interrupted or t.finish_reason == "interrupt"
    t.prompt = t.prompt or { text = "", ids = {} }
    t.timings = t.timings or {}
    local usage = t.usage or {}
    usage.prompt_tokens = usage.prompt_tokens or #(t.prompt.ids or {})
    usage.completion_tokens = usage.completion_tokens or #t.tokens
    usage.cached_tokens = usage.cached_tokens or 0
    usage.total_tokens = usage.prompt_tokens + usage.completion_tokens
    t.usage = usage
    t.timings.prompt_tokens = t.timings.prompt_tokens or usage.prompt_tokens
    t.timings.completion_tokens = t.timings.completion_tokens or usage.completion_tokens
    generation.remember { text = t.prompt.text, ids = t.prompt.ids, tokens = t.prompt.tokens,
        tokenizer = t.prompt.tokenizer }
    t.prompt = { text = t.prompt.text, ids = t.prompt.ids }
    generation.count, generation.newest = generation.count + 1, { usage = usage,
        timings = t.timings }
    return setmetatable(t, meta)
end

--- The text of this answer has been streamed to the terminal.
function generation.mark_shown(value)
    shown[value] = true
    return value
end

function generation.is(value) return getmetatable(value) == meta end

--- Keeps {text=, ids=, tokens=} (or `tokenizer` in place of the pieces) as the last prompt.
function generation.remember(prompt) last = prompt end

--- The last call's exact prompt {text=, ids=, tokens={piece…}}, or nil before the first call.
function generation.last_prompt()
    if not last then return nil end
    local pieces = last.tokens
    if not pieces then
        pieces = {}
        for i, id in ipairs(last.ids or {}) do
            pieces[i] = last.tokenizer and last.tokenizer:decode({ id }) or tostring(id)
        end
    end
    return { text = last.text, ids = last.ids, tokens = pieces }
end

return generation
