-- SPDX-License-Identifier: Apache-2.0
-- A model that answers what it was told to: the same methods as a loaded model, no network behind
-- them. Chats, agents, streaming and evaluation are tested on it, offline, the same every time.
-- Its tokens are the bytes of the text (ids 0 to 255). A fault is planted per call, so that broken
-- streams, errors and interrupts can be tried too: {call = the n-th call (without it every call),
-- after = pieces given out before, error = text, cut = true or interrupt = true}.

local class = require "moonlet.class"
local clock = require "moonlet.clock"
local generation = require "moonlet.generation"
local options = require "moonlet.options"
local stream = require "moonlet.stream"
local text = require "moonlet.text"

---@class ScriptedModel
---@field name string "scripted" unless given
---@field requests table[] what each call was given: {messages=, opts=}
local meta, Scripted = class("ScriptedModel")
local models = {}

---@class ScriptedOptions
---@field deltas? integer|integer[] bytes per streamed piece, or the sizes in turn (default 4)
---@field delay? number seconds before each piece (default 0)
---@field faults? table[] {call=n, after=pieces, error=text|cut=true|interrupt=true} (default none)
---@field cycle? boolean start over after the last reply in place of an error (default false)
---@field name? string what it is called (default "scripted")
local OPTIONS = options.rows {
    "deltas integer|table 4", "delay number 0", "faults table", "cycle boolean false",
    'name string "scripted"',
}
local FAULT = options.rows {
    "call integer", "after integer 0", "error string", "cut boolean false",
    "interrupt boolean false",
}
local GENERATE = options.rows {
    "max_tokens integer", "temperature number", "top_k integer", "top_p number", "min_p number",
    "repetition_penalty number", "stop string|table", "seed integer", "n integer",
    "logprobs boolean|integer", "on_text function", "stream boolean", "tools table",
    "do_sample boolean", "special boolean", "skip_special boolean", "ignore_eos boolean",
    "draft any", "draft_tokens integer", "ngram_max integer", "ngram_min integer",
    "overflow string", "sinks integer",
}

--- A model that gives prepared replies in turn: strings, tables like a Generation, or functions of
--- (messages, opts). A function as the last reply answers all further calls; else they are errors.
---@param replies ScriptedOptions replies with the options beside them; or just one function
---@return ScriptedModel
--- Example: m = models.scripted{"Hello!", "Goodbye.", deltas=1}; print(m:generate("Hi"))
function models.scripted(replies)
    if type(replies) == "function" then replies = { replies } end
    if type(replies) ~= "table" then
        error("models.scripted: given a " .. type(replies)
            .. "; wanted a table of replies or a function(messages, opts)", 2)
    end
    options.check(replies, OPTIONS, "models.scripted")
    local self = { replies = {}, requests = {}, given = 0, name = replies.name or "scripted",
        deltas = replies.deltas or 4, delay = replies.delay or 0, faults = replies.faults or {},
        cycle = replies.cycle or false, takes_messages = true }
    for i, reply in ipairs(replies) do
        local kind = type(reply)
        if kind ~= "string" and kind ~= "table" and kind ~= "function" then
            error(("models.scripted: reply %d is a %s; wanted a string, a table or a function")
                :format(i, kind), 2)
        end
        self.replies[i] = reply
    end
    if #self.replies == 0 then
        error('models.scripted: no replies; wanted at least one: models.scripted{"Hello!"}', 2)
    end
    for _, size in ipairs(type(self.deltas) == "table" and self.deltas or { self.deltas }) do
        if type(size) ~= "number" or size < 1 then
            error("models.scripted: option 'deltas' wants sizes of at least 1 byte", 2)
        end
    end
    for _, fault in ipairs(self.faults) do
        options.check(fault, FAULT, "models.scripted: faults")
        if not (fault.error or fault.cut or fault.interrupt) then
            error("models.scripted: a fault needs error=, cut=true or interrupt=true", 2)
        end
    end
    return setmetatable(self, meta)
end

local function as_messages(prompt)
    if type(prompt) == "string" then return { { role = "user", content = prompt } } end
    if type(prompt) ~= "table" then
        error("given a " .. type(prompt) .. "; wanted a text, token ids or an array of messages", 3)
    end
    if type(prompt[1]) ~= "number" then return prompt end
    local bytes = {}
    for i, id in ipairs(prompt) do bytes[i] = string.char(id % 256) end
    return { { role = "user", content = table.concat(bytes) } }
end

--- The text a chat would be sent as: <|im_start|>role, the content, <|im_end|>.
---@param messages table[] {role=, content=}
---@param opts? table add_generation_prompt (default false)
---@return string
function Scripted:render(messages, opts)
    local parts = {}
    for _, message in ipairs(messages) do
        parts[#parts + 1] = "<|im_start|>" .. message.role .. "\n"
            .. tostring(message.content or "") .. "<|im_end|>\n"
    end
    if opts and opts.add_generation_prompt then parts[#parts + 1] = "<|im_start|>assistant\n" end
    return table.concat(parts)
end

local function next_reply(self, messages, opts)
    local call, count = self.given + 1, #self.replies
    local index = self.cycle and (call - 1) % count + 1 or call
    local reply = self.replies[index]
    if not reply and type(self.replies[count]) == "function" then reply = self.replies[count] end
    if not reply then
        error(("scripted model: answer %d, but only %d replies were given; add replies, cycle=true "
            .. "or a function as the last one"):format(call, count), 3)
    end
    if type(reply) == "function" then reply = reply(messages, opts) end
    if type(reply) == "string" then return { text = reply } end
    if type(reply) == "table" then return reply end
    error(("scripted model: reply %d is a %s; wanted a string or a table")
        :format(call, type(reply)), 3)
end

-- What of the text is written: stop strings and max_tokens as a real model would honour them.
local function limited(written, opts)
    local reason
    for _, stop in ipairs(type(opts.stop) == "string" and { opts.stop } or opts.stop or {}) do
        local at = stop ~= "" and written:find(stop, 1, true)
        if at then written, reason = written:sub(1, at - 1), "stop" end
    end
    if opts.max_tokens and #written > opts.max_tokens then
        local kept = 0
        for char, first in text.chars(written) do
            if first + #char - 1 > opts.max_tokens then break end
            kept = first + #char - 1
        end
        written, reason = written:sub(1, kept), "length"
    end
    return written, reason
end

-- The pieces of `written` by self.deltas, never inside a character.
local function pieces_of(self, written)
    local sizes = type(self.deltas) == "table" and self.deltas or { self.deltas }
    local pieces, current = {}, {}
    local length = 0
    for char in text.chars(written) do
        current[#current + 1] = char
        length = length + #char
        if length >= sizes[math.min(#pieces + 1, #sizes)] then
            pieces[#pieces + 1] = table.concat(current)
            current, length = {}, 0
        end
    end
    if length > 0 then pieces[#pieces + 1] = table.concat(current) end
    return pieces
end

local function fault_of(self, after)
    for _, fault in ipairs(self.faults) do
        local here = not fault.call or fault.call == #self.requests
        if here and (fault.after or 0) == after then return fault end
    end
end

-- Gives out the pieces; returns the text that got out and why it ended early, if it did.
local function deliver(self, pieces, on_text)
    local fault, given
    for i = 0, #pieces do
        fault = fault_of(self, i)
        if fault then
            given = { unpack(pieces, 1, i) }
            break
        end
    end
    local play = require("moonlet_base").functions["_scripted.play"]
    local count, ended = play(given or pieces, self.delay, on_text)
    if fault and not ended then
        if fault.error then error(fault.error, 0) end
        ended = fault.interrupt and "interrupt" or "cut"
    end
    return table.concat(pieces, "", 1, count), ended
end

-- What `:prompt` shows the ids as.
local BYTES = { decode = function(_, ids) return string.char(unpack(ids)) end }

local function bytes_of(s)
    if #s <= 4000 then return { s:byte(1, -1) } end -- in one instruction, see kInterruptGrace
    local ids = {}
    for i = 1, #s do ids[i] = s:byte(i) end
    return ids
end

--- The next reply, streamed in pieces as the options say.
---@param prompt string|integer[]|table[] a text, token ids or messages
---@param opts? GenerateOptions max_tokens, stop, seed, on_text and stream are honoured
---@return Generation
--- Example: models.scripted{"one two"}:generate("count", {stop=" "}).text
function Scripted:generate(prompt, opts)
    opts = opts or {}
    options.check(opts, GENERATE, "generate")
    local messages = as_messages(prompt)
    self.requests[#self.requests + 1] = { messages = messages, opts = opts }
    local start = clock.now()
    local reply = next_reply(self, messages, opts)
    local wanted, reason = limited(tostring(reply.text or ""), opts)
    local on_text, finish = stream.sink(opts)
    local first
    local written, ended = deliver(self, pieces_of(self, wanted), function(piece)
        first = first or clock.now()
        if on_text then return on_text(piece) end
    end)
    local shown = finish()
    self.given = self.given + 1
    local calls = not ended and reply.calls or nil
    local sent = type(prompt) == "string" and prompt
        or self:render(messages, { add_generation_prompt = true })
    local result = generation.new {
        text = written, tokens = bytes_of(written), thinking = reply.thinking, calls = calls,
        finish_reason = ended or reason or reply.finish_reason
            or (calls and #calls > 0 and "tool_calls") or "stop",
        prompt = { text = sent, ids = bytes_of(sent), tokenizer = BYTES }, seed = opts.seed or 0,
        usage = reply.usage, logprobs = reply.logprobs,
        timings = { prompt_seconds = 0, first_token_seconds = first and first - start,
            completion_seconds = clock.now() - start },
    }
    return shown and generation.mark_shown(result) or result
end

--- Starts over with the first reply and forgets the requests.
function Scripted:reset() self.requests, self.given = {}, 0 end

--- Nothing to give back; there so that code for real models runs.
function Scripted:release() end

for _, name in ipairs { "loglikelihood", "logits", "embed", "next", "classify" } do
    Scripted[name] = function()
        error(("a scripted model has no %s: it knows replies, not probabilities; use a model from "
            .. "models.load"):format(name), 2)
    end
end

function meta.__tostring(self)
    return ("model %s   scripted · %d %s · %d calls so far"):format(self.name, #self.replies,
        #self.replies == 1 and "reply" or "replies", #self.requests)
end

require("moonlet.chat").add_to(Scripted)

return models
