-- SPDX-License-Identifier: Apache-2.0
-- m:generate_batch for models of the engine: prompts that are lists of messages are rendered by the
-- chat template first, results become Generations. It computes nothing.

local ask = require "moonlet.ask"
local class = require "moonlet.class"
local generation = require "moonlet.generation"

local _, Model = class("Model")
local native_batch = Model.generate_batch

function Model:generate_batch(prompts, opts)
    local given, texts = {}, {}
    for i, prompt in ipairs(prompts) do
        given[i] = prompt
        if type(prompt) == "table" and type(prompt[1]) == "table" then
            given[i], texts[i] = ask.ids(self, prompt)
        end
    end
    local results = native_batch(self, given, opts)
    for i, result in ipairs(results) do
        result.prompt.text = texts[i] or result.prompt.text
        result.prompt.tokenizer = self.tokenizer
        generation.new(result)
    end
    return results
end
