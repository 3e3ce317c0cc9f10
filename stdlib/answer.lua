-- SPDX-License-Identifier: Apache-2.0
-- One answer of any model to a text or to messages, for what asks many models many things (compare,
-- evals). A text goes through the chat template where the model has one, as a user's message;
-- chat = false gives it as it is, to be continued. It keeps no state.

local ask = require "moonlet.ask"
local session = require "moonlet.session"

local answer = {}

--- Whether `value` can be asked: an object with a generate method.
function answer.is_model(value)
    local kind = type(value)
    if kind ~= "table" and kind ~= "userdata" then return false end
    local ok, method = pcall(function() return value.generate end)
    return ok and type(method) == "function"
end

--- A model, loaded when its name is given.
function answer.model(value, where)
    if type(value) == "string" then return require("moonlet").models.load(value) end
    if answer.is_model(value) then return value end
    error(("%s: given a %s; wanted a model, or a name that models.load knows")
        :format(where, type(value)), 3)
end

--- What a model is called.
function answer.name(model)
    local ok, name = pcall(function() return model.name end)
    return ok and type(name) == "string" and name or "a model"
end

local PROBE = { { role = "user", content = "?" } }

local function talks(model)
    if type(model) == "table" and model.takes_messages then return true end
    return (pcall(function() return model:render(PROBE, { add_generation_prompt = true }) end))
end

--- The Generation. opts: generate options; chat (boolean, default: whether the model can).
function answer.ask(model, prompt, opts)
    local given = {}
    for k, v in pairs(opts or {}) do given[k] = v end
    local chat = given.chat
    given.chat = nil
    if given.stream == nil then given.stream = false end
    if type(prompt) == "table" and type(prompt[1]) ~= "number" then
        return ask(model, prompt, given)
    end
    if chat == nil then chat = type(prompt) == "string" and talks(model) end
    if chat then return ask(model, { { role = "user", content = prompt } }, given) end
    return model:generate(prompt, given)
end

--- A line about how far a long piece of work is, overwritten by the next; "" takes it away. Only
--- where someone is watching.
function answer.progress(line)
    if not (session.interactive and session.color) then return end
    io.stderr:write("\r\27[K", line)
    io.stderr:flush()
end

return answer
