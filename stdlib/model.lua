-- SPDX-License-Identifier: Apache-2.0
-- What Lua adds to the native class Model once the engine is loaded: answers become Generations and
-- stream to the prompt, next-token rows print as bars, and m:chat (chat.lua). It computes nothing.

local adapters = require "moonlet.adapters"
local ask = require "moonlet.ask"
local class = require "moonlet.class"
local generation = require "moonlet.generation"
local next_tokens = require "moonlet.next"
local stream = require "moonlet.stream"
require "moonlet.attention"
require "moonlet.batch"
require "moonlet.cache"
require "moonlet.card"
require "moonlet.chat"
require "moonlet.exported"
require "moonlet.verification"
require "moonlet.layers"
require "moonlet.memory"
require "moonlet.quant_report"
require "moonlet.rerank"
require "moonlet.router"

local _, Model = class("Model")
local native_generate, native_next = Model.generate, Model.next
local native_adapters = Model.adapters

-- A list of messages is rendered by the chat template and answered like a chat's.
function Model:generate(prompt, opts)
    if type(prompt) == "table" and type(prompt[1]) == "table" then
        return ask(self, prompt, opts or {})
    end
    local given = {}
    for k, v in pairs(opts or {}) do given[k] = v end
    local thinking = type(prompt) == "string" and prompt:find("<think>%s*$") ~= nil
    local on_text, finish = stream.sink(given, thinking)
    given.on_text, given.stream = on_text, nil
    local result = native_generate(self, prompt, given)
    local shown = finish()
    result.prompt.tokenizer = self.tokenizer
    generation.new(result)
    return shown and generation.mark_shown(result) or result
end

function Model:next(prompt, opts)
    return next_tokens.new(native_next(self, prompt, opts))
end

function Model:adapters()
    return adapters.new(native_adapters(self))
end

return Model
